"""What the tests of scripts/export_bundle.py share."""

import contextlib
import io
import json
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "scripts")]

import export_bundle  # noqa: E402
from export.quiet import quieten  # noqa: E402

quieten(offline=True)

from testdata import tiny  # noqa: E402

WEIGHTS = "diffusion_pytorch_model.safetensors"
TOKENIZER = ROOT / "models/emoji/tokenizer"


class ExportTest(unittest.TestCase):
    """Base: a fresh copy of the tiny pipeline, and a run of the script."""

    @classmethod
    def setUpClass(cls):
        cls._shared = tempfile.TemporaryDirectory()
        cls.original = Path(cls._shared.name) / "tiny"
        tiny.save_pipeline(cls.make_pipeline(), cls.original)

    @classmethod
    def make_pipeline(cls):
        return tiny.tiny_pipeline(TOKENIZER)

    @classmethod
    def tearDownClass(cls):
        cls._shared.cleanup()

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.pipeline = self.folder / "tiny"
        shutil.copytree(self.original, self.pipeline)
        self.out = self.folder / "out" / "bundle"

    def run_script(self, *options, pipeline=None):
        """Exit code, stdout and stderr."""
        out, err = io.StringIO(), io.StringIO()
        arguments = [str(pipeline or self.pipeline), "--out", str(self.out), *options]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = export_bundle.main(arguments)
            except SystemExit as error:
                code = error.code
        return code, out.getvalue(), err.getvalue()

    def export(self, *options, pipeline=None) -> dict:
        code, _, err = self.run_script(*options, pipeline=pipeline)
        self.assertEqual((code, err), (0, ""))
        return json.loads((self.out / "bundle.json").read_text())

    def assert_refused(self, *texts, pipeline=None, options=("--no-check",)):
        """One line that holds all texts, exit code 1, and nothing left behind."""
        code, _, err = self.run_script(*options, pipeline=pipeline)
        self.assertEqual(code, 1, err)
        self.assertRegex(err, r"\Aexport_bundle: error: [^\n]+\n\Z")
        for text in texts:
            self.assertIn(text, err)
        left = list(self.out.parent.iterdir()) if self.out.parent.exists() else []
        self.assertEqual(left, [])

    def edit(self, name: str, **changes):
        path = self.pipeline / name
        config = json.loads(path.read_text())
        config.update(changes)
        path.write_text(json.dumps(config))

    def replace_unet(self, unet):
        shutil.rmtree(self.pipeline / "unet")
        unet.save_pretrained(self.pipeline / "unet")
