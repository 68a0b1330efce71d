// Names of the pictures a job writes, from a template.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gloce {

// ESD's layout, the default for prompt tables.
inline constexpr char kCaseNumberTemplate[] = "{case_number}_{i}.png";
// GLoCE's and MACE's layout.
inline constexpr char kPromptTemplate[] = "{prompt-dashed}_{seed}_{i}.png";

// What the placeholders stand for.
struct NameFields {
  std::string_view case_number;
  std::string_view prompt;  // valid UTF-8
  int64_t i = 0;            // the image within its row, from 0
  int64_t seed = 0;
  size_t row = 0;  // the row within the job, from 0
};

// A file-name template such as "{case_number}/{seed}.png". Placeholders:
//   {case_number} {i} {row}
//   {seed}           the picture's own: the row's seed + i
//   {row_seed}       the row's, which the published programs name their
//                    pictures by where a row has several
//   {prompt}         the whole prompt
//   {prompt-dashed}  its first 100 characters, spaces replaced by dashes
class NameTemplate {
 public:
  // Throws UsageError if `text` has an unknown placeholder or a single brace,
  // does not end in .png, is absolute, or has an empty, "." or ".." component.
  explicit NameTemplate(const std::string& text);

  // The path below the output folder, with "/" between components that come
  // from the template alone: a "/" in a value, as well as "\" and control
  // characters, becomes "_", and so does a dot at the beginning of a component.
  // Anything else stays as the published programs have it.
  // A component that had to be changed so, or is longer than kMaxNameBytes,
  // ends in 8 digits of a hash of the original, so that different rows keep
  // different names.
  std::string Name(const NameFields& fields) const;

  // File systems allow 255 bytes; the temporary name that a file has while it
  // is written (base/file.h) adds up to 18.
  static constexpr size_t kMaxNameBytes = 255 - 18;

 private:
  enum class Placeholder {
    kNone,
    kCaseNumber,
    kI,
    kSeed,
    kRowSeed,
    kRow,
    kPrompt,
    kPromptDashed
  };
  struct Part {
    Placeholder placeholder = Placeholder::kNone;
    std::string literal;  // if there is no placeholder
  };
  using Component = std::vector<Part>;

  static Component ParseComponent(std::string_view text,
                                  const std::string& place);
  static Placeholder ParsePlaceholder(const std::string& name,
                                      const std::string& place);
  static std::string Value(const Part& part, const NameFields& fields);
  static std::string Expand(const Component& component,
                            std::string_view extension,
                            const NameFields& fields);

  std::vector<Component> components_;  // the last one without ".png"
};

}  // namespace gloce
