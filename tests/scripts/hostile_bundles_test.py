#!/usr/bin/env python3
"""Bundles that were made to hurt: gloce refuses each with one line, and nothing of it runs.

    hostile_bundles_test.py GLOCE BUNDLES

Every case is a copy of the demo's bundle, changed in one thing, with right hashes.
"""

import copy
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings
import zipfile
from pathlib import Path

import torch
from torch import nn

PROGRAM, BUNDLES = sys.argv[1], Path(sys.argv[2])
warnings.simplefilter("ignore")


def run(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          timeout=120)


class BundleTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.bundle = self.folder / "bundle"
        self.out = self.folder / "out"
        self.mark = self.folder / "mark"  # what an attack would make
        shutil.copytree(BUNDLES / "emoji", self.bundle)
        self.unet = self.bundle / "unet.pt"

    def edit_manifest(self, edit):
        path = self.bundle / "bundle.json"
        manifest = json.loads(path.read_text())
        edit(manifest)
        path.write_text(json.dumps(manifest))

    def update_hashes(self):
        def update(manifest):
            for entry in manifest["files"].values():
                content = (self.bundle / entry["name"]).read_bytes()
                entry["sha256"] = hashlib.sha256(content).hexdigest()
        self.edit_manifest(update)

    def generate(self) -> subprocess.CompletedProcess:
        return run("generate", "--model", self.bundle, "--prompt", "a cat", "--steps", 1,
                   "--quiet", "--out", self.out)

    def expect_refusal(self, *texts, result=None):
        """Exit code 1, one line with all texts, no picture, and the attack's file not made."""
        result = result or self.generate()
        self.assertEqual((result.returncode, result.stdout), (1, ""), result.stderr)
        self.assertRegex(result.stderr, r"\Agloce: error: [^\n]+\n\Z")
        self.assertNotRegex(result.stderr, "[\x00-\x09\x0b-\x1f\x7f]")
        for text in texts:
            self.assertIn(text, result.stderr)
        self.assertFalse(list(self.out.glob("*.png")))
        self.assertFalse(self.mark.exists(), "the attack ran")


class UntouchedBundleTest(BundleTest):
    def test_it_works(self):
        result = self.generate()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(list(self.out.glob("*.png"))), 1)


class FolderTest(BundleTest):
    def rename_unet(self, name):
        self.edit_manifest(lambda manifest: manifest["files"]["unet"].update(name=name))

    def move_out(self, path: Path) -> Path:
        outside = self.folder / "outside"
        path.rename(outside)
        path.symlink_to(outside)
        return outside

    def test_paths_out_of_the_bundle(self):
        secret = self.folder / "secret.pt"
        shutil.copy(self.unet, secret)
        for name in ("../secret.pt", str(secret), "tokenizer/../../secret.pt", "", ".."):
            with self.subTest(name):
                self.rename_unet(name)
                self.expect_refusal("bundle.json: files: unet: name: got", "inside the bundle")

    def test_links_out_of_the_bundle(self):
        outside = self.move_out(self.unet)
        self.expect_refusal("unet.pt: is a link to", str(outside), "outside the bundle", "cp -rL")

    def test_linked_folders_out_of_the_bundle(self):
        self.move_out(self.bundle / "tokenizer")
        self.expect_refusal("/tokenizer/", "is a link to", "outside the bundle")

    def test_a_linked_manifest(self):
        self.move_out(self.bundle / "bundle.json")
        self.expect_refusal("bundle.json: is a link to", "outside the bundle")

    def test_a_linked_evaluator(self):
        evaluator = next((self.bundle / "evaluators").iterdir())
        self.move_out(evaluator)
        self.expect_refusal("is a link to", result=run("inspect", self.bundle))

    def test_links_inside_the_bundle_and_to_it_are_followed(self):
        (self.bundle / "blobs").mkdir()
        self.unet.rename(self.bundle / "blobs/unet")
        self.unet.symlink_to("blobs/unet")
        real = self.folder / "real"
        self.bundle.rename(real)
        self.bundle.symlink_to(real)
        self.assertEqual(self.generate().returncode, 0)

    def test_pipes_and_dangling_links(self):
        self.unet.unlink()
        os.mkfifo(self.unet)
        self.expect_refusal("unet.pt: is no file")
        self.unet.unlink()
        self.unet.symlink_to("nowhere")
        self.expect_refusal("unet.pt: no such file")

    def test_a_vocabulary_of_many_gigabytes(self):
        with open(self.bundle / "tokenizer/vocab.json", "r+b") as file:
            file.truncate(1 << 35)  # takes no room on the disk
        self.expect_refusal("vocab.json: got 34359738368 bytes")

    def test_a_name_that_would_drive_the_terminal(self):
        self.edit_manifest(lambda manifest: manifest.update(name="x\x1b[2J"))
        self.expect_refusal("bundle.json: name: got", "control characters")

    def test_build_defaults_that_name_a_file(self):
        self.mark.with_suffix(".txt").write_text("secret\n")
        self.edit_manifest(
            lambda manifest: manifest["defaults"].update(anchor_pool=str(self.folder / "mark.txt")))
        self.expect_refusal("bundle.json: defaults: anchor_pool", result=run(
            "build", "--model", self.bundle, "--erase", "cat", "--out", self.folder / "e"))


