#include "gloce/batch/job.h"

#include <algorithm>
#include <filesystem>
#include <future>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/folder_lock.h"
#include "base/run_manifest.h"
#include "base/stopwatch.h"
#include "batch/job_folders.h"
#include "batch/job_plan.h"
#include "batch/job_state.h"
#include "batch/manifest_log.h"
#include "batch/mismatches.h"
#include "batch/parameters_text.h"
#include "batch/prompt_table.h"
#include "gloce/base/error.h"
#include "gloce/batch/png_writer.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxNotices = 10;

void CheckSettings(const JobSettings& settings) {
  if (settings.out_folder.empty()) {
    throw UsageError("output folder: its name is empty");
  }
  if (settings.batch_size < 1) {
    throw UsageError("batch size: got " + std::to_string(settings.batch_size) +
                     ", expected at least 1");
  }
  if (settings.shard < 1 || settings.shard > settings.num_shards) {
    throw UsageError("shard: got " + std::to_string(settings.shard) + "/" +
                     std::to_string(settings.num_shards) +
                     ", expected i/n with i from 1 to n");
  }
}

// One run of a job, under its folder's lock.
class Job {
 public:
  Job(const std::vector<JobImage>& images, const JobSettings& settings,
      const SampleBatch& sample)
      : images_(images),
        settings_(settings),
        sample_(sample),
        files_(
            FilesOfImages(images, settings.filename_template, settings.origin)),
        batches_(BatchesOfShard(CutIntoBatches(images, settings.batch_size),
                                images, settings.shard, settings.num_shards)) {}

  JobSummary Run() {
    new_folders_ = MissingFolders(settings_.out_folder);
    MakeFolders(settings_.out_folder);
    const FolderLock lock(settings_.out_folder);
    try {
      RunUnderLock();
    } catch (const Interrupted& interrupted) {
      End(lock, JobState::kInterrupted, interrupted.what());
      throw;
    } catch (const std::exception& error) {
      End(lock, JobState::kFailed, error.what());
      throw;
    }
    End(lock, JobState::kDone, "");
    return std::move(summary_);
  }

 private:
  void RunUnderLock() {
    for (const Batch& batch : batches_) summary_.total += batch.size();
    CheckNamesWithoutCase();
    FindWhatIsThere();
    summary_.seconds_of_scan = watch_.Seconds();
    RemoveStaleTemporariesOf(settings_.out_folder, files_);
    manifest_->Open();
    Prepare();
    summary_.seconds_of_start = watch_.Seconds();
    EnterState(JobState::kRunning);
    ReportProgress();
    try {
      RunBatches();
    } catch (const Interrupted&) {
      FinishWriting();  // where it failed, that is what the user must hear
      try {
        manifest_->Compact(files_);
      } catch (const Error&) {
        // The file is whole as it is.
      }
      throw Interrupted(InterruptedText());
    }
    manifest_->Compact(files_);
  }

  // Tells of the job's end, unless it never began or its folder is no more.
  void End(const FolderLock& lock, JobState state, const std::string& error) {
    if (writing_.valid()) writing_.wait();
    summary_.error = error;
    if (has_begun_ && lock.IsInPlace()) EnterState(state);
  }

  void EnterState(JobState state) {
    has_begun_ = true;
    summary_.state = state;
    summary_.seconds = watch_.Seconds();
    if (settings_.state_changed) settings_.state_changed(summary_);
  }

  // --- what is there -------------------------------------------------------

  // Once the folder is there its file system can be asked.
  void CheckNamesWithoutCase() {
    if (!IgnoresCase(settings_.out_folder)) return;
    const std::vector<BadRow> collisions =
        CollisionsWithoutCase(images_, files_, settings_.origin);
    if (collisions.empty()) return;
    RemoveNewFolders();
    throw UsageError(collisions[0].message);
  }

