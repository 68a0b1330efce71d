#!/usr/bin/env python3
"""Writes tests/data/golden/{timesteps,trajectories}.json from diffusers.

    OMP_NUM_THREADS=1 python scripts/make_scheduler_golden.py

timesteps.json: for every scheduler and spacing a hash of the timesteps of each
step count up to 200, one of all further counts' timesteps put together, and the
timesteps themselves for some counts. Fractional Karras timesteps hang on the last
bit of numpy's float32 logarithm, which differs between processors: they have a sum
in place of the hash.
trajectories.json: latents that the schedulers reach with an analytic denoiser,
for configs of their own class and for configs of every other class of diffusers,
converted as a user does it, `Target.from_config(source.config)`.
"""

import argparse
import inspect
import json
import math
import pathlib
import platform
import struct
import sys
import warnings

import diffusers
import numpy as np
import scipy
import torch
from diffusers.schedulers.scheduling_utils import KarrasDiffusionSchedulers
from diffusers.utils import DummyObject

CLASSES = {
    "ddim": diffusers.DDIMScheduler,
    "pndm": diffusers.PNDMScheduler,
    "lms": diffusers.LMSDiscreteScheduler,
    "euler": diffusers.EulerDiscreteScheduler,
    "dpmpp_2m": diffusers.DPMSolverMultistepScheduler,
}
SPACINGS = ["leading", "trailing", "linspace"]
STABLE_DIFFUSION = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
}
MOST_HASHED_ALONE = 200
LISTED_STEP_COUNTS = [1, 2, 3, 4, 5, 7, 20, 50, 61]


def class_config(name, **fields):
    return {"_class_name": CLASSES[name].__name__, **fields}


def make(name, config):
    """The scheduler `name` from a config of any class, as a user converts it."""
    if "lambda_min_clipped" in config and config["lambda_min_clipped"] is None:
        config = {**config, "lambda_min_clipped": -math.inf}  # which JSON lacks
    source_class = getattr(diffusers, config["_class_name"])
    target = CLASSES[name].from_config(source_class.from_config(config).config)
    # Reading the file with the target's class at once gives the same.
    direct = CLASSES[name].from_config(config)
    arguments = set(inspect.signature(CLASSES[name].__init__).parameters) - {"self"}
    for key in sorted(arguments):
        assert target.config[key] == direct.config[key], (name, config, key)
    return target


def fnv1a(values):
    """64-bit FNV-1a over the values' little-endian float64 bytes."""
    state = 0xCBF29CE484222325
    for byte in struct.pack(f"<{len(values)}d", *values):
        state = ((state ^ byte) * 0x100000001B3) % 2**64
    return f"{state:016x}"


def timesteps_of(scheduler, num_inference_steps):
    """The timesteps without the surplus -1 of some trailing ones, and whether
    there was one; None where diffusers fails or leaves the table of betas."""
    try:
        scheduler.set_timesteps(num_inference_steps)
    except ValueError:
        return None, False
    values = [float(t) for t in scheduler.timesteps]
    surplus = values[-1] == -1.0
    if surplus:
        values.pop()
    if max(values) >= scheduler.config.num_train_timesteps:
        return None, surplus
    if isinstance(scheduler, CLASSES["dpmpp_2m"]) and not scheduler.config.use_karras_sigmas:
        # From a step of length 0 it goes on to divide by 0.
        if len(set(values)) < len(values):
            return None, surplus
    return values, surplus


