"""A tiny ONNX graph of SCRFD's form, written by hand: it finds one bright cell of the picture.

Protocol buffers are lengths and numbers one after the other; a dozen lines write them, and spare
a dependency that only tests would have.
"""

from __future__ import annotations

import struct

import numpy as np

STRIDES = (8, 16, 32)
ANCHORS = 2
BOX = (1.0, 1.5, 2.0, 2.5)
"""Left, top, right, bottom of every face from its cell's corner, in strides."""
POINTS = (-0.5, -0.6, 0.7, -0.5, 0.1, 0.2, -0.4, 0.9, 0.6, 1.0)

_FLOAT, _INT64 = 1, 7


def _number(value: int) -> bytes:
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))


def _field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return _number(number << 3) + _number(value)
    content = value.encode() if isinstance(value, str) else value
    return _number(number << 3 | 2) + _number(len(content)) + content


def _tensor(name: str, array: np.ndarray) -> bytes:
    kind = _INT64 if array.dtype == np.int64 else _FLOAT
    dims = b"".join(_field(1, side) for side in array.shape)
    return dims + _field(2, kind) + _field(8, name) + _field(9, array.tobytes())


def _integers(name: str, values: tuple[int, ...]) -> bytes:
    content = _field(1, name) + b"".join(_field(8, value) for value in values) + _field(20, 7)
    return _field(5, content)


def _node(kind: str, inputs: tuple[str, ...], output: str, attributes: bytes = b"") -> bytes:
    return _field(
        1,
        b"".join(_field(1, name) for name in inputs)
        + _field(2, output) + _field(4, kind) + attributes,
    )  # fmt: skip


def _value(name: str, sides: tuple[int | str, ...]) -> bytes:
    dims = b"".join(
        _field(1, _field(1, side) if isinstance(side, int) else _field(2, side)) for side in sides
    )
    return _field(1, name) + _field(2, _field(1, _field(1, _FLOAT) + _field(2, dims)))


def tiny_scrfd(widths: tuple[int, ...] = (1, 4, 10), bright: float = 0.5) -> bytes:
    """The model's bytes. A cell is a face where its mean brightness (0..1) is above `bright`.

    widths : of the outputs; others than the default make it no face detector with points.
    """
    nodes, tensors, outputs = b"", b"", b""
    for width in widths:
        for stride in STRIDES:
            name = f"w{width}s{stride}"
            channels = ANCHORS * width
            weights = np.zeros((channels, 3, 1, 1), np.float32)
            if width == 1:
                # Pixels come as (p - 127.5) / 128: a score is 20 times the brightness above.
                weights += 20 / 3
                bias = np.full(channels, -20 * (255 * bright - 127.5) / 128, np.float32)
            else:
                bias = np.tile(np.float32(BOX if width == 4 else POINTS[:width]), ANCHORS)
            tensors += _field(5, _tensor(f"{name}.weight", weights))
            tensors += _field(5, _tensor(f"{name}.bias", bias))
            tensors += _field(5, _tensor(f"{name}.shape", np.array((-1, width))))
            window = _integers("kernel_shape", (stride, stride))
            window += _integers("strides", (stride, stride))
            nodes += _node("AveragePool", ("input",), f"{name}.mean", window)
            inputs = (f"{name}.mean", f"{name}.weight", f"{name}.bias")
            nodes += _node("Conv", inputs, f"{name}.grid")
            order = _integers("perm", (0, 2, 3, 1))
            nodes += _node("Transpose", (f"{name}.grid",), f"{name}.last", order)
            raw = f"{name}.raw" if width == 1 else name
            nodes += _node("Reshape", (f"{name}.last", f"{name}.shape"), raw)
            if width == 1:
                nodes += _node("Sigmoid", (raw,), name)
            outputs += _field(12, _value(name, ("rows", width)))
    graph = nodes + _field(2, "tiny") + tensors
    graph += _field(11, _value("input", (1, 3, "height", "width"))) + outputs
    return _field(1, 7) + _field(2, "tiny") + _field(7, graph) + _field(8, _field(2, 13))


def with_bytes(model: bytes, old: float, new: float) -> bytes:
    """The model with one float32 replaced wherever it stands."""
    return model.replace(struct.pack("<f", old), struct.pack("<f", new))
