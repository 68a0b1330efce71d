// What cells of the field's tables hold, whoever reads the table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gloce {

// `text` without the spaces around it.
std::string_view Trim(std::string_view text);

// The names in "cat; fox", without the spaces around them; none in "". `key`
// begins the message. Throws Error for an empty name among others.
std::vector<std::string> SplitNames(std::string_view text,
                                    std::string_view key);

// Throws Error, which begins with `key`, unless `file` is the path of a file
// that stays within its folder.
void CheckPathWithin(std::string_view file, std::string_view key);

// `text` as a field of a CSV (RFC 4180): quoted where it has to be.
std::string CsvField(const std::string& text);

// The shortest text that reads back as the same number; "" if it is not finite.
std::string CsvField(double value);

}  // namespace gloce
