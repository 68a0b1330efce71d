// Messages for people, on stderr. stdout carries results only.
#pragma once

#include <string>

namespace gloce {

// Warnings are shown always, notes unless `quiet`.
void SetQuiet(bool quiet);
void LogNote(const std::string& text);
void LogWarning(const std::string& text);

}  // namespace gloce
