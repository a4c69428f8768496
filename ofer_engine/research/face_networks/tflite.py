"""Read the graph and the numbers of a TensorFlow Lite file, without its runtime.

Only what weight conversion needs: operators in order, their tensors, and constant tensors as numpy
arrays. Field numbers follow `schema.fbs` of TensorFlow Lite (version 3).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

_OPERATORS = {
    0: "ADD",
    2: "CONCATENATION",
    3: "CONV_2D",
    4: "DEPTHWISE_CONV_2D",
    6: "DEQUANTIZE",
    14: "LOGISTIC",
    17: "MAX_POOL_2D",
    18: "MUL",
    19: "RELU",
    22: "RESHAPE",
    34: "PAD",
    39: "TRANSPOSE",
    40: "MEAN",
    41: "SUB",
    42: "DIV",
    45: "STRIDED_SLICE",
    54: "PRELU",
    59: "NEG",
    74: "SUM",
    75: "SQRT",
    76: "RSQRT",
    99: "SQUARED_DIFFERENCE",
}
_DTYPES = {0: np.dtype("<f4"), 1: np.dtype("<f2"), 2: np.dtype("<i4")}


@dataclass(frozen=True)
class Operator:
    """One step of the graph: its kind and the tensor numbers it reads and writes."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Graph:
    """A TensorFlow Lite model.

    operators : in execution order, without the dequantisations of stored constants
    constants : tensor number → array as stored (float16 stays float16), file layout
    inputs, outputs : tensor numbers
    """

    operators: tuple[Operator, ...]
    constants: dict[int, np.ndarray]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class _Table:
    """A FlatBuffers table: fields found through the offsets that its vtable lists."""

    def __init__(self, data: bytes, position: int) -> None:
        self.data = data
        self.position = position
        self.vtable = position - struct.unpack_from("<i", data, position)[0]
        self.vtable_size = struct.unpack_from("<H", data, self.vtable)[0]

    def _field(self, number: int) -> int:
        slot = 4 + 2 * number
        if slot >= self.vtable_size:
            return 0
        offset = struct.unpack_from("<H", self.data, self.vtable + slot)[0]
        return self.position + offset if offset else 0

    def _follow(self, position: int) -> int:
        return position + struct.unpack_from("<I", self.data, position)[0]

    def scalar(self, number: int, form: str) -> int:
        field = self._field(number)
        return struct.unpack_from("<" + form, self.data, field)[0] if field else 0

    def array(self, number: int, dtype: np.dtype | type) -> np.ndarray:
        field = self._field(number)
        if not field:
            return np.zeros(0, dtype)
        start = self._follow(field)
        count = struct.unpack_from("<I", self.data, start)[0]
        return np.frombuffer(self.data, dtype, count, start + 4)

    def tables(self, number: int) -> list[_Table]:
        field = self._field(number)
        if not field:
            return []
        start = self._follow(field)
        count = struct.unpack_from("<I", self.data, start)[0]
        slots = (start + 4 + 4 * i for i in range(count))
        return [_Table(self.data, self._follow(slot)) for slot in slots]


def read_tflite(data: bytes) -> Graph:
    """data : the whole file → its first subgraph.

    Raises KeyError for an operator or a number format that the face networks do not use.
    """
    model = _Table(data, struct.unpack_from("<I", data, 0)[0])
    kinds = [_OPERATORS[max(code.scalar(3, "i"), code.scalar(0, "b"))] for code in model.tables(1)]
    subgraph = model.tables(2)[0]
    buffers = model.tables(4)
    constants: dict[int, np.ndarray] = {}
    for number, tensor in enumerate(subgraph.tables(0)):
        raw = buffers[tensor.scalar(2, "I")].array(0, np.uint8)
        if raw.size:
            shape = tensor.array(0, np.int32)
            constants[number] = raw.view(_DTYPES[tensor.scalar(1, "b")]).reshape(shape)
    operators = []
    for step in subgraph.tables(3):
        kind = kinds[step.scalar(0, "I")]
        inputs = tuple(step.array(1, np.int32).tolist())
        outputs = tuple(step.array(2, np.int32).tolist())
        if kind == "DEQUANTIZE" and inputs[0] in constants:
            constants[outputs[0]] = constants[inputs[0]]
        else:
            operators.append(Operator(kind, inputs, outputs))
    return Graph(
        tuple(operators),
        constants,
        tuple(subgraph.array(1, np.int32).tolist()),
        tuple(subgraph.array(2, np.int32).tolist()),
    )