  void FindWhatIsThere() {
    is_right_.assign(images_.size(), false);
    // First the lines, then the pictures: both must be right.
    FittingLines lines(images_, files_, settings_.facts, batches_);
    manifest_.emplace(Path("manifest.jsonl"),
                      [&](const RunRecord& record) { lines.See(record); });
    Mismatches mismatches;
    std::vector<std::string> reasons;  // of the first
    for (size_t b = 0; b < batches_.size(); ++b) {
      for (const size_t k : batches_[b]) {
        CheckInterrupted();
        if (!CanStay(k)) continue;
        const RunRecord record = RecordOf(k);
        const std::string gates = GateMapsFile(record, settings_);
        std::string reason =
            mismatches.Check(Path(files_[k]), record, lines.Has(k),
                             gates.empty() ? "" : Path(gates), b);
        is_right_[k] = reason.empty();
        if (is_right_[k])
          ++summary_.skipped;
        else if (reasons.size() < kMaxNotices)
          reasons.push_back(std::move(reason));
      }
    }
    if (settings_.refuse_mismatches && !mismatches.CanBeOfAKill())
      throw Error(mismatches.Refusal(settings_.out_folder));
    for (const std::string& reason : reasons)
      Notice(reason + "; it is made again");
    if (mismatches.count() > reasons.size()) {
      Notice("and " + std::to_string(mismatches.count() - reasons.size()) +
             " more files that are made again");
    }
  }

  // Whether picture `k` is there and may stay if it is right.
  bool CanStay(size_t k) {
    std::error_code unreadable;  // which writing will report
    if (fs::exists(Path(files_[k]), unreadable)) return !settings_.overwrite;
    manifest_->Drop(files_[k]);
    return false;
  }

  // --- making the rest -----------------------------------------------------

  bool IsComplete(const Batch& batch) const {
    return std::all_of(batch.begin(), batch.end(),
                       [this](size_t k) { return is_right_[k]; });
  }

  void Prepare() {
    const bool complete =
        std::all_of(batches_.begin(), batches_.end(),
                    [&](const Batch& batch) { return IsComplete(batch); });
    if (complete || !settings_.prepare) return;
    try {
      settings_.prepare();
    } catch (...) {
      RemoveNewFolders();
      throw;
    }
  }

  // Leaves nothing of a job that could not begin, unless its folder was there.
  void RemoveNewFolders() {
    if (new_folders_.empty()) return;
    manifest_.reset();
    std::error_code kept;  // then something else was put there
    fs::remove(Path("manifest.jsonl"), kept);
    fs::remove(Path(kLockName), kept);
    for (const fs::path& folder : new_folders_) fs::remove(folder, kept);
  }

  void RunBatches() {
    for (const Batch& batch : batches_) {
      if (IsComplete(batch)) continue;
      CheckInterrupted();
      RunBatch(batch);
    }
    FinishWriting();
  }

  void RunBatch(const Batch& batch) {
    std::vector<ImageSettings> settings;
    for (const size_t k : batch) {
      settings.push_back(images_[k].settings);
    }
    const Stopwatch watch;
    std::vector<Picture> pictures;
    try {
      pictures = sample_(settings);
    } catch (const Interrupted&) {
      is_dropped_ = true;
      throw;
    } catch (const Error& error) {
      FinishWriting();
      NoteFailures(batch, error.what());
      ReportProgress();
      return;
    }
    if (pictures.size() != settings.size()) {
      throw std::logic_error("a batch of " + std::to_string(settings.size()) +
                             " gave " + std::to_string(pictures.size()) +
                             " pictures");
    }
    const double seconds = watch.Seconds();
    summary_.seconds_of_sampling += seconds;
    summary_.sampled += pictures.size();
    FinishWriting();
    NoteFailedPictures(batch, pictures);
    writing_ = std::async(std::launch::async, [this, &batch, seconds,
                                               pictures = std::move(pictures)] {
      WriteBatch(batch, pictures,
                 seconds / static_cast<double>(pictures.size()));
    });
  }

  // Until the pictures of the last batch are written. Throws what went wrong.
  void FinishWriting() {
    if (!writing_.valid()) return;
    writing_.get();
    ReportProgress();
  }

  // Runs while the next batch is sampled.
  void WriteBatch(const Batch& batch, const std::vector<Picture>& pictures,
                  double seconds_of_picture) {
    manifest_->CheckInPlace();  // before sub-folders are made anew
    for (size_t i = 0; i < batch.size(); ++i) {
      if (!is_right_[batch[i]] && pictures[i].failure.empty())
        Write(batch[i], pictures[i], seconds_of_picture);
    }
    manifest_->Sync();
  }

