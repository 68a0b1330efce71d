#!/usr/bin/env python3
"""Kills gloce at random instants and starts it again until it is done.

    kill_test.py PROGRAM BUNDLE [--kills N] [--seed S] [--of build|generate] [--rows R]

A build, and a job of R rows, get N signals each, SIGKILL or SIGTERM. What they leave in the end has
the bytes of an undisturbed run, and there is nothing beside it. One that is done before its signals
are used up begins anew in another folder. Instants are drawn from the seed, which is printed, for
each of: the start, the work, a file being written, the end.
"""

import argparse
import collections
import csv
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

WHENS = ("start", "work", "write", "end")
POLL_SECONDS = 0.0005
SIZES = ((64, 64), (64, 64), (64, 64), (96, 64))
THINGS = ("cat", "fox", "owl", "pizza", "guitar", "rocket", "dog", "apple")


def write_rows(path: pathlib.Path, rows: int) -> None:
    """A table of prompts, some of another size, so that batches do not follow the rows."""
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("case_number", "prompt", "evaluation_seed", "width", "height"))
        for row in range(rows):
            first, second = THINGS[row % 8], THINGS[row // 8 % 8]
            table.writerow((row, f"a {first} and a {second}", row, *SIZES[row % 4]))


class Build:
    """`gloce build` of three concepts."""

    name = "build"
    unit = ".part.safetensors"  # how names of what is made one by one end
    to_measure = ("--keep-parts",)

    def __init__(self, program: str, bundle: str):
        self.base = [program, "build", "--model", bundle, "--steps", "4", "--window", "0:2",
                     "--num-seeds", "2", "--gate-start", "0", "--batch-size", "2", "--json",
                     "--erase", "cat", "--erase", "fox", "--erase", "pizza", "--out"]

    def command(self, folder: pathlib.Path) -> list[str]:
        return [*self.base, str(folder / "e.safetensors")]

    def learn(self, folder: pathlib.Path) -> None:
        self.expected = (folder / "e.safetensors").read_bytes()
        self.scores = count_scores(list_names(folder))

    def is_near_end(self, names: list[str]) -> bool:
        return count_scores(names) >= self.scores - 1

    def check_left(self, folder: pathlib.Path) -> None:
        """What is there after a kill is whole."""
        erasers = folder / "e.safetensors"
        assert not erasers.exists() or erasers.read_bytes() == self.expected

    def check_interrupted(self, folder: pathlib.Path, message: str) -> None:
        if "the same command goes on" in message:
            assert not any(name.endswith("-tmp") for name in list_names(folder))
        else:  # it had not begun
            assert not message or "what was written is whole" in message, message

    def check_done(self, folder: pathlib.Path, left: list[str], document: dict) -> None:
        assert (folder / "e.safetensors").read_bytes() == self.expected, "other erasers"
        assert list_names(folder) == ["e.safetensors"], list_names(folder)


class Job:
    """`gloce generate` of a table, with erasers."""

    name = "generate"
    unit = ".png"
    to_measure = ()

    def __init__(self, program: str, bundle: str, table: str, rows: int, erasers: str):
        self.rows = rows
        self.base = [program, "generate", "--model", bundle, "--prompts", table, "--steps", "2",
                     "--batch-size", "8", "--erasers", erasers, "--json", "--out"]

    def command(self, folder: pathlib.Path) -> list[str]:
        return [*self.base, str(folder / "out")]

    def learn(self, folder: pathlib.Path) -> None:
        self.pictures = {path.name: path.read_bytes() for path in (folder / "out").glob("*.png")}
        self.lines = read_lines(folder)
        assert len(self.pictures) == len(self.lines) == self.rows

    def is_near_end(self, names: list[str]) -> bool:
        return sum(name.endswith(".png") for name in names) >= self.rows - 8

    def check_left(self, folder: pathlib.Path) -> None:
        for path in (folder / "out").glob("*.png"):
            assert path.read_bytes() == self.pictures[path.name], f"{path.name} differs"
        # A kill may tear the last line, and keep one picture from its line.
        files = [line["file"] for line in read_lines(folder, torn=True)]
        there = sum(name.endswith(".png") for name in list_names(folder))
        assert len(set(files)) == len(files), "two lines of one picture"
        assert there - 1 <= len(files) <= there, (there, len(files))

    def check_interrupted(self, folder: pathlib.Path, message: str) -> None:
        """The manifest tells what is there, one line a picture."""
        if not message or "what was written is whole" in message:
            return  # it had not begun, or was looking at what is there
        lines = read_lines(folder)
        files = {line["file"] for line in lines}
        assert lines == [line for line in self.lines if line["file"] in files]
        assert f"has {len(files)} of {self.rows} pictures" in message, message
        names = list_names(folder)
        pictures = {name.removeprefix("out/") for name in names if name.endswith(".png")}
        assert files <= pictures and len(pictures - files) <= 1  # a kill before left that one
        assert not any(name.endswith("-tmp") for name in names)

    def check_done(self, folder: pathlib.Path, left: list[str], document: dict) -> None:
        self.check_left(folder)
        assert list_names(folder) == sorted(
            ["out/" + name for name in (".gloce-lock", "manifest.jsonl", "summary.json",
                                    *self.pictures)])
        assert read_lines(folder) == self.lines, "another manifest"
        assert document["made"] + document["skipped"] == self.rows, document
        there = sum(name.endswith(".png") for name in left)
        # A picture whose line a kill prevented is made again.
        assert there - 1 <= document["skipped"] <= there, (there, document)


def list_names(folder: pathlib.Path) -> list[str]:
    """All files below the folder."""
    names = []
    for root, _, files in os.walk(folder):
        names += [os.path.relpath(os.path.join(root, name), folder) for name in files]
    return sorted(names)


def count_scores(names: list[str]) -> int:
    """Batches of anchors whose scores are stored."""
    return sum("scores-" in name and name.endswith(".part.safetensors") for name in names)


def read_lines(folder: pathlib.Path, torn: bool = False) -> list[dict]:
    """The records of a manifest, without what differs between runs, and a torn last line."""
    manifest = folder / "out" / "manifest.jsonl"
    if not manifest.exists():
        return []
    lines = manifest.read_text().splitlines(keepends=True)
    if torn and lines and not lines[-1].endswith("\n"):
        lines.pop()
    return [json.loads(line) | {"seconds": 0} for line in lines]


class Killer:
    """Runs one command under fire."""

    def __init__(self, work, folder: pathlib.Path, chance: random.Random):
        self.work = work
        self.folder = folder
        self.chance = chance
        self.codes = collections.Counter()
        self.kept = 0  # folders begun
        self.measure()

    def start(self, folder: pathlib.Path, options=()) -> subprocess.Popen:
        return subprocess.Popen([*self.work.command(folder), *options], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def measure(self) -> None:
        """An undisturbed run: what is expected, and how long its phases take."""
        folder = self.new_folder()
        begin = time.monotonic()
        process = self.start(folder, self.work.to_measure)
        self.wait(process, folder, lambda names: self.has_more(names, ()))
        self.start_seconds = time.monotonic() - begin
        _, errors = process.communicate()
        assert process.returncode == 0, errors
        self.work_seconds = time.monotonic() - begin - self.start_seconds
        self.work.learn(folder)

    def has_more(self, names, before) -> bool:
        return any(name.endswith(self.work.unit) and name not in before for name in names)

    def new_folder(self) -> pathlib.Path:
        self.kept += 1
        folder = self.folder / f"{self.work.name}-{self.kept}"
        folder.mkdir()
        return folder

    def wait(self, process, folder, reached) -> bool:
        """Until `reached` holds for the files' names; False if the process ended before."""
        while process.poll() is None:
            if reached(list_names(folder)):
                return True
            time.sleep(POLL_SECONDS)
        return False

    def wait_for(self, when: str, process, folder) -> bool:
        """Until the instant to kill at; False if the process ended before."""
        chance = self.chance
        before = set(list_names(folder))
        if when == "start":
            reached, delay = lambda names: True, chance.uniform(0, self.start_seconds)
        elif when == "work":
            reached = lambda names: self.has_more(names, before)
            delay = chance.uniform(0, self.work_seconds / 10)
        elif when == "write":
            reached = lambda names: any(name.endswith("-tmp") for name in names if
                                        name not in before)
            delay = chance.uniform(0, 0.004)
        else:
            reached, delay = self.work.is_near_end, chance.uniform(0, self.work_seconds / 20)
        if not self.wait(process, folder, reached):
            return False
        end = time.monotonic() + delay
        while time.monotonic() < end and process.poll() is None:
            time.sleep(POLL_SECONDS)
        return process.poll() is None

    def run_once(self, when: str | None, number: int, folder: pathlib.Path) -> tuple[bool, bool]:
        """Starts the command, and kills it unless `when` is None. Whether it was killed, is done."""
        left = list_names(folder)
        process = self.start(folder)
        killed = when is not None and self.wait_for(when, process, folder)
        if killed:
            process.send_signal(number)
        output, errors = process.communicate()
        code = process.returncode
        if killed:
            self.codes[when, signal.Signals(number).name, code] += 1
        expected = {0}
        if killed and number == signal.SIGKILL:
            expected.add(-signal.SIGKILL)
        elif killed:
            expected.add(130)
            if when in ("start", "end"):  # before its main begins, it ends as any other; a job
                expected.add(-signal.SIGTERM)  # may be near its end when it starts
        assert code in expected, (when, number, code, errors)
        self.work.check_left(folder)
        missing = [name for name in left if name.endswith(".png")
                   and not (folder / name).exists()]
        assert not missing, f"lost: {missing}"
        if code == 130:
            self.work.check_interrupted(folder, errors)
        if code == 0:
            self.work.check_done(folder, left, json.loads(output))
        return killed, code == 0

    def run(self, kills: int) -> None:
        folder = self.new_folder()
        delivered = 0
        done = False
        while delivered < kills or not done:
            if done:
                folder = self.new_folder()
            when = self.chance.choice(WHENS) if delivered < kills else None
            number = self.chance.choice((signal.SIGKILL, signal.SIGTERM))
            killed, done = self.run_once(when, number, folder)
            delivered += killed
            if killed and delivered % 10 == 0:
                print(f"{self.work.name}: {delivered} of {kills} kills", file=sys.stderr,
                      flush=True)

    def report(self) -> None:
        print(f"{self.work.name}: {sum(self.codes.values())} kills over {self.kept - 1} runs to "
              f"the end; start {self.start_seconds:.1f} s, work {self.work_seconds:.1f} s")
        for (when, name, code), count in sorted(self.codes.items()):
            print(f"  {when:5} {name:7} exit code {code:4}: {count}")
        sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("bundle")
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6),
                        help="(another one each time)")
    parser.add_argument("--of", choices=("build", "generate"))
    parser.add_argument("--rows", type=int, default=300)
    options = parser.parse_args()
    print(f"seed {options.seed}")
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        build = Killer(Build(options.program, options.bundle), folder, chance)
        killers = [build] if options.of != "generate" else []
        if options.of != "build":
            table = folder / "prompts.csv"
            write_rows(table, options.rows)
            erasers = folder / "build-1" / "e.safetensors"
            killers.append(Killer(Job(options.program, options.bundle, str(table), options.rows,
                                      str(erasers)), folder, chance))
        for killer in killers:
            try:
                killer.run(options.kills)
            finally:
                killer.report()


if __name__ == "__main__":
    main()