def timestep_cases():
    cases = []
    for name in CLASSES:
        for spacing in SPACINGS:
            fields = {"timestep_spacing": spacing}
            if spacing == "leading":
                fields["steps_offset"] = 1
            variants = [fields]
            if name == "pndm":
                variants = [
                    {**fields, "skip_prk_steps": True},
                    {**fields, "skip_prk_steps": False},
                ]
            if spacing == "trailing":
                variants.append({**variants[0], "num_train_timesteps": 777})
            cases += [(name, variant) for variant in variants]
    for name in ["lms", "euler", "dpmpp_2m"]:
        cases.append((name, {"use_karras_sigmas": True}))
    for spacing in SPACINGS:
        cases.append(("dpmpp_2m", {"beta_schedule": "squaredcos_cap_v2",
                                   "timestep_spacing": spacing,
                                   "lambda_min_clipped": -5.1}))
    cases.append(("dpmpp_2m", {"beta_schedule": "squaredcos_cap_v2",
                               "use_karras_sigmas": True}))
    for name, fields in cases:
        config = class_config(name, **{**STABLE_DIFFUSION, **fields})
        scheduler = make(name, config)
        if fields.get("use_karras_sigmas"):
            yield {"scheduler": name, "config": config, **karras_timesteps(scheduler)}
            continue
        listed, hashes, refused, surplus_counts, others = {}, {}, [], [], []
        for count in range(1, scheduler.config.num_train_timesteps + 1):
            values, surplus = timesteps_of(scheduler, count)
            if surplus:
                surplus_counts.append(count)
            if values is None:
                refused.append(count)
            elif count <= MOST_HASHED_ALONE:
                hashes[count] = fnv1a(values)
            else:
                others += values
            if values is not None and count in LISTED_STEP_COUNTS:
                listed[count] = values
        yield {
            "scheduler": name,
            "config": config,
            "refused": refused,
            "surplus": surplus_counts,
            "fnv1a": hashes,
            "fnv1a_others": fnv1a(others),
            "timesteps": listed,
        }


def karras_timesteps(scheduler):
    """Hashes of integers, sums of fractions, for the step counts up to 200."""
    listed, hashes, sums = {}, {}, {}
    for count in range(1, MOST_HASHED_ALONE + 1):
        values, _ = timesteps_of(scheduler, count)
        if isinstance(scheduler, CLASSES["dpmpp_2m"]):
            hashes[count] = fnv1a(values)
        else:
            sums[count] = sum(values)
        if count in LISTED_STEP_COUNTS:
            listed[count] = values
    return {"fnv1a": hashes, "sums": sums, "timesteps": listed}


def start_noise():
    """Values that every language computes alike, in [-2, 2]; (2, 2, 2, 2)."""
    values = [(i * 7919 % 101) / 25.0 - 2.0 for i in range(16)]
    return torch.tensor(values, dtype=torch.float32).reshape(2, 2, 2, 2)


def denoise(latents, timestep):
    """An analytic denoiser of elementary operations only."""
    share = timestep / 1000.0
    return latents * share + 0.3 * latents / (1.0 + latents * latents) + 0.1


def trajectory(scheduler, num_inference_steps):
    scheduler.set_timesteps(num_inference_steps)
    if hasattr(scheduler, "set_begin_index"):
        # Else DPM-Solver looks its place up by the timestep and leaves out the first
        # of two that Karras sigmas round to one; at the end it then fails.
        scheduler.set_begin_index(0)
    latents = start_noise() * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        model_input = scheduler.scale_model_input(latents, timestep)
        model_output = denoise(model_input, float(timestep))
        latents = scheduler.step(model_output, timestep, latents).prev_sample
    return latents


def numbers(tensor):
    # The shortest decimals that give the same float32.
    return [float(str(np.float32(v))) for v in tensor.flatten().tolist()]


def own_configs():
    """(scheduler, fields, step counts) of the schedulers' own classes."""
    for prediction in ["epsilon", "v_prediction", "sample"]:
        yield from prediction_configs(prediction)
    yield from variant_configs()
    yield from schedule_configs()