  void Write(size_t k, const Picture& picture, double seconds) {
    RunRecord record = RecordOf(k);
    if (picture.width != record.width || picture.height != record.height ||
        picture.rgb.size() !=
            static_cast<size_t>(3 * record.width * record.height)) {
      throw std::logic_error("a picture has not the size it was asked for");
    }
    record.gate_activity.insert(picture.gate_activity.begin(),
                                picture.gate_activity.end());
    record.seconds = RoundedToMilliseconds(seconds);
    // First, so that a picture with a line has its maps.
    if (const std::string gates = GateMapsFile(record, settings_);
        !gates.empty()) {
      WriteInFolder(gates, picture.gate_maps);
    } else {
      std::error_code ignored;  // maps of another picture, if there are any
      fs::remove(Path(GateMapsPath(files_[k])), ignored);
    }
    WriteInFolder(files_[k],
                  EncodePng(picture.rgb.data(), static_cast<int>(picture.width),
                            static_cast<int>(picture.height),
                            {{kParametersKeyword, ParametersText(record)}}));
    manifest_->Append(record);
    ++summary_.made;
  }

  // Makes the sub-folders of `file`, too.
  void WriteInFolder(const std::string& file, const std::string& bytes) {
    const std::string path = Path(file);
    if (file.find('/') != std::string::npos)
      MakeFolders(fs::path(path).parent_path());
    WriteFileAtomically(path, bytes);
  }

  // The job goes on, so it is told now: who knows how it ends.
  void NoteFailures(const Batch& batch, const std::string& message) {
    Notice(PlaceOfRow(settings_.origin, images_[batch[0]].line) + ": " +
           files_[batch[0]] +
           (batch.size() > 1 ? " and the rest of its batch" : "") +
           " failed: " + message);
    for (const size_t k : batch) AddFailure(k, message);
  }

  // The batch's other pictures are written.
  void NoteFailedPictures(const Batch& batch,
                          const std::vector<Picture>& pictures) {
    bool is_told = false;
    for (size_t i = 0; i < batch.size(); ++i) {
      const std::string& failure = pictures[i].failure;
      if (failure.empty() || is_right_[batch[i]]) continue;
      if (!is_told)
        Notice(PlaceOfRow(settings_.origin, images_[batch[i]].line) + ": " +
               files_[batch[i]] + " failed: " + failure);
      is_told = true;
      AddFailure(batch[i], failure);
    }
  }

  void AddFailure(size_t k, const std::string& message) {
    if (is_right_[k]) return;
    // A picture that is there was made with other settings, unless all are made
    // again.
    if (!settings_.overwrite) manifest_->Drop(files_[k]);
    ++summary_.failed;
    if (summary_.failures.size() == kMaxListedFailures) return;
    summary_.failures.push_back(
        {files_[k], images_[k].row, images_[k].line, message});
  }

  // --- helpers -------------------------------------------------------------

  // Everything but what is measured while the picture is made.
  RunRecord RecordOf(size_t k) const {
    return RecordOfImage(images_[k], files_[k], settings_.facts);
  }

  std::string Path(const std::string& file) const {
    return settings_.out_folder + "/" + file;
  }
  void CheckInterrupted() const {
    if (settings_.interrupted && settings_.interrupted()) throw Interrupted();
  }
  std::string InterruptedText() const {
    return "interrupted; " + settings_.out_folder + " has " +
           std::to_string(summary_.made + summary_.skipped) + " of " +
           std::to_string(summary_.total) + " pictures" +
           (is_dropped_ ? ", the batch in work was dropped" : "") +
           "; the same command makes the rest" +
           (settings_.overwrite ? ", without --overwrite" : "");
  }
  void Notice(const std::string& text) const {
    if (settings_.notice) settings_.notice(text);
  }
  void ReportProgress() const {
    if (!settings_.progress) return;
    settings_.progress({summary_.total, summary_.made, summary_.skipped,
                        summary_.failed, watch_.Seconds()});
  }

  const std::vector<JobImage>& images_;
  const JobSettings& settings_;
  const SampleBatch& sample_;
  const Stopwatch watch_;
  const std::vector<std::string> files_;  // of all images
  const std::vector<Batch> batches_;      // of this shard
  std::vector<fs::path> new_folders_;     // made by this run, inner ones first
  std::optional<ManifestLog> manifest_;
  std::vector<bool> is_right_;  // of all images
  bool has_begun_ = false;      // nothing keeps it from its first batch
  bool is_dropped_ = false;     // the batch that an interrupt came into
  JobSummary summary_;  // WriteBatch counts `made`, others read it thereafter
  std::future<void> writing_;  // last: its end comes before all it uses
};

}  // namespace

JobSummary RunJob(const std::vector<JobImage>& images,
                  const JobSettings& settings, const SampleBatch& sample) {
  CheckSettings(settings);
  return Job(images, settings, sample).Run();
}

}  // namespace gloce
