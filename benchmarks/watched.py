"""A process whose memory is read while it runs, and what programs that use it print."""

import argparse
import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def resident(pid: int) -> tuple[float, float]:
    """MiB now and at most, or zeros once the process is gone."""
    try:
        lines = dict(line.split(":", 1) for line in
                     Path(f"/proc/{pid}/status").read_text().splitlines())
        return tuple(int(lines[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))
    except (OSError, KeyError):
        return 0.0, 0.0


@dataclass(frozen=True)
class Watched:
    """One process, from start to end."""

    document: dict  # the JSON that it printed
    wall: float  # seconds
    memory: list[tuple[float, float]]  # (MiB, MiB at most), in turn; never empty


def run(command: list, watch: float = 0, code: int = 0, counts=lambda: True) -> Watched:
    """Runs a command; memory is read every `watch` seconds while `counts()`.

    SystemExit with its messages if it does not end with `code`.
    """
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as messages:
        start = time.monotonic()
        process = subprocess.Popen([*map(str, command)], stdout=printed, stderr=messages)
        memory = []
        while watch and process.poll() is None:
            if counts():
                memory.append(resident(process.pid))
            time.sleep(watch)
        ended = process.wait()
        wall = time.monotonic() - start
        printed.seek(0)
        messages.seek(0)
        if ended != code:
            raise SystemExit(f"gloce ended with {ended}:\n{messages.read()}")
        read = [m for m in memory if m[0] > 0]
        return Watched(json.loads(printed.read()), wall, read or [(0.0, 0.0)])


def parser(description: str, bundle: str) -> argparse.ArgumentParser:
    """Options that these programs share; bundle: of build/testdata."""
    made = argparse.ArgumentParser(description=description,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--program", type=Path, default=ROOT / "build/gloce")
    made.add_argument("--model", type=Path, default=ROOT / "build/testdata" / bundle,
                      help="bundle (%(default)s)")
    made.add_argument("--watch", type=float, default=0.2, metavar="SECONDS",
                      help="how often memory is read (%(default)s)")
    made.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    return made


def write_json(path: Path | None, figures: list[dict]) -> None:
    if path:
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
