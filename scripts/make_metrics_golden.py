#!/usr/bin/env python3
"""Writes tests/data/golden/metrics.json: metrics of made-up features by numpy and scipy.

    OMP_NUM_THREADS=1 python scripts/make_metrics_golden.py

The Fréchet distance takes scipy's root of a matrix, the kernel distance loops over pairs as its
definition does: neither goes the way of src/eval.
"""

import json
import pathlib
import platform

import numpy as np
import scipy.linalg

TARGET = pathlib.Path(__file__).resolve().parents[1] / "tests/data/golden/metrics.json"
# rows of either side, width, added to all features
CASES = {"more rows than features": (40, 52, 8, 0.0),
         "far from zero": (64, 64, 6, 1000.0),
         "fewer rows than features": (7, 9, 16, 0.0)}


def features(rows: int, width: int, side: int, offset: float) -> np.ndarray:
    """(rows, width) float64; tests/eval/feature_metrics_test.cc makes the same."""
    i, j = np.arange(rows)[:, None], np.arange(width)[None, :]
    return (np.sin(1.7 * i * i + 2.3 * i * j + 0.9 * j + side) * (1 + 0.2 * j)
            + 0.3 * side + offset)


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # A singular product has no root that scipy finds exactly; its eigenvalues are enough.
    if len(a) > a.shape[1] and len(b) > b.shape[1]:
        trace = np.trace(scipy.linalg.sqrtm(cov_a @ cov_b)).real
    else:
        trace = np.sqrt(np.maximum(np.linalg.eigvals(cov_a @ cov_b).real, 0)).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * trace)


def kernel_distance(a: np.ndarray, b: np.ndarray, subsets) -> float:
    def kernel(x, y):
        return (float(np.dot(x, y)) / len(x) + 1) ** 3

    estimates = []
    for rows_a, rows_b in subsets:
        x, y, m = a[rows_a], b[rows_b], len(rows_a)
        within = sum(kernel(s[p], s[q]) for s in (x, y) for p in range(m) for q in range(m) if p != q)
        across = sum(kernel(p, q) for p in x for q in y)
        estimates.append(within / (m * (m - 1)) - 2 * across / m**2)
    return float(np.mean(estimates))


def main():
    cases = []
    for name, (rows_a, rows_b, width, offset) in CASES.items():
        a, b = features(rows_a, width, 0, offset), features(rows_b, width, 1, offset)
        rng = np.random.default_rng(0)
        size = min(rows_a, rows_b, 5)
        subsets = [[rng.choice(n, size, replace=False).tolist() for n in (rows_a, rows_b)]
                   for _ in range(4)]
        cases.append({"name": name, "rows_a": rows_a, "rows_b": rows_b, "width": width,
                      "offset": offset, "subsets": subsets, "frechet": frechet(a, b),
                      "kernel": kernel_distance(a, b, subsets)})
    TARGET.write_text(json.dumps({
        "made_with": {"python": platform.python_version(), "numpy": np.__version__,
                      "scipy": scipy.__version__}, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
