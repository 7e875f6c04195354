"""Writes checkpoints/*.pt and checkpoints.json: python make_checkpoints.py (PyTorch 2.13).

checkpoints.json has what every readable file holds as text, which the tests compare with what they read: tensors as
their type, shape and bytes in row-major order, numbers of floating point as their bits."""

import argparse
import collections
import copyreg
import json
import pathlib
import pickle
import struct
import sys
import types
import zipfile

import torch

HERE = pathlib.Path(__file__).parent
FOLDER = HERE / "checkpoints"
TYPES = [
    torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
    torch.float16, torch.float32, torch.float64, torch.bool, torch.bfloat16,
]  # fmt: skip


class NumPyType:
    """Pickles as NumPy's dtype of float64 does."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return type(self), ("f8", False, True), (3, "<", None, None, None, -1, -1, 0)

    def __setstate__(self, state):
        pass


class NumPyScalar:
    """Pickles as a number of NumPy does, which need not be installed: with the function `make` of its version."""

    def __init__(self, make, *arguments):
        self.make, self.arguments = make, arguments

    def __reduce__(self):
        return self.make, (NUMPY_TYPE, struct.pack("<d", 1.5))


def numpy_function(module):
    """NumPy's function for numbers, in modules that stand in for NumPy's."""

    def scalar(*arguments):
        return NumPyScalar(scalar, *arguments)

    scalar.__module__, scalar.__qualname__ = module, "scalar"
    names = module.split(".")
    for count in range(1, len(names) + 1):
        stand_in = sys.modules.setdefault(".".join(names[:count]), types.ModuleType(names[count - 1]))
    stand_in.scalar = scalar
    return scalar


NUMPY_SCALARS = [numpy_function("numpy.core.multiarray"), numpy_function("numpy._core.multiarray")]
NUMPY_TYPE = NumPyType("f8", False, True)
NumPyType.__module__, NumPyType.__qualname__ = "numpy", "dtype"
sys.modules["numpy"].dtype = NumPyType

# Values without code that have no counterpart in Swift, by type.
OTHERS = {
    set: "set", bytes: "bytes", bytearray: "bytearray", complex: "complex", torch.device: "torch.device",
    torch.layout: "torch.layout", torch.storage.TypedStorage: "torch storage", argparse.Namespace: "argparse.Namespace",
    NumPyScalar: "numpy scalar", NumPyType: "numpy.dtype", pathlib.PosixPath: "pathlib.PosixPath",
    pathlib.PurePosixPath: "pathlib.PurePosixPath", pathlib.PureWindowsPath: "pathlib.PureWindowsPath",
}  # fmt: skip


def other_tensor(value):
    """The kind of a tensor that is not read; None for the others."""
    if value.is_quantized:
        return "quantized tensor"
    if value.layout != torch.strided:
        return "sparse tensor"
    if value.is_neg():
        return "tensor with metadata"
    return None if value.dtype in TYPES else str(value.dtype).removeprefix("torch.") + " tensor"


def text(value):
    if isinstance(value, torch.Tensor):
        kind = other_tensor(value)
        if kind:
            return f"<{kind}>"
        data = bytes(value.detach().contiguous().clone().untyped_storage())
        kind = str(value.dtype).removeprefix("torch.")
        return f"{kind}{list(value.shape)}{data.hex()}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(k)}: {text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(text, value)) + ")"
    if isinstance(value, str):
        return f'"{value}"'
    if type(value) in OTHERS:
        return f"<{OTHERS[type(value)]}>"
    if isinstance(value, torch.dtype):
        return f"<{value}>"
    if isinstance(value, type):
        return f"<{value.__module__}.{value.__name__}>"
    if isinstance(value, float):
        return "float " + struct.pack(">d", value).hex()
    assert value is None or isinstance(value, (bool, int)), value
    # Integers of more than 64 bits are read as text.
    return str(value) if value is None or -(1 << 63) <= value < 1 << 63 else f'"{value}"'


class Rebuilt:
    """Pickles as a call of PyTorch's function for tensors over a storage without a type."""

    def __init__(self, storage, dtype, offset, shape, strides):
        arguments = (storage, offset, shape, strides, False, collections.OrderedDict(), dtype)
        self.call = (torch._utils._rebuild_tensor_v3, arguments)

    def __reduce__(self):
        return self.call


def numbers(dtype, *shape):
    count = torch.Size(shape).numel()
    values = torch.arange(count, dtype=torch.float64) * 1.7 - 3
    return (values.abs() if dtype == torch.uint8 else values).to(dtype).reshape(shape)


