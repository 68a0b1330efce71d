// gloce doctor: whether gloce, the machine and a bundle are well.
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/doctor_bundle.h"
#include "cli/doctor_machine.h"
#include "cli/doctor_step.h"
#include "cli/log.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using nlohmann::json;

struct DoctorOptions {
  std::string model;
  PlacementOptions placement;
  OutputOptions output;
};

constexpr const char* kFooter =
    "\nExamples:\n  gloce doctor\n  gloce doctor --model build/emoji\n"
    "  gloce doctor --model sd14 --device cuda --dtype float16 --json\n"
    "\nWithout --model it looks at the machine alone, at once. With it, it "
    "checks the bundle's files,\n"
    "loads the networks and takes one denoising step with and without "
    "erasers.\n"
    "The exit code is 1 if a check failed; warnings do not count.";

const char* HealthName(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kWarning:
      return "warning";
    case Health::kFailed:
      return "failed";
  }
  return "";
}

bool HasFailed(const Findings& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& f) {
    return f.health == Health::kFailed;
  });
}

std::string LineOf(const Finding& finding) {
  return finding.check + ": " + finding.message +
         (finding.advice.empty() ? "" : "; " + finding.advice);
}

json ToJson(const Findings& findings) {
  json list = json::array();
  for (const Finding& f : findings) {
    list.push_back({{"check", f.check},
                    {"status", HealthName(f.health)},
                    {"message", f.message},
                    {"advice", f.advice.empty() ? json() : json(f.advice)},
                    {"values", f.values}});
  }
  return {{"status", HasFailed(findings) ? "failed" : "ok"},
          {"findings", list}};
}

// Prints and logs what is found, as it is found.
class Report {
 public:
  explicit Report(const OutputOptions& output) : output_(output) {}

  void Add(const Finding& finding) {
    const LogLevel level = finding.health == Health::kOk ? LogLevel::kInfo
                           : finding.health == Health::kWarning
                               ? LogLevel::kWarning
                               : LogLevel::kError;
    LogRecord(level, LineOf(finding), finding.values);
    if (!output_.json && !(output_.quiet && finding.health == Health::kOk)) {
      const std::string health = HealthName(finding.health);
      std::cout << health << std::string(9 - health.size(), ' ')
                << LineOf(finding) << std::endl;
    }
    findings_.push_back(finding);
  }

  void Add(const Findings& findings) {
    for (const Finding& finding : findings) Add(finding);
  }

  int Finish() const {
    if (output_.json) std::cout << ToJson(findings_).dump(2) << '\n';
    return HasFailed(findings_) ? kFailed : kDone;
  }

 private:
  OutputOptions output_;
  Findings findings_;
};

int RunDoctor(const DoctorOptions& o) {
  Report report(o.output);
  report.Add(CheckMachine());
  Placement placement;
  try {
    placement = o.placement.Parse();
  } catch (const Error& error) {
    report.Add({"placement", Health::kFailed, error.what()});
    return report.Finish();
  }
  if (o.model.empty()) return report.Finish();
  Findings of_bundle;
  try {
    of_bundle = CheckBundle(Bundle(o.model));
  } catch (const Error& error) {
    of_bundle = {{"bundle", Health::kFailed, error.what()}};
  }
  report.Add(of_bundle);
  if (!HasFailed(of_bundle)) report.Add(CheckStep(o.model, placement));
  return report.Finish();
}

}  // namespace

void RegisterDoctor(CLI::App& app, Command& command) {
  CLI::App* sub = app.add_subcommand(
      "doctor", "Check the machine, and a bundle by one denoising step");
  auto o = std::make_shared<DoctorOptions>();
  sub->add_option("--model", o->model, "Bundle folder to check too")
      ->type_name("FOLDER");
  o->placement.Register(*sub);
  o->output.Register(*sub);
  sub->footer(kFooter);
  sub->callback([o, &command] { command = [o] { return RunDoctor(*o); }; });
}

}  // namespace gloce
