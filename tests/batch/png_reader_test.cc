#include "batch/png_reader.h"

#include <zlib.h>

#include "base/file.h"
#include "testing.h"

namespace gloce {
namespace {

using ::testing::StartsWith;

std::string Golden(const std::string& name) {
  return ReadFile(GLOCE_TEST_DATA "/png/" + name);
}

std::string BigEndian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(value >> shift);
  }
  return bytes;
}

std::string Chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(body.data()),
                         static_cast<uInt>(body.size()));
  return BigEndian(static_cast<uint32_t>(data.size())) + body +
         BigEndian(static_cast<uint32_t>(crc));
}

const std::string kSignature = "\x89PNG\r\n\x1a\n";

std::string Header(const std::string& tail = std::string("\x08\x02\0\0\0", 5)) {
  return Chunk("IHDR", BigEndian(5) + BigEndian(3) + tail);
}

std::string Png(const std::string& extra) {
  return kSignature + Header() + extra + Chunk("IDAT", "x") + Chunk("IEND", "");
}

TEST(PngReaderTest, ReadsWhatPillowWrites) {
  for (const std::string suffix : {".png", "_zipped.png"}) {
    const PngInfo latin1 = ReadPng(Golden("latin1" + suffix), "p.png");
    EXPECT_EQ(latin1.width, 5);
    EXPECT_EQ(latin1.height, 3);
    EXPECT_EQ(latin1.bit_depth, 8);
    EXPECT_EQ(latin1.color_type, 2);
    ASSERT_EQ(latin1.text.size(), 2u);
    EXPECT_EQ(*latin1.Text("parameters"), "a cat, tr\u00E8s grand\nSteps: 50");
    EXPECT_EQ(*latin1.Text("Software"), "Pillow");
    EXPECT_EQ(latin1.Text("none"), nullptr);

    const PngInfo unicode = ReadPng(Golden("unicode" + suffix), "p.png");
    EXPECT_EQ(*unicode.Text("parameters"),
              "ein F\u00FCchslein \U0001F98A\nSteps: 50");
  }
}

TEST(PngReaderTest, EveryTruncationIsAnError) {
  const std::string png = Golden("unicode.png");
  for (size_t size = 0; size < png.size(); ++size) {
    EXPECT_FAILS(ReadPng(png.substr(0, size), "p.png"),
                 StartsWith("p.png: is truncated"));
  }
}

TEST(PngReaderTest, EveryFlippedBitIsAnError) {
  const std::string png = Golden("unicode.png");
  for (size_t bit = 0; bit < 8 * png.size(); ++bit) {
    std::string flipped = png;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_THROW(ReadPng(flipped, "p.png"), Error) << "bit " << bit;
  }
}

TEST(PngReaderTest, EachFaultHasItsMessage) {
  const auto fails = [](const std::string& bytes, const std::string& message) {
    EXPECT_FAILS(ReadPng(bytes, "p.png"), "p.png: " + message);
  };
  const std::string data = Chunk("IDAT", "x");
  const std::string end = Chunk("IEND", "");
  fails("GIF89a", "is not a PNG file");
  fails(kSignature + data, "begins with IDAT, not IHDR");
  fails(kSignature + Chunk("IHDR", "x"), "has an IHDR of wrong size");
  const std::string unknown = "has an IHDR with values that PNG does not know";
  fails(kSignature + Header(std::string("\x04\x02\0\0\0", 5)), unknown);
  fails(kSignature + Header(std::string("\x08\x05\0\0\0", 5)), unknown);
  fails(kSignature + Header(std::string("\x08\x02\0\0\2", 5)), unknown);
  fails(kSignature + Header() + end, "has no picture data (IDAT)");
  fails(Png("") + "xy", "has 2 bytes behind its end");
  fails(kSignature + Header() + data + Chunk("IEND", "x"),
        "has data in its IEND chunk");
  fails(Png(Header()), "has the unexpected chunk IHDR");
  fails(Png(Chunk("QQQQ", "")), "has the unexpected chunk QQQQ");
  fails(Png(Chunk("a\nbc", "")), "has a malformed chunk");
  fails(Png("\xFF\xFF\xFF\xFFtEXt"), "has a malformed chunk");
  std::string damaged = Png("");
  damaged[damaged.size() - 17] ^= 1;  // the last byte of IDAT's data
  fails(damaged, "is damaged: checksum of its IDAT chunk differs");
}

TEST(PngReaderTest, MalformedTextsAreErrors) {
  const auto fails = [](const std::string& type, const std::string& data,
                        const std::string& message) {
    EXPECT_FAILS(ReadPng(Png(Chunk(type, data)), "p.png"), "p.png: " + message);
  };
  using namespace std::string_literals;
  fails("tEXt", "keyword only", "has a malformed tEXt chunk");
  fails("tEXt", "\0value"s,
        "has a tEXt chunk whose keyword has 0 bytes, expected 1 to 79");
  fails("tEXt", std::string(80, 'k') + "\0value"s,
        "has a tEXt chunk whose keyword has 80 bytes, expected 1 to 79");
  fails("iTXt", "k\0"s, "has a malformed iTXt chunk");
  fails("iTXt", "k\0\2\0\0\0text"s, "has a malformed iTXt chunk");
  fails("iTXt", "k\0\0\0\0no end"s, "has a malformed iTXt chunk");
  fails("iTXt", "k\0\0\0\0\0\xFF"s,
        "has an iTXt chunk that is not valid UTF-8");
  fails("zTXt", "k\0"s, "has a malformed zTXt chunk");
  fails("zTXt", "k\0\1text"s, "has a malformed zTXt chunk");
  fails(
      "zTXt", "k\0\0text"s,
      "has a zTXt chunk whose text cannot be decompressed or is above 16 MiB");
}

TEST(PngReaderTest, RefusesTextsThatExplode) {
  const std::string zeros(size_t{1} << 25, ' ');
  std::string packed(compressBound(zeros.size()), '\0');
  uLongf size = packed.size();
  ASSERT_EQ(
      compress(reinterpret_cast<Bytef*>(packed.data()), &size,
               reinterpret_cast<const Bytef*>(zeros.data()), zeros.size()),
      Z_OK);
  packed.resize(size);
  EXPECT_FAILS(
      ReadPng(Png(Chunk("zTXt", std::string("k\0\0", 3) + packed)), "p.png"),
      testing::HasSubstr("above 16 MiB"));
}

TEST(PngReaderTest, MutatedFilesAreReadOrRefused) {
  const std::string png = Golden("unicode_zipped.png");
  std::mt19937 random(6);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    try {
      EXPECT_EQ(ReadPng(Mutated(png, random), "p.png").width, 5);
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), StartsWith("p.png: "));
      ++refused;
    }
  }
  EXPECT_GT(refused, 2500);
}

}  // namespace
}  // namespace gloce