def readable():
    types = collections.OrderedDict((str(t), numbers(t, 2, 3)) for t in TYPES)
    base = numbers(torch.float32, 4, 5)
    clip = numbers(torch.float32, 1, 2, 2, 2, 3)
    views = {
        "whole": base, "transposed": base.t(), "row": base[2], "column": base[:, 1], "steps": base[::2, 1::2],
        "expanded": base[0].expand(3, 5), "overlapping": base.flatten().as_strided((3, 4), (2, 1)),
        "channels last": clip.contiguous(memory_format=torch.channels_last_3d), "scalar": base[1, 1],
        "empty": torch.zeros(0, 3), "empty view": base[:, 5:], "nothing": torch.zeros(0),
        "one": numbers(torch.int64, 1), "odd strides": base.as_strided((1, 5), (1 << 40, 1)),
        "parameter": torch.nn.Parameter(base[1:3]), "frozen": torch.nn.Parameter(base, requires_grad=False),
    }  # fmt: skip
    shared = [1, "x"]
    nested = {
        "none": None, "yes": True, "no": False, "text": "naïve π \"quoted\"\n", "empty": "", 3: "three", None: 0,
        (1, "a"): 2.5, "ints": [0, 1, 255, 256, 65535, 65536, -1, -(1 << 31), 1 << 31, (1 << 63) - 1, -(1 << 63)],
        "floats": [0.0, -0.0, 0.1, 1e300, float("inf"), 5e-324], "tuples": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
        "lists": [[], [[]], shared, shared], "dictionaries": {"a": {}, "b": {"c": collections.OrderedDict(d=1)}},
        "tensors": [torch.tensor([1.5]), (torch.tensor(2),)],
    }  # fmt: skip
    network = torch.nn.Sequential(torch.nn.Conv3d(1, 2, 1), torch.nn.BatchNorm3d(2))
    for index, tensor in enumerate(network.state_dict().values()):
        tensor.copy_(numbers(tensor.dtype, *tensor.shape) + index)
    untyped = numbers(torch.float32, 6).untyped_storage()
    ordered = collections.OrderedDict(a=1)
    ordered.note = "text"
    attributed = numbers(torch.float32, 2)
    attributed.note = "text"
    parameter = torch.nn.Parameter(numbers(torch.float32, 2))
    parameter.note = "text"
    return {
        "types": types,
        "views": views,
        "nested": nested,
        "module": network.state_dict(),
        "module with weights only": {"epoch": 3, "state_dict": network.state_dict(), "cfg": {"lr": 0.1}},
        "released": {"epoch": 99, "model_state": dict(network.state_dict()), "optimizer_state": {}, "cfg": "A: 1\n"},
        "model": {"model": network.state_dict(), "step": 7},
        "tensor": numbers(torch.float32, 3),
        "number": 7,
        "large integers": {"seed": (1 << 64) - 1, "ends": [1 << 63, -(1 << 63) - 1, (1 << 127) - 1, -(1 << 127)]},
        "beside data": {"arch": "r3d", "epoch": 3, "lr": 0.1, "best": None, **network.state_dict()},
        "model_state_dict": {"model_state_dict": {**network.state_dict(), "version": 2}, "optimizer": {"state": {}}},
        "empty": {},
        # As torchvision's reference training writes them.
        "torchvision": {
            "model": network.state_dict(), "optimizer": {"state": {}, "param_groups": [{"lr": 0.1, "params": [0]}]},
            "lr_scheduler": {"milestones": collections.Counter({30: 1, 60: 2}), "gamma": 0.1, "last_epoch": 3},
            "epoch": 3,
        },
        "plain objects": {
            "counter": collections.Counter(a=1), "no counter": collections.Counter(), "set": {1, 2}, "no set": set(),
            "bytes": b"abc\xff", "bytearray": bytearray(b"abc"), "size": torch.Size([1, 2]), "no size": torch.Size([]),
            "dtype": torch.float32, "other dtype": torch.complex64, "device": torch.device("cuda", 1), "complex": 1 + 2j,
            "layout": torch.strided, "ordered": ordered, b"key": 1, b"another": 2, torch.int8: 3, (b"a", 1): 4,
            "class": torch.Tensor, "storage": numbers(torch.float32, 2).untyped_storage(),
            "attributed": attributed, "parameter": parameter,
        },
        "other tensors": {
            "complex": torch.zeros(2, dtype=torch.complex64), "half": torch.zeros(2, dtype=torch.uint16),
            "float8": torch.zeros(2, dtype=torch.float8_e5m2), "sparse": numbers(torch.float32, 2).to_sparse(),
            "quantized": torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.qint8), "read": numbers(torch.float32, 2),
            "negated": torch.zeros(2, dtype=torch.complex64).conj().imag,
        },
        "untyped": {
            "a": Rebuilt(untyped, torch.float32, 2, (2, 2), (1, 2)),
            "b": Rebuilt(untyped, torch.int16, 0, (12,), (1,)),
        },
    }


