// Which of the detector's labels show what the rows of an attack bring back.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "batch/prompt_table.h"

namespace gloce {

// What --label says.
struct ChosenLabels {
  std::map<std::string, std::vector<std::string>> of_concept;
  std::vector<std::string> of_others;  // of all concepts that are not there
};

// Reads "NAME=LABEL;LABEL" and, without a name, "LABEL;LABEL". Throws
// UsageError.
ChosenLabels ParseLabels(const std::vector<std::string>& texts);

// The one of `concepts` that is called so, or else that differs in case alone;
// nullptr if there is none.
const std::string* FindConcept(const std::vector<std::string>& concepts,
                               const std::string& name);

// Puts labels in the place of the concepts that the rows ask for: the chosen
// ones, else the one with the concept's name. A row without `asked` attacks any
// concept, and gets the labels of those that have some. Returns the concepts
// that such a row does not count, for want of a label. Throws UsageError for a
// concept that is not there, a chosen label that the detector does not have,
// and rows for which there is no label.
std::vector<std::string> AskForLabels(
    const ChosenLabels& chosen, const std::vector<std::string>& concepts,
    const std::function<bool(const std::string&)>& has_label,
    std::vector<PromptRow>& rows);

}  // namespace gloce
