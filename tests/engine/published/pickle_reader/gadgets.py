"""Eight things that a malicious pickle asks for while it is read; each leaves a mark if it runs."""

import builtins
import functools
import importlib
import os
import pickle
import runpy
import subprocess
from pathlib import Path

import numpy


class Gadget:
    """Pickles as a call of `function` with `arguments`."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def gadgets(marker: Path) -> dict[str, object]:
    touch = f"import pathlib; pathlib.Path({str(marker)!r}).touch()"
    runstring = importlib.import_module("numpy.testing").runstring
    return {
        "os.system": Gadget(os.system, f"touch {marker}"),
        "subprocess.Popen": Gadget(subprocess.Popen, ["touch", str(marker)]),
        "eval": Gadget(builtins.eval, f"open({str(marker)!r}, 'w')"),
        "exec through numpy": Gadget(runstring, touch, {}),
        "import": Gadget(importlib.import_module, "antigravity"),
        "run_path": Gadget(runpy.run_path, str(marker.with_suffix(".py"))),
        "nested pickle": Gadget(pickle.loads, pickle.dumps(Gadget(os.system, f"touch {marker}"))),
        "partial": Gadget(functools.partial, os.system, f"touch {marker}"),
    }


KINDS = tuple(gadgets(Path("marker")))


_TORCH = "torch._utils", "_rebuild_tensor_v2"
SHARED = {
    "defaults of an allowed function": (_TORCH, (None, {"__defaults__": (1,)})),
    "attributes of an allowed function": (_TORCH, {"hook": 1}),
    "names of an allowed function": (_TORCH, (None, {"__name__": "x", "__kwdefaults__": {}})),
    "encoder": (("_codecs", "encode"), (None, {"__defaults__": ("rot13",)})),
    "numpy's reconstruct": (("numpy._core.multiarray", "_reconstruct"), {"calls": 1}),
    "numpy's scalar": (("numpy._core.multiarray", "scalar"), (None, {"__doc__": "x"})),
    "an array's class": (("numpy", "ndarray"), {"sum": None}),
    "a set's class": (("builtins", "set"), {"add": None}),
    "a dict's class": (("collections", "OrderedDict"), {"get": None}),
    "chumpy's class": (("chumpy.ch", "Ch"), {"plain": None}),
    "a sparse matrix's class": (("scipy.sparse._csc", "csc_matrix"), {"toarray": None}),
    "a storage's class": (("torch", "FloatStorage"), {"dtype": None}),
    "a type of torch's": (("torch", "float32"), {"itemsize": 1}),
}
"""Names that are allowed, and state that a file puts into what they mean for the whole process."""


def state_for(name: tuple[str, str], state: object) -> bytes:
    """A pickle that gives state to what a name means: no call is in it."""
    module, attribute = (text.encode() for text in name)
    pickled = pickle.dumps(state, protocol=2)[2:-1]
    return b"\x80\x02}X\x01\0\0\0ac" + module + b"\n" + attribute + b"\n" + pickled + b"bs."


def dtype_reversed() -> bytes:
    """A pickle that turns the byte order of numpy's own float64, which every array shares."""
    made = pickle.dumps({"a": numpy.dtype("f8")}, protocol=2)
    turned = made.replace(b"X\x01\0\0\0<", b"X\x01\0\0\0>")
    assert turned != made
    return turned