class Reconstructed:
    """Pickles as a Namespace does by the function for objects of protocols 0 and 1."""

    def __reduce__(self):
        return copyreg._reconstructor, (argparse.Namespace, object, None), {"lr": 0.1}


def trainings():
    """What training programs save: the weights, and beside them values that PyTorch only reads with weights_only=False."""
    model = torch.nn.Sequential(torch.nn.Conv3d(1, 2, 1), torch.nn.BatchNorm3d(2)).state_dict()
    for index, tensor in enumerate(model.values()):
        tensor.copy_(numbers(tensor.dtype, *tensor.shape) + index)
    arguments = argparse.Namespace(
        batch_size=32, lr=1.5e-4, opt="adamw", opt_betas=[0.9, 0.95], opt_eps=None, pin_mem=True, window_size=(8, 14, 14),
        names={"a": "naïve"}, seed=1 << 70, device=torch.device("cuda"), dtype=torch.float32, output=pathlib.Path("/a/b"),
        windows=pathlib.PureWindowsPath("c:/a"), warmup_lr=NumPyScalar(NUMPY_SCALARS[0]), tensor=numbers(torch.float32, 2),
        nested=argparse.Namespace(a=1),
    )  # fmt: skip
    arguments.itself = arguments
    group = {"weight_decay": NumPyScalar(NUMPY_SCALARS[0]), "lr": NumPyScalar(NUMPY_SCALARS[1]), "lr_scale": 1.0, "params": [0]}
    return {
        # As VideoMAE's code writes them: its schedules are arrays of NumPy.
        "training": {
            "model": model, "optimizer": {"state": {0: {"step": 3}}, "param_groups": [group]}, "epoch": 3,
            "scaler": {"scale": 65536.0, "_growth_tracker": 3}, "args": arguments,
        },
        "arguments": {
            "empty": argparse.Namespace(), "list": [arguments, arguments], "path": pathlib.Path("a/b"), "top1": group["lr"],
            "pure": pathlib.PurePosixPath("/"), "windows": pathlib.PureWindowsPath("c:/a"), "dtype": NUMPY_TYPE,
            "class": argparse.Namespace, pathlib.Path("a"): 1, pathlib.Path("b"): 2,
        },
        "reconstructed": {"args": Reconstructed(), "state_dict": model},
    }  # fmt: skip


def refused():
    """Files that PyTorch also writes and that contain code, or data of kinds that are not read."""
    t = torch.zeros(2)
    return {
        "function": {"f": print},
        "arguments": {"args": argparse.Namespace(lr=1, f=print), "model": {"t": t}},
        "module": torch.nn.Linear(1, 1),
        "date": {"d": __import__("datetime").date(2026, 1, 1)},
        "large integer": 1 << 127,
    }


def swapped(source, destination):
    """The same file as a big-endian machine writes it; every storage has elements of 4 bytes."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(destination, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if "/data/" in info.filename:
                data = b"".join(data[i : i + 4][::-1] for i in range(0, len(data), 4))
            if info.filename.endswith("/byteorder"):
                data = b"big"
            new.writestr(zipfile.ZipInfo(info.filename), data)


class Named:
    """Pickles as what torch.save has for storages: their identity."""

    def __init__(self, *identity):
        self.identity = identity


def save_by_hand(name, value, storages, little_endian=True, text_of_python_2=False):
    """The format before PyTorch 1.6 with parts of storages, which PyTorch no longer writes; `storages` are tensors
    by key."""

    class Pickler(pickle._Pickler):
        def persistent_id(self, item):
            return item.identity if isinstance(item, Named) else None

        def save_str(self, item):
            data = item.encode()
            self.write(pickle.SHORT_BINSTRING + bytes([len(data)]) + data)

        dispatch = {**pickle._Pickler.dispatch, **({str: save_str} if text_of_python_2 else {})}

    with open(FOLDER / f"{name}.pt", "wb") as file:
        info = {"protocol_version": 1001, "little_endian": little_endian, "type_sizes": {"int": 4, "long": 8}}
        for item in (torch.serialization.MAGIC_NUMBER, 1001, info, value, list(storages)):
            Pickler(file, 2).dump(item)
        for tensor in storages.values():
            file.write(struct.pack("<q", tensor.numel()) + bytes(tensor.untyped_storage()))


class Old:
    """Pickles as a call of PyTorch's function for tensors from before 0.4."""

    def __init__(self, *arguments):
        self.call = (torch._utils._rebuild_tensor, arguments)

    def __reduce__(self):
        return self.call


