"""Tests the Python module against the tool: python3 -m unittest discover python/tests

Either install the wheel, or set PYTHONPATH to python/ and MOSI_TOOL to the binary.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch
from torch.utils.data import DataLoader

import mosi
from mosi import networks, tool

# Trainings that take a second.
SETTINGS = {
    "model.width": 2, "clip.frames": 4, "clip.size": 16, "sources.size": 32,
    "batch.sources": 2, "batch.accumulation_steps": 2,
}
SETS = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
SOURCES = "synthetic:dead-leaves:11"


def run_tool(*arguments):
    environment = {**tool.environment(), "OMP_NUM_THREADS": "1"}
    return subprocess.run([tool.path(), *map(str, arguments)], env=environment, capture_output=True, text=True)


class TemporaryFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def pretrain(self, architecture, *more):
        # Small clips, but not so small that nothing is left of them.
        frames, size = {
            "c3d": (16, 32), "s3d-g": (8, 32), "s3d-g-speednet": (4, 32), "opn": (4, 72),
        }.get(architecture, (4, 16))
        run = self.folder / architecture
        result = run_tool(
            "pretrain", "--sources", SOURCES, "--output", run, "--epochs", 1, *SETS,
            "--set", f"model.architecture={architecture}", "--set", f"clip.size={size}",
            "--set", f"sources.size={2 * size}",
            "--set", f"clip.frames={frames}", *more,
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        return run


class LoadTests(TemporaryFolder):
    def compare(self, weights, model):
        """Features and logits of the same clips, by the tool and by the module."""
        clip = model.clip
        clips = torch.randn(3, 3, clip.frames, clip.size, clip.size, generator=torch.Generator().manual_seed(1))
        torch.save(clips, self.folder / "clips.pt")
        write_safetensors(self.folder / "clips.safetensors", "clips", clips)
        output = self.folder / "features.safetensors"
        result = run_tool("features", "--weights", weights, self.folder / "clips.safetensors", "--output", output)
        self.assertEqual(result.returncode, 0, result.stderr)
        expected, _ = networks.read(output)
        with torch.no_grad():
            torch.testing.assert_close(model.features(clips), expected["features"], rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(model(clips), expected["logits"], rtol=1e-5, atol=1e-5)
        return clips

    def test_every_architecture_gives_the_tools_features_and_logits(self):
        for architecture in networks.ARCHITECTURES:
            with self.subTest(architecture):
                run = self.pretrain(architecture)
                model = mosi.load(run)
                self.assertIsInstance(model, mosi.VideoModel)
                self.assertFalse(model.training)
                self.assertEqual(len(model.class_names), 9)
                self.assertEqual(model.normalization.mean, (0.45, 0.45, 0.45))
                self.compare(run, model)

    def test_positions_of_tokens_are_those_of_the_file(self):
        run = self.pretrain("vit-tiny", "--set", "model.positions=number")
        self.compare(run, mosi.load(run))

    def test_models_are_exported_and_give_the_same(self):
        for architecture in ("r2d3d-18", "r2plus1d-10", "c3d"):
            with self.subTest(architecture):
                run = self.pretrain(architecture)
                model = mosi.load(run)
                clips = self.compare(run, model)
                batch = torch.export.Dim("batch", min=1, max=64)
                program = torch.export.export(model, (clips,), dynamic_shapes=({0: batch},))
                with torch.no_grad():
                    torch.testing.assert_close(program.module()(clips[:2]), model(clips[:2]))

    def test_every_form_of_weights_is_loaded(self):
        run = self.pretrain("r3d-18")
        expected = mosi.load(run).state_dict()
        for arguments in (["w.safetensors", "--to", "mosi"], ["w.pth", "--to", "mosi"]):
            weights = self.folder / arguments[0]
            self.assertEqual(run_tool("convert", run, weights, *arguments[1:]).returncode, 0)
            for load in (mosi.load, networks.load):
                state = load(weights).state_dict()
                self.assertTrue(all(torch.equal(state[name], tensor) for name, tensor in expected.items()))
        backbone = self.folder / "backbone.pth"
        run_tool("convert", run, backbone, "--to", "torchvision", "--backbone-only")
        model = mosi.load(backbone)
        self.assertIsNone(model.class_names)
        self.assertEqual(model(torch.randn(1, 3, 4, 16, 16)).shape, (1, 16))

    def test_what_is_no_network_is_an_error_in_one_sentence(self):
        (self.folder / "text.pth").write_text("Dear diary")
        with self.assertRaises(FileNotFoundError):
            mosi.load(self.folder / "none")
        with self.assertRaisesRegex(mosi.ToolError, "neither a safetensors file nor a checkpoint of PyTorch"):
            mosi.load(self.folder / "text.pth")
        with self.assertRaisesRegex(mosi.WeightsError, "neither a safetensors file nor"):
            networks.load(self.folder / "text.pth")

    def test_normalization_is_the_tools(self):
        normalization = mosi.Normalization((0.45, 0.45, 0.45), (0.225, 0.225, 0.225))
        frames = torch.randint(0, 256, (2, 4, 8, 8, 3), dtype=torch.uint8)
        clips = normalization(frames)
        self.assertEqual(clips.shape, (2, 3, 4, 8, 8))
        torch.testing.assert_close(clips[1, 2, 3, 4, 5], (frames[1, 3, 4, 5, 2] / 255 - 0.45) / 0.225)


class PseudoMotionTests(unittest.TestCase):
    def dataset(self, **changes):
        return mosi.PseudoMotion(SOURCES, settings=SETTINGS, **{"seed": 3, "epochs": 2, **changes})

    def assert_same(self, batches, expected):
        self.assertEqual(len(batches), len(expected))
        for (clips, labels), (other_clips, other_labels) in zip(batches, expected):
            self.assertTrue(torch.equal(clips, other_clips) and torch.equal(labels, other_labels))

    def test_batches_are_clips_and_labels(self):
        dataset = self.dataset()
        batches = list(dataset)
        # 10 sources to train on: 2 steps of 2 batches an epoch.
        self.assertEqual(len(dataset), 8)
        self.assertEqual(len(batches), 8)
        self.assertEqual(len(dataset.class_names), 9)
        clips, labels = batches[0]
        self.assertEqual((clips.dtype, clips.shape), (torch.float32, (18, 3, 4, 16, 16)))
        self.assertEqual(labels.tolist(), [*range(9), *range(9)])
        self.assertTrue(clips.is_contiguous(memory_format=torch.channels_last_3d))
        self.assertFalse(torch.equal(clips, batches[1].clips))
        # The static clip does not move.
        static = clips[dataset.class_names.index("static")]
        pixels = static.permute(1, 2, 3, 0) * torch.tensor(dataset.normalization.std)
        self.assertLess(float(pixels.std(0).mean()), float(pixels.std()))

    def test_workers_and_ranks_share_the_batches_in_order(self):
        expected = list(self.dataset())
        for workers in (1, 3):
            self.assert_same(list(DataLoader(self.dataset(), batch_size=None, num_workers=workers)), expected)
        for rank in range(3):
            dataset = self.dataset(rank=rank, world_size=3)
            self.assertEqual(len(dataset), len(expected[rank::3]))
            loader = DataLoader(dataset, batch_size=None, num_workers=2)
            self.assert_same(list(loader), expected[rank::3])

    def test_a_seed_names_the_clips(self):
        self.assert_same(list(self.dataset()), list(self.dataset()))
        self.assertFalse(torch.equal(next(iter(self.dataset())).clips, next(iter(self.dataset(seed=4))).clips))

    def test_leaving_early_ends_the_tool(self):
        for _ in range(3):
            batches = iter(self.dataset(epochs=100_000))
            next(batches)
            batches.close()
        self.assertEqual(children(), [])

    def test_errors_are_the_tools(self):
        with self.assertRaisesRegex(mosi.ToolError, "no-such-folder"):
            list(mosi.PseudoMotion(["no-such-folder"]))
        with self.assertRaisesRegex(mosi.ToolError, "clip.frames"):
            len(self.dataset(config=None, epochs=1).__class__(SOURCES, settings={"clip.frames": -1}))
        with self.assertRaises(ValueError):
            self.dataset(rank=2, world_size=2)
        self.assertEqual(children(), [])


class CommandTests(unittest.TestCase):
    def test_the_module_is_the_command(self):
        result = subprocess.run([sys.executable, "-m", "mosi", "--version"], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout.strip()), (0, mosi.__version__), result.stderr)

    def test_the_command_does_not_wait_for_pytorchs_python(self):
        code = "import sys, mosi.tool; mosi.tool.environment(); sys.exit('torch' in sys.modules)"
        self.assertEqual(subprocess.run([sys.executable, "-c", code]).returncode, 0)

    def test_torchrun_finds_it(self):
        if "MOSI_TOOL" in os.environ:
            self.skipTest("only the wheel installs the command")
        command = [sys.executable, "-m", "torch.distributed.run", "--no-python", "mosi", "--version"]
        result = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(mosi.__version__, result.stdout)


def write_safetensors(path, name, tensor):
    import json

    header = json.dumps({name: {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [0, tensor.nbytes]}})
    data = bytes(tensor.contiguous().view(torch.uint8).flatten().tolist())
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + data)


def children():
    """The child processes that are still running mosi."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().rsplit(")", 1)
        except OSError:
            continue
        if rest.split()[1] == str(os.getpid()) and name.endswith("(mosi"):
            found.append(name)
    return found


if __name__ == "__main__":
    unittest.main()
