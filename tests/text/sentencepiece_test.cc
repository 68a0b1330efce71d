#include "text/sentencepiece.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "error_text.h"
#include "sentencepiece_models.h"

namespace gloce {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string Complaint(const std::string& bytes) {
  return ErrorText([&] { ReadSentencePieceModel(bytes, "m.model"); });
}

TEST(SentencePieceTest, ReadsPiecesAndNormalisation) {
  const std::string charsmap = CharsmapBytes({{'A', "a"}});
  const SentencePieceModel model = ReadSentencePieceModel(
      SentencePieceBytes(TinyXlmRobertaPieces(), charsmap), "m");
  ASSERT_EQ(model.pieces.size(), TinyXlmRobertaPieces().size());
  EXPECT_EQ(model.pieces[4].text, "\u2581a");
  EXPECT_EQ(model.pieces[4].score, -3.0);
  EXPECT_EQ(model.pieces[7].score, -4.5);
  EXPECT_EQ(model.unk, 0U);
  EXPECT_EQ(model.charsmap, charsmap);
  EXPECT_EQ(ReadSentencePieceModel(SentencePieceBytes(TinyT5Pieces()), "m").unk,
            2U);
}

TEST(SentencePieceTest, RefusesWhatIsNoModel) {
  EXPECT_EQ(Complaint(""), "m.model: is empty");
  for (const char* bytes : {"not a model", "{}",
                            "\x7f"
                            "ELF",
                            "\n\n\n"}) {
    EXPECT_THAT(Complaint(bytes), StartsWith("m.model: is no sentencepiece "
                                             "model"))
        << bytes;
  }
}

// Where a file is cut between two fields, what is left may be read, but lacks
// pieces: bundle.json's hash tells then.
TEST(SentencePieceTest, RefusesEveryCutThroughAField) {
  const std::string bytes = SentencePieceBytes(
      {{"<unk>", 0, PieceType::kUnknown}, {"a", -1}, {"b", -2}},
      CharsmapBytes({{'A', "a"}}));
  int refused = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    try {
      ReadSentencePieceModel(bytes.substr(0, size), "m");
    } catch (const Error& error) {
      ++refused;
      EXPECT_THAT(error.what(), StartsWith("m: "));
      EXPECT_THAT(error.what(), testing::Not(HasSubstr("\n")));
    }
  }
  EXPECT_GE(refused, static_cast<int>(bytes.size()) - 5);
}

TEST(SentencePieceTest, RefusesOtherKindsOfModel) {
  EXPECT_EQ(Complaint(SentencePieceBytes(TinyT5Pieces(), "", 2)),
            "m.model: model type: got BPE, expected unigram");
  EXPECT_THAT(Complaint(SentencePieceBytes(TinyT5Pieces(), "", 4)),
              HasSubstr("got character"));
  EXPECT_THAT(Complaint(SentencePieceBytes(TinyT5Pieces(), "", 9)),
              HasSubstr("got 9"));
}

TEST(SentencePieceTest, RefusesPiecesThatTheFamiliesDoNotHave) {
  for (const auto& [type, name] :
       {std::pair(PieceType::kUserDefined, "is defined by the user"),
        {PieceType::kUnused, "is unused"},
        {PieceType::kByte, "is a byte"}}) {
    std::vector<TestPiece> pieces = TinyT5Pieces();
    pieces[5] = {"<0x41>", -1, type};
    EXPECT_THAT(Complaint(SentencePieceBytes(pieces)),
                HasSubstr("piece 5 \"<0x41>\": " + std::string(name)));
  }
}

TEST(SentencePieceTest, RefusesBrokenPieces) {
  std::vector<TestPiece> pieces = TinyT5Pieces();
  pieces[2].type = PieceType::kNormal;
  EXPECT_EQ(Complaint(SentencePieceBytes(pieces)),
            "m.model: has no unknown piece");
  pieces[3].type = pieces[4].type = PieceType::kUnknown;
  EXPECT_THAT(Complaint(SentencePieceBytes(pieces)),
              HasSubstr("is unknown, as piece 3 is"));
  pieces = TinyT5Pieces();
  pieces[4].text = "a\xff";
  EXPECT_THAT(Complaint(SentencePieceBytes(pieces)),
              AllOf(StartsWith("m.model: piece 4 "), HasSubstr("not UTF-8")));
  EXPECT_THAT(Complaint(SentencePieceBytes({})),
              StartsWith("m.model: has no unknown piece"));
}

TEST(SentencePieceTest, RefusesABrokenNormalisationTable) {
  std::string charsmap = CharsmapBytes({{'A', "a"}});
  charsmap[4 + 3] = '\x7f';
  EXPECT_THAT(Complaint(SentencePieceBytes(TinyT5Pieces(), charsmap)),
              StartsWith("m.model: normalisation table: "));
}

}  // namespace
}  // namespace gloce
