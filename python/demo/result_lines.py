"""Folders of results, as JSON lines by which an unfinished study goes on."""

import json
import pathlib
import sys


def read_lines(path: pathlib.Path) -> list[dict]:
    """JSON lines; a last one that was not finished is taken out of the file."""
    text = path.read_text() if path.is_file() else ""
    whole = text[:text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole)
    return [json.loads(line) for line in whole.splitlines()]


class ResultLines(dict):
    """The lines of a file of results by their "key", as JSON: what is there is not done again."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        super().__init__((json.dumps(line["key"]), line) for line in read_lines(path))

    def add(self, line: dict) -> None:
        with open(self.path, "a") as file:
            file.write(json.dumps(line) + "\n")
        self[json.dumps(line["key"])] = line


def claim_folder(out: pathlib.Path, study: dict) -> None:
    """Ends with an error where OUT holds results of another study."""
    out.mkdir(parents=True, exist_ok=True)
    file = out / "study.json"
    if file.exists() and json.loads(file.read_text()) != study:
        sys.exit(f"{out}: holds another study ({file.read_text()}); give another --out")
    file.write_text(json.dumps(study))
