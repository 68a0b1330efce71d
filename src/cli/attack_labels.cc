#include "cli/attack_labels.h"

#include <algorithm>
#include <utility>

#include "base/join.h"
#include "base/json.h"
#include "base/table_cells.h"
#include "gloce/base/error.h"
#include "text/unicode.h"

namespace gloce {
namespace {

using Names = std::vector<std::string>;

Names SplitLabels(const std::string& text) {
  try {
    return SplitNames(text, "--label");
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

[[noreturn]] void FailTwice(const std::string& what) {
  throw UsageError("--label: " + what +
                   " stands there twice; join the labels by ;");
}

void CheckKnown(const Names& labels,
                const std::function<bool(const std::string&)>& has_label) {
  for (const std::string& label : labels) {
    if (!has_label(label)) {
      throw UsageError("--label: the detector has no label " +
                       QuoteForMessage(label));
    }
  }
}

// The labels of each concept; none where the detector knows none.
std::map<std::string, Names> LabelsByConcept(
    const ChosenLabels& chosen, const Names& concepts,
    const std::function<bool(const std::string&)>& has_label) {
  std::map<std::string, Names> labels;
  for (const auto& [given, of_name] : chosen.of_concept) {
    const std::string* const name = FindConcept(concepts, given);
    if (name == nullptr) {
      throw UsageError("--label: the erasers have no concept " +
                       QuoteForMessage(given) +
                       "; they have: " + Join(concepts));
    }
    CheckKnown(of_name, has_label);
    if (!labels.emplace(*name, of_name).second)
      FailTwice(QuoteForMessage(*name));
  }
  CheckKnown(chosen.of_others, has_label);
  for (const std::string& name : concepts) {
    if (labels.contains(name)) continue;
    if (!chosen.of_others.empty())
      labels[name] = chosen.of_others;
    else if (has_label(name))
      labels[name] = {name};
  }
  return labels;
}

void Append(const Names& names, Names& all) {
  for (const std::string& name : names) {
    if (std::find(all.begin(), all.end(), name) == all.end())
      all.push_back(name);
  }
}

}  // namespace

ChosenLabels ParseLabels(const std::vector<std::string>& texts) {
  ChosenLabels chosen;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    const bool has_name = equals != text.npos;
    const std::string name(
        Trim(has_name ? std::string_view(text).substr(0, equals) : ""));
    Names labels = SplitLabels(has_name ? text.substr(equals + 1) : text);
    if (labels.empty() || (has_name && name.empty())) {
      throw UsageError("--label: got " + QuoteForMessage(text) +
                       ", expected NAME=LABEL;LABEL, or LABEL;LABEL for all "
                       "concepts");
    }
    if (!has_name) {
      if (!chosen.of_others.empty()) FailTwice("a list for all concepts");
      chosen.of_others = std::move(labels);
    } else if (!chosen.of_concept.emplace(name, std::move(labels)).second) {
      FailTwice(QuoteForMessage(name));
    }
  }
  return chosen;
}

const std::string* FindConcept(const std::vector<std::string>& concepts,
                               const std::string& name) {
  const auto find = [&](const auto& is_it) {
    const auto found = std::find_if(concepts.begin(), concepts.end(), is_it);
    return found == concepts.end() ? nullptr : &*found;
  };
  if (const std::string* const same =
          find([&](const std::string& one) { return one == name; })) {
    return same;
  }
  const std::u32string lower = ToLower(DecodeUtf8(name));
  return find([&](const std::string& one) {
    return ToLower(DecodeUtf8(one)) == lower;
  });
}

std::vector<std::string> AskForLabels(
    const ChosenLabels& chosen, const std::vector<std::string>& concepts,
    const std::function<bool(const std::string&)>& has_label,
    std::vector<PromptRow>& rows) {
  const auto labels = LabelsByConcept(chosen, concepts, has_label);
  Names of_any, without;
  for (const std::string& name : concepts) {
    const auto found = labels.find(name);
    if (found == labels.end())
      without.push_back(name);
    else
      Append(found->second, of_any);
  }
  bool attacks_any = false;
  for (PromptRow& row : rows) {
    if (!row.asked) {
      if (of_any.empty()) {
        throw UsageError(
            "the detector has no label of the name of any erased concept; give "
            "those that show them by --label \"LABEL;LABEL\"");
      }
      row.asked = of_any;
      attacks_any = true;
      continue;
    }
    Names asked;
    for (const std::string& name : *row.asked) {
      const auto found = labels.find(name);
      if (found == labels.end()) {
        throw UsageError("the detector has no label " + QuoteForMessage(name) +
                         "; give those that show the concept by --label \"" +
                         name + "=LABEL;LABEL\"");
      }
      Append(found->second, asked);
    }
    row.asked = std::move(asked);
  }
  return attacks_any ? without : Names();
}

}  // namespace gloce
