"""Eight things that a malicious pickle asks for while it is read; each leaves a mark if it runs."""

import builtins
import functools
import importlib
import os
import pickle
import runpy
import subprocess
from pathlib import Path


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
