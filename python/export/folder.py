"""Writes a folder so that it appears complete or not at all."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from .errors import ExportError

MANIFEST = "bundle.json"


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _remove_stale(out: Path) -> None:
    """Removes what earlier exports to the same place left when they were killed."""
    for path in out.parent.glob(f".{out.name}.*.partial"):
        process_id = path.name.split(".")[-2]
        if process_id.isdigit() and not _is_running(int(process_id)):
            shutil.rmtree(path, ignore_errors=True)


def _require_replaceable(out: Path, overwrite: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise ExportError(f"{out}: is a file: give another --out")
    if not any(out.iterdir()):
        return
    if not (out / MANIFEST).is_file():
        raise ExportError(f"{out}: holds other files and is no bundle: give another --out")
    if not overwrite:
        raise ExportError(f"{out}: holds a bundle: add --overwrite to replace it")


@contextmanager
def new_bundle_folder(out: Path, overwrite: bool):
    """Yields a temporary folder beside `out` and renames it to `out` at the end.

    After an exception nothing of it remains, and what was at `out` is as it
    was. Raises ExportError if `out` is there and may not be replaced.
    """
    _require_replaceable(out, overwrite)
    out.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(out)
    partial = out.parent / f".{out.name}.new.{os.getpid()}.partial"
    previous = out.parent / f".{out.name}.old.{os.getpid()}.partial"
    partial.mkdir()
    try:
        yield partial
        if out.exists():
            out.rename(previous)
        try:
            partial.rename(out)
        except BaseException:
            if previous.exists():
                previous.rename(out)
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if out.exists():
            shutil.rmtree(previous, ignore_errors=True)
