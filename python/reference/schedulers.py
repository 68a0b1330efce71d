"""Golden values of diffusers' DDIM, PNDM and LMS schedulers."""

import numpy as np
import torch
from diffusers import DDIMScheduler, LMSDiscreteScheduler, PNDMScheduler

CLASSES = {"ddim": DDIMScheduler, "pndm": PNDMScheduler, "lms": LMSDiscreteScheduler}
SPACINGS = ("leading", "trailing", "linspace")
MAX_STEPS = 200

# scheduler_config.json of Stable Diffusion 1.4, without the class name.
SD1_CONFIG = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "timestep_spacing": "leading",
    "trained_betas": None,
}


def make(name: str, config: dict):
    """A scheduler of that configuration, as StableDiffusionPipeline would hold it."""
    return CLASSES[name].from_config(config)


def shortest(value) -> float | int:
    """A float32 as the number with the fewest digits that reads back as the same float32."""
    number = np.float32(value)
    short = float(str(number))
    if np.float32(short) != number:
        raise AssertionError(f"{number!r} does not survive its shortest form")
    return int(short) if short.is_integer() and abs(short) < 2**24 else short


def run_lengths(timesteps: list) -> list:
    """[first, difference, count, difference, count, …]; for integers only."""
    encoded = [timesteps[0]]
    for previous, current in zip(timesteps, timesteps[1:]):
        difference = current - previous
        if len(encoded) > 1 and encoded[-2] == difference:
            encoded[-1] += 1
        else:
            encoded += [difference, 1]
    return encoded


def _timesteps_of_every_count(name: str, config: dict) -> list[list]:
    scheduler = make(name, config)
    rows = []
    for steps in range(1, MAX_STEPS + 1):
        scheduler.set_timesteps(steps)
        rows.append([shortest(t) for t in scheduler.timesteps.tolist()])
    return rows


def timesteps_cases() -> list[dict]:
    """A case a scheduler, spacing and steps_offset; cases with equal timesteps are one.

    `timesteps[n - 1]` belongs to n steps: run lengths where all are integers
    ("encoding": "run_lengths"), else the numbers themselves ("numbers").
    """
    cases = []
    for name in CLASSES:
        for spacing in SPACINGS:
            by_offset = {}
            for offset in (0, 1):
                config = {**SD1_CONFIG, "timestep_spacing": spacing, "steps_offset": offset}
                by_offset[offset] = _timesteps_of_every_count(name, config)
            same = by_offset[0] == by_offset[1]
            for offsets in ([0, 1],) if same else ([0], [1]):
                rows = by_offset[offsets[0]]
                integers = all(isinstance(t, int) for row in rows for t in row)
                cases.append({
                    "scheduler": name,
                    "timestep_spacing": spacing,
                    "steps_offsets": offsets,
                    "encoding": "run_lengths" if integers else "numbers",
                    "timesteps": [run_lengths(row) for row in rows] if integers else rows,
                })
    return cases


def model_output(sample: torch.Tensor, timestep) -> torch.Tensor:
    """Stands in for the U-Net: sin(1.3 · sample + timestep / 1000), elementwise, float32."""
    return torch.sin(1.3 * sample + torch.as_tensor(timestep, dtype=torch.float32) / 1000)


def start_noise() -> torch.Tensor:
    """16 numbers of a normal distribution."""
    return torch.randn(1, 1, 4, 4, generator=torch.Generator("cpu").manual_seed(0))


def _numbers(tensor: torch.Tensor) -> list:
    return [shortest(value) for value in tensor.flatten().tolist()]


def _recorded(count: int) -> set[int]:
    """Which results a trajectory of `count` model calls shows: all, if they are few."""
    if count <= 6:
        return set(range(count))
    return {0, 1, 2, 3, 4, 5, count // 2, count - 2, count - 1}


def trajectory(name: str, config: dict, steps: int) -> dict:
    """Runs a scheduler with model_output from start_noise · init_noise_sigma.

    results[i] = [k, sample after model call k], k from 0.
    """
    scheduler = make(name, config)
    scheduler.set_timesteps(steps)
    sample = start_noise() * scheduler.init_noise_sigma
    results = []
    recorded = _recorded(len(scheduler.timesteps))
    first_input = None
    for k, timestep in enumerate(scheduler.timesteps):
        scaled = scheduler.scale_model_input(sample, timestep)
        if first_input is None:
            first_input = _numbers(scaled)
        sample = scheduler.step(model_output(scaled, timestep), timestep, sample).prev_sample
        if k in recorded:
            results.append([k, _numbers(sample)])
    return {
        "scheduler": name,
        "config": config,
        "steps": steps,
        "model_calls": len(scheduler.timesteps),
        "init_noise_sigma": shortest(scheduler.init_noise_sigma),
        "first_model_input": first_input,
        "results": results,
    }


def _variants(name: str):
    """Prediction types × step counts, then one change at a time from SD 1.x's configuration."""
    kinds = ["epsilon", "v_prediction"] + ([] if name == "pndm" else ["sample"])
    for kind in kinds:  # PNDM refuses "sample"
        for steps in (5, 20, 50):
            yield {**SD1_CONFIG, "prediction_type": kind}, steps
    if name != "lms":  # which has no last alpha
        yield {**SD1_CONFIG, "set_alpha_to_one": True}, 20
    for spacing in ("trailing", "linspace"):
        yield {**SD1_CONFIG, "timestep_spacing": spacing}, 20
    yield {**SD1_CONFIG, "steps_offset": 0}, 20
    yield {**SD1_CONFIG, "beta_schedule": "linear", "beta_start": 0.0001, "beta_end": 0.02}, 20


def trajectory_cases() -> list[dict]:
    """Trajectories of all schedulers and variants."""
    return [
        trajectory(name, config, steps)
        for name in CLASSES
        for config, steps in _variants(name)
    ]
