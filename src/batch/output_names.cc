#include "batch/output_names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/sha256.h"
#include "batch/utf8.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

constexpr std::string_view kExtension = ".png";
constexpr size_t kDashedCodePoints = 100;  // prompt[:100] in the published code
constexpr size_t kHashDigits = 8;

bool IsControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

bool IsUnsafe(char c) { return c == '/' || c == '\\' || IsControl(c); }

std::string Dashed(std::string_view prompt) {
  std::string dashed(Utf8Prefix(prompt, kDashedCodePoints));
  std::replace(dashed.begin(), dashed.end(), ' ', '-');
  return dashed;
}

}  // namespace

NameTemplate::NameTemplate(const std::string& text) {
  const std::string place = "file-name template '" + text + "'";
  if (!text.ends_with(kExtension)) {
    throw UsageError(place + ": expected a name that ends in .png");
  }
  if (text.starts_with('/')) {
    throw UsageError(place +
                     ": is absolute; it is taken within the output folder");
  }
  if (std::any_of(text.begin(), text.end(), IsControl) ||
      FindInvalidUtf8(text) != std::string::npos) {
    throw UsageError(place +
                     ": contains a control character or is not valid UTF-8");
  }
  std::string_view rest = text;
  rest.remove_suffix(kExtension.size());
  while (true) {
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view component = rest.substr(0, end);
    if (component.empty() || component == "." || component == "..") {
      throw UsageError(place + ": has the component '" +
                       std::string(component) +
                       "'; name every folder, and no parent folder");
    }
    components_.push_back(ParseComponent(component, place));
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
}

NameTemplate::Component NameTemplate::ParseComponent(std::string_view text,
                                                     const std::string& place) {
  Component parts;
  while (!text.empty()) {
    if (text.front() != '{') {
      const std::string literal(text.substr(0, text.find('{')));
      if (literal.find('}') != literal.npos) {
        throw UsageError(place + ": '}' without '{'");
      }
      parts.push_back({Placeholder::kNone, literal});
      text.remove_prefix(literal.size());
      continue;
    }
    const size_t end = text.find('}');
    if (end == text.npos) throw UsageError(place + ": '{' without '}'");
    parts.push_back(
        {ParsePlaceholder(std::string(text.substr(1, end - 1)), place), ""});
    text.remove_prefix(end + 1);
  }
  return parts;
}

NameTemplate::Placeholder NameTemplate::ParsePlaceholder(
    const std::string& name, const std::string& place) {
  static constexpr std::array<std::pair<std::string_view, Placeholder>, 7>
      kKnown{{{"case_number", Placeholder::kCaseNumber},
              {"i", Placeholder::kI},
              {"seed", Placeholder::kSeed},
              {"row_seed", Placeholder::kRowSeed},
              {"row", Placeholder::kRow},
              {"prompt", Placeholder::kPrompt},
              {"prompt-dashed", Placeholder::kPromptDashed}}};
  std::string list;
  for (const auto& [known, placeholder] : kKnown) {
    if (known == name) return placeholder;
    list += " {" + std::string(known) + "}";
  }
  throw UsageError(place + ": unknown placeholder {" + name + "}; known are" +
                   list);
}

std::string NameTemplate::Value(const Part& part, const NameFields& fields) {
  switch (part.placeholder) {
    case Placeholder::kNone:
      return part.literal;
    case Placeholder::kCaseNumber:
      return std::string(fields.case_number);
    case Placeholder::kI:
      return std::to_string(fields.i);
    case Placeholder::kSeed:
      return std::to_string(fields.seed);
    case Placeholder::kRowSeed:
      return std::to_string(fields.seed - fields.i);
    case Placeholder::kRow:
      return std::to_string(fields.row);
    case Placeholder::kPrompt:
      return std::string(fields.prompt);
    case Placeholder::kPromptDashed:
      return Dashed(fields.prompt);
  }
  return {};
}

std::string NameTemplate::Expand(const Component& component,
                                 std::string_view extension,
                                 const NameFields& fields) {
  std::string original;
  std::string name;
  for (const Part& part : component) {
    const std::string value = Value(part, fields);
    original += value;
    name += value;
    if (part.placeholder != Placeholder::kNone) {
      std::replace_if(name.end() - value.size(), name.end(), IsUnsafe, '_');
    }
  }
  // A value must not make a hidden file or climb to the parent folder; a dot
  // that the template itself begins with is the user's wish.
  const bool wished = component.front().literal.starts_with('.');
  if (name.starts_with('.') &&
      (!wished || name.find_first_not_of('.') == name.npos)) {
    name.front() = '_';
  }
  if (name.empty()) name = "_";
  const size_t room = kMaxNameBytes - extension.size();
  if (name != original || name.size() > room) {
    const std::string hash = "-" + Sha256(original).substr(0, kHashDigits);
    name = std::string(Utf8PrefixOfBytes(name, room - hash.size())) + hash;
  }
  return name + std::string(extension);
}

std::string NameTemplate::Name(const NameFields& fields) const {
  std::string path;
  for (size_t i = 0; i + 1 < components_.size(); ++i) {
    path += Expand(components_[i], "", fields) + "/";
  }
  return path + Expand(components_.back(), kExtension, fields);
}

}  // namespace gloce
