// The message of the Error that a piece of code throws.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "gloce/base/error.h"

namespace gloce {

// Runs `code`; fails the test if it throws nothing or if the message is not one
// line of at most 500 bytes. Exceptions of other types pass through.
template <typename Code>
std::string ErrorText(const Code& code) {
  try {
    code();
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    EXPECT_LE(text.size(), 500U) << text.substr(0, 600);
    return text;
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}

}  // namespace gloce