class ArchiveTest(BundleTest):
    """Archives that are rewritten record by record."""

    def rewrite(self, edit=lambda name, data: data, extra=lambda archive: None):
        old = self.unet.with_suffix(".old")
        self.unet.rename(old)
        with zipfile.ZipFile(old) as source, zipfile.ZipFile(self.unet, "w") as target:
            for info in source.infolist():
                target.writestr(info.filename, edit(info.filename, source.read(info)),
                                info.compress_type)
            self.top = source.namelist()[0].split("/")[0]
            extra(target)
        old.unlink()
        self.update_hashes()

    def edit_class(self, before: str, after: str):
        """Edits the first class of the archive's code that has `before`."""
        done = []

        def edit(name, data):
            if done or not name.endswith(".py") or before.encode() not in data:
                return data
            done.append(name)
            return data.replace(before.encode(), after.encode(), 1)

        self.rewrite(edit)
        self.assertTrue(done)

    def attack(self) -> str:
        return f'torch.from_file("{self.mark}", True, 10)'

    def assert_attack_works(self):
        """Without gloce's checks the file would be made: the test can fail."""
        torch.jit.load(self.unet)
        self.assertTrue(self.mark.exists())
        self.mark.unlink()

    def test_a_rewritten_archive_works(self):
        self.rewrite()
        self.assertEqual(self.generate().returncode, 0)

    def test_code_in_default_values(self):
        self.edit_class(") -> Tensor:", f", evil: Tensor={self.attack()}) -> Tensor:")
        self.assert_attack_works()
        self.expect_refusal("unet.pt: code/", "a default value or a constant calls a function")

    def test_code_in_constants(self):
        self.edit_class("  training : bool\n",
                        f"  training : bool\n  evil : Final[Tensor] = {self.attack()}\n")
        self.assert_attack_works()
        self.expect_refusal("unet.pt: code/", "a default value or a constant calls a function")

    def test_code_that_restores_state(self):
        self.edit_class("  def forward(", "  def __setstate__(self, state: int) -> NoneType:\n"
                                          f"    x = {self.attack()}\n    return None\n"
                                          "  def forward(")
        self.expect_refusal("unet.pt: code/", "defines __setstate__")

    def test_code_outside_of_classes(self):
        self.edit_class("class ", "op_version_set = 1\nclass ")
        self.expect_refusal("has more than classes and functions")

    def test_operators_of_other_libraries(self):
        self.edit_class("    return ", "    evil = ops.profiler._record_function_enter(\"x\", None)\n"
                                       "    return ")
        self.expect_refusal('uses operators of "profiler"')

    def test_python(self):
        for evil in ("^print(1)", "open(\"x\")", "__import__(\"os\").system(\"ls\")",
                     "eval(\"1\")", "exec(\"1\")"):
            with self.subTest(evil):
                shutil.copy(BUNDLES / "emoji/unet.pt", self.unet)
                self.edit_class("    return ", f"    evil = {evil}\n    return ")
                self.expect_refusal("unet.pt: ")

    def test_storages_beyond_their_records(self):
        def edit(name, data):
            if not name.endswith("/data.pkl"):
                return data
            # The first storage's number of elements, behind its device's name.
            at = data.index(b"cpuq") + 5
            size = {ord("K"): 2, ord("M"): 3, ord("J"): 5}[data[at]]
            return data[:at] + b"J" + (1 << 30).to_bytes(4, "little") + data[at + size:]

        self.rewrite(edit)
        self.expect_refusal("data.pkl: byte", "claims 1073741824 elements of 4 bytes")

    def test_objects_of_other_classes(self):
        for module in ("torch.distributed.rpc", "__torch__.torch.classes.quantized", "os"):
            with self.subTest(module):
                shutil.copy(BUNDLES / "emoji/unet.pt", self.unet)
                self.rewrite(lambda name, data, module=module: data.replace(
                    b"ctorch._utils\n_rebuild_tensor_v2\n", f"c{module}\nsystem\n".encode())
                    if name.endswith("/data.pkl") else data)
                self.expect_refusal("data.pkl: byte", f'"{module}.system" is refused')

    def test_instructions_that_torch_does_not_write(self):
        self.rewrite(lambda name, data: data[:2] + b"\x930" + data[2:]
                     if name.endswith("/constants.pkl") else data)
        self.expect_refusal("constants.pkl: byte 3: instruction 147 is refused")

    def test_archive_bomb(self):
        zeros = bytes(1 << 20)

        def extra(archive):
            info = zipfile.ZipInfo(f"{self.top}/code/bomb.py")
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as record:
                for _ in range(257):
                    record.write(zeros)

        size = self.unet.stat().st_size
        self.rewrite(extra=extra)
        self.assertLess(self.unet.stat().st_size, size + (1 << 20))
        self.expect_refusal("unpacks to more than 256 MiB", "code/bomb.py")

    def test_records_that_share_bytes(self):
        def extra(archive):
            largest = max(archive.filelist, key=lambda info: info.file_size)
            for i in range(100):
                twin = copy.copy(largest)
                twin.filename = f"{self.top}/data/twin{i}"
                archive.filelist.append(twin)
                archive.NameToInfo[twin.filename] = twin

        self.rewrite(extra=extra)
        self.expect_refusal("its records are larger than the file", "data/twin")

    def test_many_records(self):
        self.rewrite(extra=lambda archive: [
            archive.writestr(f"{self.top}/data/x{i}", b"") for i in range(100001)])
        self.expect_refusal("records in", "expected at most 100000")

    def test_records_that_stand_twice(self):
        for name in ("data.pkl", "DATA.pkl"):
            with self.subTest(name):
                shutil.copy(BUNDLES / "emoji/unet.pt", self.unet)
                self.rewrite(extra=lambda archive, name=name: archive.writestr(
                    f"{self.top}/{name}", b""))
                self.expect_refusal("stands twice")

    def test_records_of_other_formats(self):
        for name in ("{top}/model.json", "{top}/bytecode.pkl", "other/version", "../version",
                     "/etc/passwd"):
            with self.subTest(name):
                shutil.copy(BUNDLES / "emoji/unet.pt", self.unet)
                self.rewrite(extra=lambda archive, name=name: archive.writestr(
                    name.format(top=self.top), b"{}"))
                self.expect_refusal("which no TorchScript network needs")

    def test_bytes_around_the_archive(self):
        content = self.unet.read_bytes()
        for changed in (content + b"PK", content[:-1], content[:1000], b"", b"PK\5\6"):
            with self.subTest(len(changed)):
                self.unet.write_bytes(changed)
                self.update_hashes()
                self.expect_refusal("not an archive that torch.jit.save writes")


