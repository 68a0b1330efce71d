#!/usr/bin/env python3
"""scripts/gpu_check.sh where there is no GPU: its errors, and all that runs on the CPU.

    gpu_check_test.py BUILD BUNDLE PIPELINE
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from gpu_check import variants  # noqa: E402

BUILD, BUNDLE, PIPELINE = sys.argv[1:]


def check(*options, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(
        [ROOT / "scripts/gpu_check.sh", *options], capture_output=True, text=True, check=False,
        env={**os.environ, "GLOCE_BUILD": BUILD, "GLOCE_VENV": sys.prefix, **environment})


class GpuCheckTest(unittest.TestCase):
    def test_reports_on_the_cpu(self):
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.md"
            done = check("--device", "cpu", "--bundle", BUNDLE, "--pipeline", PIPELINE, "--report",
                         report, "--steps", "2", "--batch-sizes", "1,2", "--repeats", "1",
                         "--concepts", "1,2", "--compare", "bfloat16", "--tests", "^diffusion_unit")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn(f"report: {report}", done.stdout)
            text = report.read_text()
        self.assertIn("100% tests passed", text)
        self.assertNotIn("FAILED", text)
        self.assertRegex(text, r"(?m)^gloce --help: \d+\.\d+ s$")
        for name in ("gloce bfloat16", "diffusers bfloat16", "gloce build", "diffusers",
                     "gloce erased", "diffusers erased"):
            self.assertRegex(text, rf"(?m)^{name} .* ms a step .* peak +\d+ MiB")
        for dtype in ("float32", "bfloat16"):
            self.assertIn(f"on cpu in {dtype}, batch 1", text)
            self.assertRegex(text, r"(?s)## cost of statistics, " + dtype + r".*: \d+\.\d\d %")
        self.assertEqual(len(re.findall(r"(?m)^ +[12]( +[\d.]+){6}$", text)), 8)
        # The CPU agrees with itself to the bit; bfloat16 does not.
        for title in ("plain", "erased"):
            self.assertIn(f"| float32 | {title} | 0 | 0.0000 | 0.00e+00 |", text)
            bfloat16 = re.search(rf"\| bfloat16 \| {title} \| \d+ \| [\d.]+ \| ([\d.e+-]+) \|", text)
            self.assertGreater(float(bfloat16[1]), 0)
        self.assertIn("| float32 | 0.00e+00 | 0.00e+00 | 0.00e+00 |", text)
        rows = re.findall(r"^\| (\w+) \| (\d) \|.*\| 0 \| (\d+) \|$", text, re.MULTILINE)
        self.assertEqual([row[:2] for row in rows], [
            ("float32", "1"), ("float32", "2"), ("bfloat16", "1"), ("bfloat16", "2")])
        self.assertTrue(all(int(row[2]) > 0 for row in rows))

    def test_what_fails_is_reported_and_does_not_stop_the_rest(self):
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.md"
            done = check("--device", "cpu", "--bundle", "no/bundle", "--steps", "1", "--repeats",
                         "1", "--dtypes", "float32", "--batch-sizes", "1",
                         "--report", report, "--tests", "^NoSuchTest$")
            text = report.read_text()
        self.assertEqual(done.returncode, 1)
        self.assertEqual(text.count("FAILED"), 6)  # each part is tried

    def test_float32_is_compared_with_tf32_and_without_where_there_is_some(self):
        found = variants("cuda:1", ["float32", "float16"])
        self.assertEqual([v.title for v in found], ["float32", "float32 without TF32", "float16"])
        self.assertEqual([v.variables for v in found], [{}, {"NVIDIA_TF32_OVERRIDE": "0"}, {}])
        self.assertEqual([v.title for v in variants("cpu", ["float32"])], ["float32"])

    def test_without_a_gpu_it_says_so(self):
        done = check(CUDA_VISIBLE_DEVICES="")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^error: no GPU that torch can use; .*--device cpu")

    def test_options_are_checked(self):
        for options, message in ((["--devices", "cpu"], "unknown argument --devices"),
                                 (["--steps"], "--steps needs a value")):
            done = check(*options)
            self.assertEqual(done.returncode, 1)
            self.assertIn(message, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
