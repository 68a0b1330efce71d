// gloce eval: what an eraser took away, and what it left.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "base/join.h"
#include "cli/command.h"
#include "cli/eval_options.h"
#include "cli/eval_report.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/options_of.h"
#include "eval/evaluation.h"
#include "eval/figures_text.h"
#include "eval/report_document.h"
#include "gloce/base/error.h"
#include "gloce/bundle/bundle.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

EvaluationInput ListAll(const EvalOptions& o) {
  const NamedPaths tables = TablesOf(o);
  const auto list = [&](const std::string& name, const std::string& folder) {
    const auto table = tables.find(name);
    return ListPictures(name, folder,
                        table == tables.end() ? "" : table->second);
  };
  EvaluationInput input;
  input.judged = list(kJudgedName, o.images);
  if (!o.before.empty()) input.before = list(kBeforeName, o.before);
  for (const auto& [name, folder] : ComparedOf(o))
    input.compared.push_back(list(name, folder));
  if (!o.reference.empty()) input.reference = list(kReferenceName, o.reference);
  input.erased = o.erased;
  return input;
}

Evaluators Load(const EvalOptions& o) {
  std::optional<Bundle> bundle;
  if (!o.model.empty()) bundle.emplace(o.model);
  Evaluators evaluators =
      LoadEvaluators(bundle ? &*bundle : nullptr, o.evaluators,
                     ParsePlacement(o.device, "float32"));
  if (!evaluators.detector && !evaluators.features && !evaluators.clip &&
      o.before.empty()) {
    throw UsageError(
        "nothing to measure with; give --model BUNDLE with evaluators, "
        "--detector, --features, --clip, or the pictures --before");
  }
  return evaluators;
}

EvaluationSettings::RegionSource SourceOf(const std::string& name) {
  using RegionSource = EvaluationSettings::RegionSource;
  if (name == "detector") return RegionSource::kDetector;
  return name == "gates" ? RegionSource::kGates : RegionSource::kNone;
}

void TellOfGaps(const Evaluation& evaluation, bool has_detector) {
  if (!has_detector) {
    LogNote("no detector: nothing says what the pictures show");
  } else if (evaluation.erased.empty()) {
    LogWarning(
        "nothing was erased from these pictures, as far as their manifest "
        "tells; name what was by --erased");
  }
  if (!evaluation.without_label.empty()) {
    LogWarning("the detector has no label for: " +
               Join(evaluation.without_label) + "; nothing counts them");
  }
}

int RunEval(const EvalOptions& o) {
  InstallInterruptHandler();
  SetQuiet(o.output.quiet || o.output.json);
  CheckReportName(o.report);
  if (!o.report.empty()) CheckWritable(o.report);
  Erasers erasers;
  if (!o.erasers.empty()) erasers = ReadErasersFiles(o.erasers);
  const EvaluationInput input = ListAll(o);
  Evaluators evaluators = Load(o);

  EvaluationSettings settings;
  settings.batch_size = static_cast<size_t>(o.batch_size);
  settings.region = SourceOf(o.region);
  const Evaluation evaluation = EvaluateWithProgress(
      input, evaluators, settings, "eval", o.output.quiet || o.output.json);
  TellOfGaps(evaluation, evaluators.detector != nullptr);
  const size_t broken = TellOfBroken(evaluation);

  const ordered_json figures = FiguresDocument(evaluation);
  if (!o.report.empty())
    WriteReport(o.report, o.max_pictures, evaluation, erasers, figures);
  if (o.output.json)
    std::cout << figures.dump(2) << '\n';
  else if (!o.output.quiet)
    std::cout << FiguresTable(evaluation.figures);
  if (!o.report.empty()) LogNote("report: " + o.report);
  return broken == 0 ? kDone : kSomeFailed;
}

// What stands before the name of a subcommand of eval has no effect on it.
void CheckNoOptions(CLI::App& eval) {
  const std::string& name = eval.get_subcommands()[0]->get_name();
  for (const CLI::Option* option : OptionsOf(eval)) {
    if (option->empty()) continue;
    throw UsageError("eval " + name + ": " + option->get_name() +
                     " stands before " + name + "; options follow it");
  }
}

}  // namespace

void RegisterEval(CLI::App& app, Command& command) {
  CLI::App* sub = app.add_subcommand(
      "eval", "Measure what was erased and what was kept, and show it");
  auto options = std::make_shared<EvalOptions>();
  RegisterEvalOptions(*sub, *options);
  RegisterEvalAttack(*sub, command);
  sub->callback([options, sub, &command] {
    // Callbacks run from the inside out.
    if (!sub->get_subcommands().empty()) return CheckNoOptions(*sub);
    command = [options] { return RunEval(*options); };
  });
}

}  // namespace gloce
