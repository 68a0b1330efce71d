// gloce eval attack: prompts that try to bring erased concepts back.
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/folder_lock.h"
#include "base/join.h"
#include "base/json.h"
#include "cli/attack_labels.h"
#include "cli/attack_options.h"
#include "cli/attack_pictures.h"
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
#include "eval/report_document.h"
#include "gloce/base/error.h"
#include "gloce/bundle/bundle.h"
#include "gloce/erasure/erased_denoiser.h"

namespace gloce {
namespace {

using nlohmann::ordered_json;

Erasers LoadErasers(const GenerateOptions& o) {
  Erasers erasers = ReadErasersFiles(o.erasers);
  return o.only.empty() ? erasers : SelectConcepts(erasers, o.only);
}

// Also checks that the erasers are of this model, before anything is drawn.
Evaluators LoadDetector(const AttackOptions& o, const Erasers& erasers) {
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
  try {
    CheckErasersFit(erasers, bundle);
  } catch (const Error& error) {
    throw Error(Join(o.sampling.erasers) + ": " + error.what());
  }
  evaluators.features.reset();
  evaluators.clip.reset();
  return evaluators;
}

// Puts the detector's labels in the place of the concepts that rows ask for.
void AskForLabels(const AttackOptions& o, const Erasers& erasers,
                  const Detector& detector, std::vector<PromptRow>& rows) {
  const std::vector<std::string> uncounted = AskForLabels(
      ParseLabels(o.labels), ConceptNames(erasers),
      [&](const std::string& label) {
        return detector.PlaceOf(label).has_value();
      },
      rows);
  if (!uncounted.empty()) {
    LogWarning("the detector has no label for: " + Join(uncounted) +
               "; prompts against any concept do not count them");
  }
}

int Draw(const AttackOptions& o, const std::string& name, bool erases) {
  GenerateOptions drawing = o.sampling;
  drawing.prompts_file = o.sampling.out + "/prompts.csv";
  drawing.out = o.sampling.out + "/" + name;
  drawing.output.quiet |= drawing.output.json;
  drawing.output.json = false;
  ForgetSummary(drawing.out);
  if (!erases) {
    drawing.erasers.clear();
    drawing.only.clear();
    drawing.strength = 1;
    drawing.gate_maps = false;
  }
  return RunGenerate(drawing);
}

// What this run drew before and after, each picture of it with what it is asked
// for, and how each attacks.
struct Attacked {
  PictureSet after, before;
  std::vector<AttackRow> attacks;
};

Attacked ListAttacked(const AttackOptions& o, const AttackRows& table) {
  const RowOfFile files = FilesOfRows(table.rows);
  const auto list = [&](const std::string& name, const std::string& folder) {
    PictureSet set = DrawnPictures(name, o.sampling.out + folder, files);
    if (set.pictures.empty()) {
      throw Error(set.folder +
                  ": none of the prompts could be drawn; there is nothing to "
                  "judge");
    }
    return set;
  };
  Attacked attacked;
  attacked.after = list(kJudgedName, "/after");
  attacked.before = list(kBeforeName, "/before");
  for (ListedPicture& picture : attacked.after.pictures) {
    const size_t row = files.at(picture.file);
    picture.asked = table.rows[row].asked;
    attacked.attacks.push_back(table.attacks[row]);
  }
  return attacked;
}

Evaluation Judge(const AttackOptions& o, const Attacked& attacked,
                 Evaluators& evaluators) {
  EvaluationInput input;
  input.judged = attacked.after;
  input.before = attacked.before;
  input.pair_by_file = true;
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

// The report, whose table has the attacks' figures in the place of Acc_e, which
// counts the share of a picture's labels and not whether any is there.
void WriteAttackReport(const AttackOptions& o, Evaluation evaluation,
                       const Erasers& erasers,
                       const std::vector<AttackFigure>& figures) {
  std::vector<Figure> shown =
      AttackReportFigures(figures, kJudgedName, kBeforeName);
  for (Figure& figure : evaluation.figures) {
    if (figure.name != "erased_accuracy") shown.push_back(std::move(figure));
  }
  evaluation.figures = std::move(shown);
  WriteReport(o.report, o.max_pictures, evaluation, erasers,
              FiguresDocument(evaluation));
}

ordered_json DocumentOf(const AttackOptions& o, const Erasers& erasers,
                        const std::vector<AttackFigure>& figures) {
  ordered_json document = AttackDocument(figures);
  document["concepts"] = ConceptNames(erasers);
  document["strength"] = o.sampling.strength;
  return document;
}

// Throws UsageError if the report, or what is written beside it, would take the
// place of one of this command's own files.
void CheckReportBeside(const AttackOptions& o) {
  if (o.report.empty()) return;
  namespace fs = std::filesystem;
  std::error_code ignored;  // then the names are compared as they are given
  const auto whole = [&](const fs::path& path) {
    const fs::path known = fs::weakly_canonical(path, ignored);
    fs::path name = ignored ? path.lexically_normal() : known;
    return name.has_filename() ? name : name.parent_path();
  };
  const fs::path report = whole(fs::absolute(o.report)),
                 out = whole(fs::absolute(o.sampling.out));
  const std::string stem = report.stem().string();
  const fs::path folder = report.parent_path();
  const bool takes_name =
      folder == out && (stem == "attack" || stem == "prompts");
  if (takes_name || folder == out / "before" || folder == out / "after") {
    throw UsageError("--report: got " + QuoteForMessage(o.report) +
                     ", which would be in the way of this command's own files; "
                     "give it another name, or another folder than --out");
  }
}

// What can be refused before any file is read.
void CheckOptions(const AttackOptions& o) {
  CheckReportName(o.report);
  CheckReportBeside(o);
  if (!o.sampling.negative_prompt.empty() && o.sampling.guidance <= 1) {
    throw UsageError(
        "a negative prompt has no effect with a guidance scale of 1 or less; "
        "leave it out or raise the guidance");
  }
}

// Draws what `table` says and counts, in OUT, which is locked.
int Attack(const AttackOptions& o, const AttackRows& table,
           const Erasers& erasers, Evaluators& evaluators) {
  const std::string& out = o.sampling.out;
  RemoveStaleTemporaries(out);
  if (!o.report.empty()) CheckWritable(o.report);
  WriteFileAtomically(out + "/prompts.csv", AttackRowsCsv(table.rows));
  for (const std::string& note : table.notes) LogNote(note);
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
  if (!o.report.empty()) WriteAttackReport(o, evaluation, erasers, figures);
  if (o.sampling.output.json)
    std::cout << document.dump(2) << '\n';
  else if (!o.sampling.output.quiet)
    std::cout << AttackTable(figures);
  const size_t broken = TellOfBroken(evaluation);
  if (!o.report.empty()) LogNote("report: " + o.report);
  const bool all_done = before == kDone && after == kDone && broken == 0;
  return all_done && table.bad_rows.empty() ? kDone : kSomeFailed;
}

int RunEvalAttack(const AttackOptions& o) {
  InstallInterruptHandler();
  SetQuiet(o.sampling.output.quiet || o.sampling.output.json);
  CheckOptions(o);
  const Erasers erasers = LoadErasers(o.sampling);
  AttackRows table = MakeAttackRows(o, erasers);
  Evaluators evaluators = LoadDetector(o, erasers);
  AskForLabels(o, erasers, *evaluators.detector, table.rows);
  MakeFolders(o.sampling.out);
  const FolderLock lock(o.sampling.out);
  return Attack(o, table, erasers, evaluators);
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