class OperatorTest(BundleTest):
    """Networks whose graphs do more than compute."""

    def replace_unet(self, module: nn.Module):
        torch.jit.save(torch.jit.script(module.eval()), self.unet)
        self.update_hashes()

    def use_layer(self, body: str):
        """Writes a U-Net of one layer that has `body`, over x."""
        source = self.folder / "network.py"
        source.write_text(f"""
import torch, warnings
from torch import nn
class Layer(nn.Module):
    def forward(self, x):
        {body}
        return x
class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = Layer()
    def forward(self, latents, timestep, encoder_hidden_states):
        return self.layer(latents)
def helper(x: torch.Tensor):
    return x + 1
""")
        namespace = {"__name__": "network"}
        # TorchScript reads the source of what it compiles from its file.
        exec(compile(source.read_text(), str(source), "exec"), namespace)
        self.replace_unet(namespace["Network"]())

    def expect_operator(self, body: str, operator: str):
        self.use_layer(body)
        self.expect_refusal("unet.pt: ", operator, "networks may only compute")

    def test_a_layer_that_only_computes_works(self):
        self.use_layer("x = torch.nn.functional.silu(x) * 0.5")
        result = self.generate()
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_files(self):
        self.expect_operator(f"x = x + torch.from_file('{self.mark}', True, 1)", "aten::from_file")
        self.expect_operator(f"torch.save(x, '{self.mark}')", "aten::save")

    def test_the_module_is_named(self):
        self.expect_operator("print(x)", 'module "layer": operator "prim::Print"')

    def test_the_process(self):
        self.expect_operator("warnings.warn('x')", "aten::warn")
        self.expect_operator("x = torch.jit.wait(torch.jit.fork(helper, x))", "prim::fork")
        self.expect_operator("torch.manual_seed(1)", "aten::manual_seed")
        self.expect_operator("torch.set_grad_enabled(True)", "aten::set_grad_enabled")

    def test_sockets(self):
        self.expect_operator("x = torch.ops._c10d_functional.all_reduce(x, 'sum', '0')",
                             '"_c10d_functional"')

    def test_memory(self):
        self.expect_operator("x = torch.as_strided(x, [1000, 1000], [1, 1])", "aten::as_strided")
        self.expect_operator("x.resize_([1000, 1000])", "aten::resize_")
        self.expect_operator("x.set_(x)", "aten::set_")

    def test_methods_that_nothing_calls(self):
        class Network(nn.Module):
            def forward(self, latents, timestep, encoder_hidden_states):
                return latents

            @torch.jit.export
            def evil(self, x: torch.Tensor):
                print(x)
                return x

        self.replace_unet(Network())
        self.expect_refusal("prim::Print")

    def test_libtorchs_own_classes(self):
        class Network(nn.Module):
            def __init__(self):
                super().__init__()
                self.linear = torch.ao.nn.quantized.dynamic.Linear(4, 4)

            def forward(self, latents, timestep, encoder_hidden_states):
                return self.linear(latents)

        self.replace_unet(Network())
        self.expect_refusal("unet.pt: code/", 'uses operators of "quantized"')


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
