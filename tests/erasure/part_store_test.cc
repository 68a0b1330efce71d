#include "erasure/part_store.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "gloce/base/error.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;

PartTensors Sample() {
  at::manual_seed(0);
  return {{"count", at::full({1}, 7, at::kLong)},
          {"sum", at::randn({3, 4}, at::kDouble)}};
}

TEST(PartStoreTest, KeepsBitsInAFolderAndInMemory) {
  const TemporaryFolder folder;
  for (const std::string& where : {folder / "parts", std::string()}) {
    PartStore store(where);
    const PartKey key("sums", "content");
    EXPECT_FALSE(store.Has(key));
    store.Write(key, Sample());
    ASSERT_TRUE(store.Has(key));
    EXPECT_FALSE(store.Has(PartKey("sums", "other content")));
    const Part part = store.Read(key);
    EXPECT_TRUE(at::equal(part.Tensor("sum"), Sample()["sum"]));
    EXPECT_EQ(part.Tensor("count").item<int64_t>(), 7);
    EXPECT_FALSE(part.Has("other"));
    store.Remove(key);
    EXPECT_FALSE(store.Has(key));
  }
}

TEST(PartStoreTest, IsFoundAgainAndCleared) {
  const TemporaryFolder folder;
  const PartKey key("sums", "content");
  PartStore(folder / "parts").Write(key, Sample());
  EXPECT_TRUE(PartStore(folder / "parts").Has(key));
  WriteFileAtomically(folder / "parts/notes.txt", "mine");
  PartStore(folder / "parts").Clear();
  EXPECT_TRUE(fs::exists(folder / "parts/notes.txt"));
  EXPECT_FALSE(PartStore(folder / "parts").Has(key));
  fs::remove(folder / "parts/notes.txt");
  PartStore(folder / "parts").Clear();
  EXPECT_FALSE(fs::exists(folder / "parts"));
}

TEST(PartStoreTest, AFolderWithoutPartsGoesAway) {
  const TemporaryFolder folder;
  { const PartStore store(folder / "parts"); }
  EXPECT_FALSE(fs::exists(folder / "parts"));
}

TEST(PartStoreTest, OneBuildAtATime) {
  const TemporaryFolder folder;
  const PartStore store(folder / "parts");
  EXPECT_THAT([&] { PartStore(folder / "parts"); },
              testing::ThrowsMessage<Error>(
                  testing::HasSubstr("another gloce process")));
}

// A part that was damaged, cut or put in another's place is not used.
TEST(PartStoreTest, DamageIsAnError) {
  const TemporaryFolder folder;
  const PartKey key("sums", "content");
  PartStore store(folder / "parts");
  store.Write(key, Sample());
  const std::string path = folder / ("parts/" + key.id() + ".part.safetensors");
  const std::string whole = ReadFile(path);
  const auto message = [&](const std::string& bytes) {
    WriteFileAtomically(path, bytes);
    try {
      store.Read(key);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(message(whole), "no error");
  std::string changed = whole;
  changed[changed.size() - 3] ^= 1;
  const auto names_it = testing::AllOf(testing::HasSubstr(path),
                                       testing::HasSubstr("delete this file"));
  EXPECT_THAT(message(changed), names_it);
  EXPECT_THAT(message(whole.substr(0, whole.size() - 8)), names_it);
  const PartKey other("sums", "other");
  store.Write(other, Sample());
  EXPECT_THAT(
      message(ReadFile(folder / ("parts/" + other.id() + ".part.safetensors"))),
      names_it);
}

}  // namespace
}  // namespace gloce
