"""What every golden file says about its origin, and a compact way to write it."""

import importlib.metadata
import json
from pathlib import Path


def origin(command: str, packages: list[str]) -> dict:
    """The command that made a file and the versions of `packages` it used."""
    return {
        "command": command,
        "versions": {name: importlib.metadata.version(name) for name in packages},
    }


def write_json(path: Path, document: dict) -> None:
    """Writes JSON with one line an item of every list directly below the top level.

    So that a change of one case is one changed line.
    """
    lines = []
    for key, value in document.items():
        if isinstance(value, list):
            items = ",\n".join("  " + _compact(item) for item in value)
            lines.append(f"{_compact(key)}: [\n{items}\n]")
        else:
            lines.append(f"{_compact(key)}: {_compact(value)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _compact(value) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
