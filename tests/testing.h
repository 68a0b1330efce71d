// What tests of file readers share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "gloce/base/error.h"
#include "temporary_folder.h"

namespace gloce {

// Expects `statement` to throw `type` with a message that matches.
#define EXPECT_FAILS_AS(type, statement, matcher)              \
  do {                                                         \
    try {                                                      \
      static_cast<void>(statement);                            \
      ADD_FAILURE() << #statement " threw nothing";            \
    } catch (const type& error) {                              \
      EXPECT_THAT(std::string(error.what()), matcher);         \
      EXPECT_THAT(std::string(error.what()),                   \
                  ::testing::Not(::testing::HasSubstr("\n"))); \
    }                                                          \
  } while (false)
#define EXPECT_FAILS(statement, matcher) \
  EXPECT_FAILS_AS(::gloce::Error, statement, matcher)

// A copy of `bytes` with one to three random edits: flipped bits, cuts,
// repeated pieces.
inline std::string Mutated(std::string bytes, std::mt19937& random) {
  const auto at = [&](size_t size) {
    return std::uniform_int_distribution<size_t>(0, size)(random);
  };
  for (size_t edits = 1 + at(2); edits > 0 && !bytes.empty(); --edits) {
    const size_t place = at(bytes.size() - 1);
    switch (at(3)) {
      case 0:
        bytes[place] = static_cast<char>(bytes[place] ^ (1 << at(7)));
        break;
      case 1:
        bytes.resize(place);
        break;
      case 2:
        bytes.erase(place, 1 + at(8));
        break;
      default:
        bytes.insert(at(bytes.size()), bytes.substr(place, 1 + at(8)));
    }
  }
  return bytes;
}

}  // namespace gloce
