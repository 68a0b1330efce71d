#include "batch/mismatches.h"

#include <filesystem>
#include <system_error>

#include "base/file.h"
#include "batch/parameters_text.h"
#include "batch/png_reader.h"
#include "gloce/base/error.h"
#include "gloce/erasure/gate_maps.h"

namespace gloce {
namespace {

constexpr size_t kMaxListed = 3;

// Why the file is not a picture that was made as `expected`; "" if it is.
std::string WhyWrong(const std::string& path, const RunRecord& expected) {
  try {
    const PngInfo png = ReadPng(ReadFile(path), path);
    const std::string* text = png.Text(kParametersKeyword);
    if (text && *text == ParametersText(expected) &&
        png.width == expected.width && png.height == expected.height) {
      return "";
    }
    return path + ": was made with other settings";
  } catch (const Error& error) {
    return error.what();
  }
}

std::string WhyMapsAreWrong(const std::string& picture,
                            const std::string& maps) {
  std::error_code unreadable;  // which reading it will report
  if (!std::filesystem::exists(maps, unreadable))
    return picture + ": has no gate maps, " + maps;
  try {
    ParseGateMaps(ReadFile(maps), maps);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

std::string Mismatches::Check(const std::string& path,
                              const RunRecord& expected, bool has_line,
                              const std::string& companion, size_t batch) {
  std::string reason = WhyWrong(path, expected);
  if (reason.empty() && !companion.empty())
    reason = WhyMapsAreWrong(path, companion);
  if (reason.empty()) {
    if (has_line) return "";
    reason = path + ": has no line in manifest.jsonl that fits it";
    if (batch_.value_or(batch) != batch) can_be_of_a_kill_ = false;
  } else {
    can_be_of_a_kill_ = false;
  }
  batch_ = batch;
  if (++count_ <= kMaxListed) first_.push_back(reason);
  return reason;
}

std::string Mismatches::Refusal(const std::string& out_folder) const {
  std::string text = out_folder + ": pictures that do not fit this job: " +
                     std::to_string(count_) +
                     "; nothing was changed; give another folder, or "
                     "--on-mismatch redo to make them again; the first:";
  for (const std::string& reason : first_) text += " " + reason + ";";
  if (count_ > first_.size()) {
    return text + " and " + std::to_string(count_ - first_.size()) + " more";
  }
  text.pop_back();
  return text;
}

}  // namespace gloce
