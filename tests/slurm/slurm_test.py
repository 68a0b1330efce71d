#!/usr/bin/env python3
"""scripts/slurm on a real Slurm, in which one_node.sh runs this.

    one_node.sh slurm_test.py PROGRAM BUNDLE [TEST...]

The program runs with one thread, in Slurm as without it, so that pictures can be compared by bytes.
"""

import fcntl
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts/slurm"
PROGRAM, BUNDLE = (Path(argument).resolve() for argument in sys.argv[1:3])
SECONDS_TO_WAIT = 300

CONCEPTS = ["cat", "owl", "pizza"]
PROMPTS = [f"a picture of a {thing}" for thing in
           ("cat", "dog", "owl", "fox", "pizza", "guitar", "car", "house", "tiger", "lion", "apple", "clock")]
BUILD_ARGS = ["--steps", "6", "--window", "0:5", "--num-seeds", "1", "--gate-start", "0"]
GENERATE_ARGS = ["--steps", "4", "--batch-size", "2", "--num-images", "2", "--gate-maps"]
STARTED = re.compile(r"CUDA_VISIBLE_DEVICES=(\S*), requeued (\d) times")


def run(*words, **keywords) -> str:
    result = subprocess.run([str(word) for word in words], text=True, capture_output=True, **keywords)
    if result.returncode != 0:
        raise AssertionError(f"{words}: {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result.stdout


def tasks_of(job: str) -> list[dict[str, str]]:
    """What Slurm knows of a job, or of each task of an array that has begun, in order."""
    lines = run("scontrol", "show", "job", "--oneliner", job).splitlines()
    tasks = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in lines]
    return sorted(tasks, key=lambda task: task.get("ArrayTaskId", ""))


class Run:
    """A run in a folder of its own, with the settings that are given."""

    def __init__(self, folder: Path, **settings):
        folder.mkdir()
        self.folder = folder
        self.out = folder / "out"
        self.settings = {"MODEL": BUNDLE, "GLOCE": PROGRAM, "OUT": "out", **settings}
        self.jobs: dict[str, str] = {}

    def submit(self) -> None:
        lines = []
        for name, value in self.settings.items():
            is_list = isinstance(value, list)
            lines.append(f"{name}=({shlex.join(value)})" if is_list else f"{name}={shlex.quote(str(value))}")
        (self.folder / "settings").write_text("\n".join(lines))
        told = run(SCRIPTS / "submit.sh", "settings", cwd=self.folder)
        self.jobs = dict(re.findall(r"^(\w+): job (\d+)$", told, re.MULTILINE))

    def tasks(self) -> list[dict[str, str]]:
        return [task for job in self.jobs.values() for task in tasks_of(job)]

    def wait_for(self, holds, what: str) -> None:
        end = time.monotonic() + SECONDS_TO_WAIT
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what}\n{run('squeue')}\n{self.log('')}")
            time.sleep(0.1)

    def wait_for_end(self) -> None:
        active = {"PENDING", "RUNNING", "COMPLETING", "CONFIGURING"}
        self.wait_for(lambda: all(task["JobState"] not in active for task in self.tasks()), "the jobs' end")

    def outcomes(self, stage: str) -> list[tuple[str, str]]:
        return [(task["JobState"], task["ExitCode"]) for task in tasks_of(self.jobs[stage])]

    def restarts(self, stage: str) -> list[int]:
        return [int(task["Restarts"]) for task in tasks_of(self.jobs[stage])]

    def log(self, stage: str) -> str:
        logs = sorted((self.out / "logs").glob(f"gloce-{stage}*.log"))
        return "\n".join(f"== {log.name}\n{log.read_text()}" for log in logs)


