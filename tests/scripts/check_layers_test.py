"""scripts/check_layers.py on small trees, as ctest runs it."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/check_layers.py"


class CheckLayersTest(unittest.TestCase):
    def check(self, files):
        """Exit code and messages for a tree of the given files."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            done = subprocess.run([sys.executable, SCRIPT, folder],
                                  capture_output=True, text=True, check=False)
        return done.returncode, done.stderr.splitlines()

    def test_an_orderly_tree_passes(self):
        self.assertEqual(
            self.check({
                "include/gloce/text/t.h": "#include <ATen/core/Tensor.h>\n",
                "src/erasure/e.cc": '#include "gloce/text/t.h"\n#include <ATen/ATen.h>\n',
                "src/cli/c.cc": "#include <CLI/CLI.hpp>\n",
            }), (0, []))

    def test_each_broken_rule_is_named_with_file_and_line(self):
        code, faults = self.check({
            "src/text/up.cc": '// a comment\n#include "erasure/e.h"\n',
            "src/batch/b.cc": '#include "gloce/eval/report.h"\n',
            "src/eval/e.cc": '#include "batch/job.h"\n',
            "src/erasure/fit.cc": "#include <torch/script.h>\n",
            "src/cli/t.cc": "#include <torch/torch.h>\n",
            "src/base/log.cc": "#include <spdlog/spdlog.h>\n",
            "src/text/png.cc": "#include <stb/stb_image_write.h>\n",
            "include/gloce/text/t.h": "#include <ATen/ATen.h>\n",
            "src/extra/x.cc": "\n",
        })
        self.assertEqual(code, 1)
        places = [fault.split(": ")[0] for fault in faults]
        self.assertEqual(sorted(places), [
            "include/gloce/text/t.h:1", "src/base/log.cc:1", "src/batch/b.cc:1",
            "src/cli/t.cc:1", "src/erasure/fit.cc:1", "src/eval/e.cc:1",
            "src/extra/x.cc", "src/text/png.cc:1", "src/text/up.cc:2",
        ])


if __name__ == "__main__":
    unittest.main()
