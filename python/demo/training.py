"""What every training stage shares: time-based schedule, atomic files."""

import copy
import math
import os
import pathlib
import shutil
import time
from collections.abc import Callable

import torch


class TimedRun:
    """A run whose length is given in minutes, not in steps.

    The cosine schedule follows the clock, so the learning rate reaches its end
    when the time is up however busy the machine is. `seconds_before` is the
    time that earlier, interrupted runs of the same stage have spent.
    """

    def __init__(self, minutes: float, seconds_before: float = 0.0):
        self._budget = 60.0 * minutes
        self._start = time.monotonic() - seconds_before

    def elapsed(self) -> float:
        """Seconds spent on this stage, earlier runs included."""
        return time.monotonic() - self._start

    def fraction(self) -> float:
        return self.elapsed() / self._budget

    def learning_rate(self, peak: float, floor: float, step: int,
                      warm_up: int) -> float:
        """Linear warm-up over `warm_up` steps, then a cosine to `floor`."""
        cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, self.fraction())))
        return floor + (peak - floor) * min(1.0, (step + 1) / warm_up) * cosine


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def save_tensors(state: object, path: pathlib.Path) -> None:
    """torch.save to a temporary name, then rename."""
    temporary = path.with_name(path.name + ".tmp")
    torch.save(state, temporary)
    os.replace(temporary, path)


def replace_folder(folder: pathlib.Path,
                   write: Callable[[pathlib.Path], object]) -> None:
    """Calls `write` on a temporary folder, then puts it in `folder`'s place."""
    temporary = folder.with_name(folder.name + ".tmp")
    old = folder.with_name(folder.name + ".old")
    for leftover in (temporary, old):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary.mkdir(parents=True)
    write(temporary)
    if folder.exists():
        os.rename(folder, old)
    os.rename(temporary, folder)
    shutil.rmtree(old, ignore_errors=True)


def save_network(network, folder: pathlib.Path) -> None:
    """save_pretrained into `folder`'s place. safetensors stores contiguous
    tensors only, and training uses the channels-last layout."""
    plain = copy.deepcopy(network).to(memory_format=torch.contiguous_format)
    replace_folder(folder, plain.save_pretrained)


def log(stage: str, text: str) -> None:
    print(f"{stage}: {text}", flush=True)
