#include "cli/eval_report.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/progress.h"
#include "eval/contact_sheet.h"
#include "eval/eraser_view.h"
#include "eval/figures_text.h"
#include "eval/report.h"
#include "eval/report_document.h"
#include "gloce/base/error.h"
#include "gloce/batch/png_writer.h"
#include "gloce/erasure/eraser_file.h"

namespace gloce {

using nlohmann::ordered_json;

Erasers ReadErasersFiles(const std::vector<std::string>& paths) {
  std::vector<Erasers> files;
  for (const std::string& path : paths) {
    files.push_back(ReadErasers(path));
    files.back().shard.reset();  // its concepts are whole, alone too
  }
  return MergeErasers(files);
}

Evaluation EvaluateWithProgress(const EvaluationInput& input,
                                Evaluators& evaluators,
                                EvaluationSettings settings,
                                const std::string& task, bool quiet) {
  Progress progress("pictures", quiet);
  settings.interrupted = WasInterrupted;
  settings.progress = [&](size_t done, size_t total) {
    progress.Update(task, static_cast<int64_t>(done),
                    static_cast<int64_t>(total));
  };
  Evaluation evaluation = Evaluate(input, evaluators, settings);
  progress.Finish();
  return evaluation;
}

void WriteReport(const std::string& path, int64_t max_pictures,
                 const Evaluation& evaluation, const Erasers& erasers,
                 const ordered_json& figures) {
  size_t folders = 0;
  for (const EvaluatedSet& set : evaluation.sets)
    folders += set.role != "reference";
  const std::vector<RankedRow> rows = ChooseRows(
      RankRows(evaluation),
      std::max<size_t>(1, static_cast<size_t>(max_pictures) / folders));
  ordered_json document = ReportDocument(figures, evaluation, rows, {});
  if (!erasers.concepts.empty()) document["erasers"] = EraserView(erasers);
  WriteFileAtomically(path, RenderReport(document));
  const auto beside = [&](const char* extension) {
    return std::filesystem::path(path).replace_extension(extension).string();
  };
  WriteFileAtomically(beside(".json"), figures.dump(2) + "\n");
  WriteFileAtomically(beside(".csv"), FiguresCsv(evaluation.figures));
  const RgbPicture sheet = ContactSheet(evaluation, rows);
  WriteFileAtomically(beside(".png"),
                      EncodePng(sheet.rgb.data(), static_cast<int>(sheet.width),
                                static_cast<int>(sheet.height), {}));
}

size_t TellOfBroken(const Evaluation& evaluation) {
  constexpr size_t kTold = 10;
  size_t broken = 0;
  for (const EvaluatedSet& set : evaluation.sets) {
    for (const PictureFacts& facts : set.facts) {
      if (facts.fault.empty()) continue;
      if (++broken <= kTold) LogWarning(facts.fault + "; it is left out");
    }
  }
  if (broken > kTold) {
    LogWarning(std::to_string(broken - kTold) +
               " more pictures cannot be read; the report lists all");
  }
  return broken;
}

void CheckReportName(const std::string& path) {
  const std::string extension =
      std::filesystem::path(path).extension().string();
  if (!path.empty() && extension != ".html" && extension != ".htm") {
    throw UsageError("--report: got " + QuoteForMessage(path) +
                     ", expected a name that ends in .html; .json, .csv and "
                     ".png are written beside it");
  }
}

}  // namespace gloce