def prediction_configs(prediction):
    """What each scheduler is asked for most, for one prediction type."""
    counts = [1, 2, 5, 20, 50]
    common = {**STABLE_DIFFUSION, "prediction_type": prediction}
    yield "ddim", {**common, "clip_sample": False, "steps_offset": 1,
                   "set_alpha_to_one": False}, counts
    if prediction != "sample":
        yield "pndm", {**common, "skip_prk_steps": True, "steps_offset": 1}, counts
        yield "pndm", common, [4, 5, 20, 50]
    yield "lms", common, counts
    for spacing in ["trailing", "linspace"]:
        yield "ddim", {**common, "clip_sample": False,
                       "timestep_spacing": spacing}, [3, 20]
    for name in ["lms", "euler", "dpmpp_2m"]:
        if name != "lms":
            yield name, common, counts
        for spacing in ["trailing", "leading"]:
            yield name, {**common, "timestep_spacing": spacing,
                         "steps_offset": 1}, [3, 20]
        yield name, {**common, "use_karras_sigmas": True}, [2, 20]
    for name in ["euler", "dpmpp_2m"]:
        zero_snr = {**common, "rescale_betas_zero_snr": True}
        yield name, {**zero_snr, "timestep_spacing": "trailing"}, [1, 10, 50]
        yield name, {**zero_snr, "use_karras_sigmas": True}, [10]
    yield "dpmpp_2m", {**common, "solver_type": "heun"}, [5, 20]


def variant_configs():
    """Clipping, ends of the run and the solver's variants."""
    for spacing in ["trailing", "linspace"]:
        for skip in [False, True]:
            yield "pndm", {**STABLE_DIFFUSION, "timestep_spacing": spacing,
                           "skip_prk_steps": skip, "set_alpha_to_one": True}, [4, 20]
    yield "ddim", {**STABLE_DIFFUSION}, [10]  # clips
    yield "ddim", {**STABLE_DIFFUSION, "clip_sample_range": 1.75}, [10]
    yield "ddim", {**STABLE_DIFFUSION, "clip_sample": False,
                   "prediction_type": "v_prediction", "timestep_spacing": "trailing",
                   "rescale_betas_zero_snr": True}, [1, 10, 50]
    yield "ddim", {**STABLE_DIFFUSION, "clip_sample": False,
                   "rescale_betas_zero_snr": True, "steps_offset": 1}, [10]
    for name in ["euler", "dpmpp_2m"]:
        last = {**STABLE_DIFFUSION, "final_sigmas_type": "sigma_min"}
        yield name, last, [1, 5, 20]
        yield name, {**last, "use_karras_sigmas": True}, [5, 20]
    for name in ["lms", "euler", "dpmpp_2m"]:  # LMS has no such ends
        yield name, {**STABLE_DIFFUSION, "use_karras_sigmas": True, "sigma_min": 0.1,
                     "sigma_max": 9.0}, [5, 20]
    for fields, counts in [
        ({"lower_order_final": False}, [5]),
        ({"lower_order_final": False, "final_sigmas_type": "sigma_min"}, [5, 20]),
        ({"euler_at_final": True, "final_sigmas_type": "sigma_min"}, [5, 20]),
        ({"lower_order_final": False, "euler_at_final": True,
          "final_sigmas_type": "sigma_min", "solver_type": "heun"}, [5, 20]),
        ({"algorithm_type": "deis", "solver_type": "bh2",
          "final_sigmas_type": "sigma_min"}, [5]),
    ]:
        yield "dpmpp_2m", {**STABLE_DIFFUSION, **fields}, counts


def schedule_configs():
    """Other tables of betas than Stable Diffusion's."""
    cosine = {"beta_schedule": "squaredcos_cap_v2"}
    for spacing in SPACINGS:
        yield "dpmpp_2m", {**cosine, "lambda_min_clipped": -5.1,
                           "timestep_spacing": spacing}, [10, 40]
    yield "dpmpp_2m", {**cosine, "use_karras_sigmas": True}, [10]
    trained = [round(0.001 + 0.0002 * i, 6) for i in range(100)]
    for name in CLASSES:
        fields = {"clip_sample": False} if name == "ddim" else {}
        yield name, {**fields, "beta_schedule": "squaredcos_cap_v2",
                     "prediction_type": "v_prediction"}, [10]
        yield name, {**fields, "beta_start": 0.0002, "beta_end": 0.03}, [10]
        yield name, {**fields, "trained_betas": trained,
                     "num_train_timesteps": len(trained)}, [10]
        yield name, {**fields, "num_train_timesteps": 250}, [10]