def parts():
    """Tensors over a storage of twelve numbers, one of four and parts of the first."""

    def storage(key, count, view=None):
        return Named("storage", torch.FloatStorage, key, "cuda:0", count, view)

    return {
        "whole": Old(storage("7", 12), 0, (3, 4), (4, 1)),
        "part": Old(storage("7", 12, ("8", 2, 6)), 1, (2, 2), (2, 1)),
        "again": Old(storage("7", 12, ("8", 2, 6)), 0, (6,), (1,)),
        "end": Old(storage("7", 12, ("9", 12, 0)), 0, (0, 2), (2, 1)),
        "other": Old(storage("11", 4), 3, (), ()),
    }


def save(name, value, **options):
    torch.save(value, FOLDER / f"{name}.pt", **options)


def main():
    torch.manual_seed(0)
    for file in FOLDER.glob("*.pt"):
        file.unlink()
    texts = {}
    for name, value in readable().items():
        save(name, value)
        # The values that PyTorch itself reads; only then is Rebuilt a tensor.
        texts[name] = text(torch.load(FOLDER / f"{name}.pt", weights_only=name != "untyped"))
    for protocol in (3, 4, 5):
        save(f"protocol {protocol}", readable()["nested"], pickle_protocol=protocol)
        texts[f"protocol {protocol}"] = texts["nested"]
        save(f"plain objects protocol {protocol}", readable()["plain objects"], pickle_protocol=protocol)
        texts[f"plain objects protocol {protocol}"] = texts["plain objects"]
    for name, value in trainings().items():
        for protocol in (2, 4):
            file = name if protocol == 2 else f"{name} protocol {protocol}"
            save(file, value, pickle_protocol=protocol)
            texts[file] = text(torch.load(FOLDER / f"{file}.pt", weights_only=False))
    legacy = trainings()["training"]
    save("legacy training", legacy, _use_new_zipfile_serialization=False)
    texts["legacy training"] = text(legacy)
    torch.serialization.set_crc32_options(False)
    save("without checksums", readable()["types"])
    texts["without checksums"] = texts["types"]
    torch.serialization.set_crc32_options(True)
    swapped(FOLDER / "module.pt", FOLDER / "big-endian.pt")
    texts["big-endian"] = text(torch.load(FOLDER / "big-endian.pt", weights_only=True))
    for name, value in refused().items():
        save(f"refused {name}", value)
    for name, value in readable().items():
        # That format did not have untyped storages either.
        if name not in ("untyped", "large integers", "beside data", "model_state_dict", "other tensors", "plain objects"):
            save(f"legacy {name}", value, _use_new_zipfile_serialization=False)
            texts[f"legacy {name}"] = text(torch.load(FOLDER / f"legacy {name}.pt", weights_only=True))
    save("legacy protocol 4", readable()["types"], _use_new_zipfile_serialization=False, pickle_protocol=4)
    texts["legacy protocol 4"] = texts["types"]
    storages = {"11": numbers(torch.float32, 4), "7": numbers(torch.float32, 12)}
    save_by_hand("legacy parts", parts(), storages)
    save_by_hand("legacy Python 2", parts(), storages, text_of_python_2=True)
    for name in ("legacy parts", "legacy Python 2"):
        texts[name] = text(torch.load(FOLDER / f"{name}.pt", weights_only=name == "legacy parts", map_location="cpu"))
    save_by_hand("refused big-endian legacy", parts(), storages, little_endian=False)
    save("refused legacy function", {"f": print}, _use_new_zipfile_serialization=False)
    (FOLDER / "refused pickle.pt").write_bytes(pickle.dumps({"a": 1}, protocol=2))
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), FOLDER / "refused script.pt")
    with zipfile.ZipFile(FOLDER / "module.pt") as old:
        with zipfile.ZipFile(FOLDER / "refused compressed.pt", "w", zipfile.ZIP_DEFLATED) as new:
            for info in old.infolist():
                new.writestr(zipfile.ZipInfo(info.filename), old.read(info), zipfile.ZIP_DEFLATED)
    (HERE / "checkpoints.json").write_text(json.dumps(texts, sort_keys=True, ensure_ascii=False, indent=1) + "\n")


main()