def files_of(folder: Path) -> dict[str, bytes]:
    """The pictures, their gate maps and whatever else lies there beside a job's own records."""
    own = re.compile(r"manifest\.jsonl|summary(-\d+-of-\d+)?\.json|\.gloce-lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and not own.fullmatch(path.name)}


def pid_of(program: Path) -> int:
    """Of the one process that runs it."""
    [pid] = [int(exe.parent.name) for exe in Path("/proc").glob("[0-9]*/exe") if exe.resolve() == program]
    return pid


def is_pending(number: signal.Signals, pid: int) -> bool:
    """Whether the process has yet to be given a signal that was sent to it."""
    status = Path(f"/proc/{pid}/status").read_text()
    return bool(int(re.search(r"^ShdPnd:\s*(\w+)", status, re.MULTILINE)[1], 16) >> (number - 1) & 1)


def manifest_of(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


class SlurmTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        os.environ["OMP_NUM_THREADS"] = "1"

    def new_run(self, **settings) -> Run:
        return Run(self.folder / self.id().rsplit(".", 1)[-1], **settings)


class PipelineTest(SlurmTest):
    """With the program: what comes of a run is what comes of it without Slurm."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.concepts = cls.folder / "concepts.txt"
        cls.concepts.write_text("\n".join(CONCEPTS))
        cls.prompts = cls.folder / "prompts.csv"
        cls.prompts.write_text("case_number,prompt,evaluation_seed\n" + "".join(
            f"{i},{prompt},{100 + i}\n" for i, prompt in enumerate(PROMPTS)))
        cls.erasers, cls.pictures = cls.folder / "erasers.safetensors", cls.folder / "pictures"
        run(PROGRAM, "build", "--model", BUNDLE, "--concepts", cls.concepts, "--out", cls.erasers, *BUILD_ARGS)
        run(PROGRAM, "generate", "--model", BUNDLE, "--erasers", cls.erasers, "--prompts", cls.prompts,
            "--out", cls.pictures, *GENERATE_ARGS)

    def new_run(self, **settings) -> Run:
        return super().new_run(**{
            "CONCEPTS": self.concepts, "BUILD_SHARDS": 2, "BUILD_ARGS": BUILD_ARGS,
            "PROMPTS": self.prompts, "GENERATE_SHARDS": 3, "GENERATE_ARGS": GENERATE_ARGS, **settings})

    def assert_same_as_without_slurm(self, a_run: Run):
        log = a_run.log("")
        self.assertTrue((a_run.out / "erasers.safetensors").is_file(), log)
        self.assertEqual((a_run.out / "erasers.safetensors").read_bytes(), self.erasers.read_bytes())
        drawn, expected = files_of(a_run.out / "pictures"), files_of(self.pictures)
        for kind in ("*.png", "gates/*.st"):
            self.assertEqual(len(list(self.pictures.glob(kind))), 2 * len(PROMPTS))
        self.assertEqual(sorted(drawn), sorted(expected), log)
        self.assertEqual([name for name in drawn if drawn[name] != expected[name]], [])
        self.assertEqual(manifest_of(a_run.out / "pictures"), manifest_of(self.pictures))

    def test_a_run_in_shards_with_a_bad_row(self):
        prompts = self.folder / "bad_row.csv"
        prompts.write_text(self.prompts.read_text() + "99,a picture of a car,no seed\n")
        a_run = self.new_run(PROMPTS=prompts)
        a_run.submit()
        a_run.wait_for_end()
        self.assert_same_as_without_slurm(a_run)

        shards = [{path.name for path in (a_run.out / f"shards/{i}-of-3").glob("*.png")} for i in (1, 2, 3)]
        self.assertEqual([len(shard) for shard in shards], [8, 8, 8])
        self.assertEqual(len(set.union(*shards)), 24)
        # Nothing was drawn twice: what was collected is the shards'.
        self.assertIn("0 pictures made, 24 were there already", a_run.log("collect"))
        # Each process saw one GPU, and both were used.
        for stage, count in (("build", 2), ("generate", 3)):
            gpus = [gpu for gpu, _ in STARTED.findall(a_run.log(stage))]
            self.assertEqual(len(gpus), count)
            self.assertEqual(set(gpus), {"0", "1"})
        # The bad row stops nobody, and is told of at the end.
        done = ("COMPLETED", "0:0")
        self.assertEqual(a_run.outcomes("build"), [done] * 2)
        self.assertEqual(a_run.outcomes("generate"), [done] * 3)
        self.assertEqual(a_run.outcomes("collect"), [("FAILED", "3:0")])
        for stage in ("generate", "collect"):
            self.assertIn("bad_row.csv: line 14", a_run.log(stage))

        # Submitted again, without the row, after a kill tore a line: nothing is made again.
        prompts.write_text(self.prompts.read_text())
        with (a_run.out / "pictures/manifest.jsonl").open("a") as manifest:
            manifest.write('{"file":"0_')
        a_run.submit()
        a_run.wait_for_end()
        self.assert_same_as_without_slurm(a_run)
        self.assertEqual(a_run.outcomes("collect"), [done], a_run.log("collect"))
        self.assertEqual(a_run.log("collect").count("0 pictures made, 24 were there already"), 2)
        self.assertIn(" 0 U-Net passes", a_run.log("build"))
        self.assertEqual(sum(map(int, re.findall(r"(\d+) pictures made", a_run.log("generate")))), 24)

    def test_preempted_and_requeued_in_the_middle(self):
        a_run = self.new_run()
        a_run.submit()
        parts = a_run.out / "build/1-of-2.safetensors.parts"
        a_run.wait_for(lambda: list(parts.glob("*.part.safetensors")), "a part of the build")
        run("scontrol", "requeue", a_run.jobs["build"] + "_1")
        manifest = a_run.out / "shards/1-of-3/manifest.jsonl"
        a_run.wait_for(lambda: manifest.is_file() and manifest.read_text(), "a picture")
        urgent = run("sbatch", "--parsable", "--partition=urgent", "--exclusive", "--output=/dev/null",
                     "--wrap=true").strip()
        a_run.wait_for_end()
        self.assert_same_as_without_slurm(a_run)

        self.assertEqual(tasks_of(urgent)[0]["JobState"], "COMPLETED")
        done = ("COMPLETED", "0:0")
        for stage, count in (("build", 2), ("merge", 1), ("generate", 3), ("collect", 1)):
            self.assertEqual(a_run.outcomes(stage), [done] * count, stage)
        self.assertEqual(a_run.restarts("build"), [1, 0])
        restarts = a_run.restarts("generate")
        self.assertEqual(restarts[0], 1)
        self.assertIn("CANCELLED", a_run.log("generate"))
        self.assertIn("DUE TO PREEMPTION", a_run.log("generate"))
        # It was not killed, and went on where it was, in the build as with the pictures. A build
        # whose batch in work is its last finishes it and is done, so is no error.
        self.assertRegex(a_run.log("build"), "gloce: (error: )?interrupted")
        self.assertIn("gloce: error: interrupted", a_run.log("generate"))
        self.assertIn("going on with what fits of it", a_run.log("build"))
        self.assertRegex(a_run.log("generate"), r"[1-7] pictures made, [1-7] were there already")

    def test_requeued_near_its_time_limit(self):
        prompts = self.folder / "first_rows.csv"
        prompts.write_text("".join(self.prompts.read_text().splitlines(keepends=True)[:4]))
        a_run = self.new_run(CONCEPTS="", ERASERS=[str(self.erasers)], PROMPTS=prompts, GENERATE_SHARDS=1)
        a_run.submit()
        manifest = a_run.out / "shards/1-of-1/manifest.jsonl"
        a_run.wait_for(lambda: manifest.is_file() and manifest.read_text(), "a picture")
        # Slurm looks at time limits twice a minute; the program must not be done before that.
        program = pid_of(PROGRAM)
        os.kill(program, signal.SIGSTOP)
        task = a_run.jobs["generate"] + "_1"
        run("scontrol", "update", f"JobId={task}", "TimeLimit=2")
        a_run.wait_for(lambda: is_pending(signal.SIGTERM, program), "Slurm's warning")
        os.kill(program, signal.SIGCONT)
        a_run.wait_for(lambda: a_run.restarts("generate") == [1], "the requeue")
        run("scontrol", "update", f"JobId={task}", "TimeLimit=UNLIMITED")
        a_run.wait_for_end()

        log = a_run.log("generate")
        self.assertEqual(a_run.outcomes("generate"), [("COMPLETED", "0:0")], log)
        self.assertEqual(a_run.restarts("generate"), [1])
        self.assertIn("gloce: error: interrupted", log)
        self.assertIn("the job's time is up; it goes on after a requeue", log)
        self.assertRegex(log, r"[1-5] pictures made, [1-5] were there already")
        drawn, expected = files_of(a_run.out / "pictures"), files_of(self.pictures)
        self.assertEqual(len(drawn), 2 * 6)
        self.assertEqual([name for name in drawn if drawn[name] != expected.get(name)], [])


class StubTest(SlurmTest):
    """With a program that does what a test needs."""

    def new_run(self, script: str, **settings) -> Run:
        a_run = super().new_run(**settings)
        program = a_run.folder / "program"
        program.write_text(f"#!/usr/bin/env bash\n{script}\n")
        program.chmod(0o755)
        (a_run.folder / "list").write_text("x\n")
        a_run.settings.update({"GLOCE": program, "CONCEPTS": "list", "PROMPTS": "list", **settings})
        return a_run

    def test_what_fails_stops_what_comes_after(self):
        a_run = self.new_run("[[ $* != *--shard\\ 2/3* ]]", BUILD_SHARDS=3)
        a_run.submit()
        a_run.wait_for_end()
        self.assertEqual([state for state, _ in a_run.outcomes("build")], ["COMPLETED", "FAILED", "COMPLETED"])
        for stage in ("merge", "generate", "collect"):
            self.assertEqual([state for state, _ in a_run.outcomes(stage)], ["CANCELLED"], stage)

    def test_requeued_before_the_time_is_up(self):
        # Slurm's shortest time is a minute, and it warns two minutes before its end, or at once.
        a_run = self.new_run("""
            [ ! -e first ] || exit 0
            trap 'touch first; exit 130' TERM
            while sleep 0.1; do :; done""", CONCEPTS="", SBATCH_ARGS=["--time=1"])
        a_run.submit()
        a_run.wait_for_end()
        self.assertEqual(a_run.outcomes("generate"), [("COMPLETED", "0:0")], a_run.log(""))
        self.assertEqual(a_run.restarts("generate"), [1])
        self.assertIn("the job's time is up; it goes on after a requeue", a_run.log("generate"))

    def test_collect_changes_nothing_while_another_process_writes(self):
        a_run = self.new_run(":", CONCEPTS="")
        pictures, shard = a_run.out / "pictures", a_run.out / "shards/1-of-1"
        for folder, text in ((pictures, "old\n"), (shard, "new\n")):
            folder.mkdir(parents=True)
            (folder / "manifest.jsonl").write_text(text)
        (shard / "0_0.png").write_text("new")
        with (pictures / ".gloce-lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            a_run.submit()
            a_run.wait_for_end()
        self.assertEqual(a_run.outcomes("collect"), [("FAILED", "1:0")])
        self.assertIn(f"error: {pictures}: another gloce process is writing here", a_run.log("collect"))
        self.assertEqual((pictures / "manifest.jsonl").read_text(), "old\n")
        self.assertFalse((pictures / "0_0.png").exists())

        # The lock is given back before the program starts, which takes it.
        a_run.settings["GLOCE"].write_text(
            "#!/bin/bash\n[[ $* = *--shard* ]] || flock --nonblock out/pictures/.gloce-lock true\n")
        a_run.submit()
        a_run.wait_for_end()
        self.assertEqual(a_run.outcomes("collect"), [("COMPLETED", "0:0")], a_run.log("collect"))
        self.assertEqual((pictures / "manifest.jsonl").read_text(), "old\nnew\n")
        self.assertEqual((pictures / "0_0.png").read_text(), "new")

    def test_a_refused_stage_cancels_those_before(self):
        a_run = self.new_run("sleep 60", GENERATE_SHARDS=100000)
        with self.assertRaises(AssertionError) as refusal:
            a_run.submit()
        message = str(refusal.exception)
        found = re.search(r"(?m)^error: sbatch refused generate; what was submitted before it is cancelled: "
                          r"jobs (\d+) (\d+)$", message)
        self.assertTrue(found, message)
        a_run.jobs = dict(zip(("build", "merge"), found.groups()))
        a_run.wait_for_end()
        for stage in a_run.jobs:
            self.assertEqual([state for state, _ in a_run.outcomes(stage)], ["CANCELLED"], stage)

    def test_cancelled_for_good(self):
        a_run = self.new_run("""
            trap 'echo stopped; exit 130' TERM
            echo ready
            while sleep 0.1; do :; done""", PROMPTS="")
        a_run.submit()
        a_run.wait_for(lambda: "ready" in a_run.log("build"), "the program's start")
        run("scancel", a_run.jobs["build"])
        a_run.wait_for_end()
        self.assertIn("stopped", a_run.log("build"))
        self.assertNotIn("goes on after a requeue", a_run.log("build"))
        self.assertEqual([state for state, _ in a_run.outcomes("build")], ["CANCELLED"])
        self.assertEqual([state for state, _ in a_run.outcomes("merge")], ["CANCELLED"])


class SettingsTest(SlurmTest):
    def assert_refused(self, settings: str, message: str):
        path = self.folder / "settings"
        path.write_text(settings)
        done = subprocess.run([SCRIPTS / "submit.sh", path], text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, f"(?m)^error: .*{message}")
        self.assertEqual(run("squeue", "--noheader"), "")

    def test_mistakes_are_told_before_anything_is_submitted(self):
        good = f"MODEL={BUNDLE} GLOCE={PROGRAM} OUT={self.folder}/out PROMPTS={__file__}\n"
        for settings, message in (
                (good + "OUT=", "OUT is not set"),
                (good + "PROMPTS=", "nothing to do"),
                (good + "MODEL=nowhere", 'MODEL: "nowhere" is no bundle'),
                (good + "GLOCE=nowhere", "GLOCE: nowhere is no program"),
                (good + "PROMPTS=nowhere", "nowhere: no such file"),
                (good + "ERASERS=(nowhere)", "nowhere: no such file"),
                (good + "GENERATE_SHARDS=0", 'GENERATE_SHARDS: got "0"'),
                (good + "GENERATE_ARGS=(--overwrite)", "GENERATE_ARGS: with --overwrite"),
                (good + "GENERATE_SHARD=2", "no setting is called GENERATE_SHARD$"),
                (good + "SBATCH_ARGS=(--partition=nowhere)", "sbatch refused generate")):
            with self.subTest(message):
                self.assert_refused(settings, message)

    def test_settings_with_a_program_s_name(self):
        (self.folder / "ls").write_text("OUT=")
        done = subprocess.run([SCRIPTS / "submit.sh", "ls"], cwd=self.folder, text=True, capture_output=True,
                              check=False)
        self.assertRegex(done.stderr, "^error: ls: OUT is not set")

    def test_the_example_names_every_setting(self):
        example, script = ((SCRIPTS / name).read_text() for name in ("example.sh", "submit.sh"))
        defaults = re.search(r"^GLOCE=.*?(?=^known)", script, re.DOTALL | re.MULTILINE)[0]
        for name in re.findall(r"\b([A-Z_]+)=", defaults):
            self.assertRegex(example, rf"(?m)^(# )?{name}=")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
