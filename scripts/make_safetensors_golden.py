#!/usr/bin/env python3
"""Writes tests/data/golden/python.safetensors with the format's own (Python) package.

It holds a tensor of every type that gloce knows, a scalar, an empty tensor, names and metadata that
need JSON escapes. Needs only `safetensors`.

    python scripts/make_safetensors_golden.py
"""

import ctypes
import pathlib
import struct

import safetensors

PATH = pathlib.Path(__file__).resolve().parent.parent / "tests/data/golden/python.safetensors"


BUFFERS = []  # the package keeps addresses only


def tensor(dtype, shape, data):
    buffer = ctypes.create_string_buffer(data, max(len(data), 1))
    BUFFERS.append(buffer)
    return safetensors.TensorSpec(
        dtype=dtype, shape=shape, data_ptr=ctypes.addressof(buffer), data_len=len(data)
    )


def main():
    tensors = {
        "f64": tensor("float64", [2], struct.pack("<2d", 0.1, -1e300)),
        "f32": tensor("float32", [2, 3], struct.pack("<6f", 0, -0.0, 1.5, -2.25, 3e38, 1e-45)),
        "f16": tensor("float16", [3], struct.pack("<3e", 1.0, -65504.0, 0.5)),
        "bf16": tensor("bfloat16", [2], bytes([0x80, 0x3F, 0x7F, 0xFF])),  # 1, the lowest
        "i64": tensor("int64", [1, 2], struct.pack("<2q", -(2**63), 2**63 - 1)),
        "i32": tensor("int32", [2], struct.pack("<2i", -(2**31), 2**31 - 1)),
        "i16": tensor("int16", [2], struct.pack("<2h", -32768, 32767)),
        "i8": tensor("int8", [2], struct.pack("<2b", -128, 127)),
        "u8": tensor("uint8", [3], bytes([0, 127, 255])),
        "bool": tensor("bool", [2], bytes([0, 1])),
        "scalar": tensor("float32", [], struct.pack("<f", 42.0)),
        "empty": tensor("float32", [0, 4], b""),
        'quote " and \u00e9\u732b': tensor("uint8", [1], b"\x07"),
    }
    # One key: the package writes several in a random order.
    metadata = {"note": 'tab\t, quote ", \u732b'}
    PATH.write_bytes(safetensors.serialize(tensors, metadata))
    print(f"{PATH.name}: {PATH.stat().st_size} bytes, safetensors {safetensors.__version__}")


if __name__ == "__main__":
    main()
