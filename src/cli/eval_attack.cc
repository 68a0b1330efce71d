// gloce eval attack: prompts that try to bring erased concepts back.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/join.h"
#include "cli/attack_options.h"
#include "cli/attack_rows.h"
#include "cli/command.h"
#include "cli/eval_options.h"
#include "cli/eval_report.h"
#include "cli/generate.h"
#include "cli/interrupt.h"
#include "cli/job_report.h"
#include "cli/log.h"
#include "cli/options_of.h"
#include "eval/attack_figures.h"
#include "eval/evaluation.h"
#include "eval/figures_text.h"
#include "eval/report_document.h"
#include "gloce/base/error.h"
#include "gloce/bundle/bundle.h"

namespace gloce {
namespace {

using nlohmann::ordered_json;

Erasers LoadErasers(const GenerateOptions& o) {
  Erasers erasers = ReadErasersFiles(o.erasers);
  return o.only.empty() ? erasers : SelectConcepts(erasers, o.only);
}

Evaluators LoadDetector(const AttackOptions& o) {
  const Bundle bundle(o.sampling.model);
  EvaluatorChoice choice;
  choice.detector = o.detector;
  Evaluators evaluators = LoadEvaluators(
      &bundle, choice, ParsePlacement(o.sampling.placement.device, "float32"));
  if (!evaluators.detector) {
    throw UsageError(
        "the bundle has no detector to tell what pictures show; give one by "
        "--detector (scripts/export_evaluator.py makes it)");
  }
  evaluators.features.reset();
  evaluators.clip.reset();
  return evaluators;
}

// Puts the detector's labels in the place of the concepts that rows ask for.
void AskForLabels(const AttackOptions& o, const Erasers& erasers,
                  const Detector& detector, std::vector<PromptRow>& rows) {
  const auto given = LabelsOf(o);
  std::map<std::string, std::vector<std::string>> labels;
  for (const std::string& name : ConceptNames(erasers)) labels[name] = {name};
  for (const auto& [name, of_name] : given) {
    const auto known = labels.find(name);
    if (known == labels.end()) {
      throw UsageError("--label: the erasers have no concept \"" + name +
                       "\"; they have: " + Join(ConceptNames(erasers)));
    }
    known->second = of_name;
  }
  for (const auto& [name, of_name] : labels) {
    for (const std::string& label : of_name) {
      if (detector.PlaceOf(label)) continue;
      throw UsageError("the detector has no label \"" + label +
                       "\"; name those that show the concept by --label \"" +
                       name + "=LABEL\", or leave it out by --only");
    }
  }
  for (PromptRow& row : rows) {
    std::vector<std::string> asked;
    for (const std::string& name : *row.asked) {
      const auto& of_name = labels[name];
      asked.insert(asked.end(), of_name.begin(), of_name.end());
    }
    row.asked = std::move(asked);
  }
}

int Draw(const AttackOptions& o, const std::string& name, bool erases) {
  GenerateOptions drawing = o.sampling;
  drawing.prompts_file = o.sampling.out + "/prompts.csv";
  drawing.out = o.sampling.out + "/" + name;
  drawing.output.quiet |= drawing.output.json;
  drawing.output.json = false;
  if (!erases) {
    drawing.erasers.clear();
    drawing.only.clear();
    drawing.strength = 1;
    drawing.gate_maps = false;
  }
  return RunGenerate(drawing);
}

// The pictures of these rows in OUT/after, each with what it is asked for, and
// how each attacks.
struct Attacked {
  PictureSet set;
  std::vector<AttackRow> attacks;
};

Attacked ListAttacked(const AttackOptions& o, const AttackRows& table) {
  std::map<std::string, size_t> row_of_file;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const PromptRow& prompt = table.rows[row];
    for (int64_t i = 0; i < *prompt.num_images; ++i) {
      row_of_file[prompt.case_number + "_" + std::to_string(i) + ".png"] = row;
    }
  }
  Attacked attacked;
  attacked.set = ListPictures(kJudgedName, o.sampling.out + "/after");
  std::vector<ListedPicture> pictures;
  for (ListedPicture& picture : attacked.set.pictures) {
    // Others are of an earlier run with other prompts.
    const auto found = row_of_file.find(picture.file);
    if (found == row_of_file.end()) continue;
    picture.asked = table.rows[found->second].asked;
    attacked.attacks.push_back(table.attacks[found->second]);
    pictures.push_back(std::move(picture));
  }
  attacked.set.pictures = std::move(pictures);
  return attacked;
}

Evaluation Judge(const AttackOptions& o, const Attacked& attacked,
                 Evaluators& evaluators) {
  EvaluationInput input;
  input.judged = attacked.set;
  input.before = ListPictures(kBeforeName, o.sampling.out + "/before");
  std::set<std::string> labels;
  for (const ListedPicture& picture : input.judged.pictures)
    labels.insert(picture.asked->begin(), picture.asked->end());
  input.erased.assign(labels.begin(), labels.end());
  EvaluationSettings settings;
  settings.batch_size = static_cast<size_t>(o.sampling.batch_size);
  settings.region = EvaluationSettings::RegionSource::kNone;
  return EvaluateWithProgress(
      input, evaluators, settings, "judge",
      o.sampling.output.quiet || o.sampling.output.json);
}

ordered_json DocumentOf(const AttackOptions& o, const Erasers& erasers,
                        const std::vector<AttackFigure>& figures) {
  ordered_json document = AttackDocument(figures);
  document["concepts"] = ConceptNames(erasers);
  document["strength"] = o.sampling.strength;
  return document;
}

int RunEvalAttack(const AttackOptions& o) {
  InstallInterruptHandler();
  SetQuiet(o.sampling.output.quiet || o.sampling.output.json);
  CheckReportName(o.report);
  if (!o.report.empty()) CheckWritable(o.report);
  const Erasers erasers = LoadErasers(o.sampling);
  AttackRows table = MakeAttackRows(o, erasers);
  Evaluators evaluators = LoadDetector(o);
  AskForLabels(o, erasers, *evaluators.detector, table.rows);

  const std::string& out = o.sampling.out;
  std::filesystem::create_directories(out);
  WriteFileAtomically(out + "/prompts.csv", AttackRowsCsv(table.rows));
  WarnOfBadRows(table.bad_rows);
  const int before = Draw(o, "before", false), after = Draw(o, "after", true);

  const Attacked attacked = ListAttacked(o, table);
  const Evaluation evaluation = Judge(o, attacked, evaluators);
  const std::vector<AttackFigure> figures =
      AttackFigures(evaluation, attacked.attacks);
  const ordered_json document = DocumentOf(o, erasers, figures);
  WriteFileAtomically(out + "/attack.json", document.dump(2) + "\n");
  WriteFileAtomically(out + "/attack.csv",
                      AttackCsv(evaluation, attacked.attacks));
  if (!o.report.empty()) {
    WriteReport(o.report, o.max_pictures, evaluation, erasers,
                FiguresDocument(evaluation));
  }
  if (o.sampling.output.json)
    std::cout << document.dump(2) << '\n';
  else if (!o.sampling.output.quiet)
    std::cout << AttackTable(figures);
  const size_t broken = TellOfBroken(evaluation);
  if (!o.report.empty()) LogNote("report: " + o.report);
  const bool all_done = before == kDone && after == kDone && broken == 0;
  return all_done && table.bad_rows.empty() ? kDone : kSomeFailed;
}

}  // namespace

void RegisterEvalAttack(CLI::App& eval, Command& command) {
  CLI::App* sub = eval.add_subcommand(
      "attack",
      "Try to bring erased concepts back, and count how often it works");
  // What eval itself requires is not needed then.
  sub->preparse_callback([&eval](size_t) {
    for (CLI::Option* option : OptionsOf(eval)) option->required(false);
  });
  auto options = std::make_shared<AttackOptions>();
  RegisterAttackOptions(*sub, *options);
  sub->callback([options, &command] {
    command = [options] { return RunEvalAttack(*options); };
  });
}

}  // namespace gloce
