// What gloce doctor finds.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace gloce {

enum class Health { kOk, kWarning, kFailed };

struct Finding {
  std::string check;  // "memory"
  Health health = Health::kOk;
  std::string message = {};  // one line
  std::string advice = {};   // what to do; empty if there is nothing
  nlohmann::json values = nlohmann::json::object();  // behind the message
};

using Findings = std::vector<Finding>;

}  // namespace gloce