def foreign_configs():
    """Configs that a pipeline with another scheduler carries."""
    for entry in KarrasDiffusionSchedulers:
        source = getattr(diffusers, entry.name)
        if isinstance(source, DummyObject):
            continue  # needs a package that is not installed
        saved = json.loads(source().to_json_string())
        # Every field spelt out. Diffusers writes -Infinity, which JSON lacks.
        yield {k: None if v == -math.inf else v for k, v in saved.items()}
        yield {"_class_name": entry.name}
    # Stable Diffusion 1.x, and the demo pipeline's, which lacks clip_sample.
    yield {
        "_class_name": "PNDMScheduler", "_diffusers_version": "0.7.0.dev0",
        **STABLE_DIFFUSION, "num_train_timesteps": 1000, "set_alpha_to_one": False,
        "skip_prk_steps": True, "steps_offset": 1, "trained_betas": None,
        "clip_sample": False,
    }
    yield {
        "_class_name": "PNDMScheduler", **STABLE_DIFFUSION,
        "num_train_timesteps": 1000, "prediction_type": "epsilon",
        "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1,
        "timestep_spacing": "leading", "trained_betas": None,
    }
    # Not given by its author: gives way to the next class's default.
    yield {
        "_class_name": "PNDMScheduler", **STABLE_DIFFUSION,
        "timestep_spacing": "leading", "set_alpha_to_one": False,
        "skip_prk_steps": True, "clip_sample": False,
        "_use_default_values": ["timestep_spacing", "set_alpha_to_one"],
    }


def trajectory_cases():
    for name, fields, counts in own_configs():
        config = class_config(name, **fields)
        yield trajectory_case(name, config, counts)
    for config in foreign_configs():
        for name in CLASSES:
            if config["_class_name"] == "DEISMultistepScheduler" and name == "dpmpp_2m":
                continue  # diffusers refuses the fields that it fills in itself
            yield trajectory_case(name, config, [10])


def trajectory_case(name, config, counts):
    scheduler = make(name, config)
    return {
        "scheduler": name,
        "config": config,
        "final_latents": {n: numbers(trajectory(scheduler, n)) for n in counts},
    }


def alphas_cumprod_cases():
    indices = [0, 1, 2, 10, 100, 250, 500, 750, 900, 998, 999]
    for fields in [
        {"beta_schedule": "linear"},
        STABLE_DIFFUSION,
        {"beta_schedule": "squaredcos_cap_v2"},
        {**STABLE_DIFFUSION, "rescale_betas_zero_snr": True},
    ]:
        config = class_config("ddim", **fields)
        values = make("ddim", config).alphas_cumprod[indices]
        yield {"config": config, "indices": indices, "values": numbers(values)}


def write(path, content):
    """One case a line: compact, and readable in a diff."""
    lines = []
    for key, value in content.items():
        if isinstance(value, list):
            items = ",\n".join(json.dumps(v, allow_nan=False, separators=(",", ":")) for v in value)
            lines.append(f"{json.dumps(key)}: [\n{items}\n]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{path}: {path.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--out", type=pathlib.Path, default=root / "tests/data/golden")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    diffusers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    origin = {
        "command": "OMP_NUM_THREADS=1 python scripts/make_scheduler_golden.py",
        "versions": {
            "python": platform.python_version(),
            "diffusers": diffusers.__version__,
            "torch": torch.__version__.split("+")[0],
            "numpy": np.__version__,
            "scipy": scipy.__version__,
        },
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    write(arguments.out / "timesteps.json",
          {**origin, "cases": list(timestep_cases())})
    write(arguments.out / "trajectories.json",
          {**origin, "start_noise": numbers(start_noise()),
           "alphas_cumprod": list(alphas_cumprod_cases()),
           "cases": list(trajectory_cases())})


if __name__ == "__main__":
    sys.exit(main())
