"""How the engine process is found and started; shared by install.py, the add-on and the tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

HOME_VARIABLE: Final = "OFER_HOME"
ENGINE_FOLDER: Final = "engine"
STAMP: Final = "ofer-ready.json"
"""The last file that a set-up writes into an environment, and the first that another removes."""

# -I leaves the project out of sys.path along with everything of Blender's; put just the root back.
_BOOTSTRAP: Final = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module('ofer_engine', run_name='__main__', alter_sys=True)"
)

_OURS: Final = {
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin are ten times slower beside other work
    "OMP_NUM_THREADS": "1",  # for NumPy's products; how many threads torch takes, the pack says
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # same seed and device, same bits on CUDA
    "PYTORCH_ENABLE_MPS_FALLBACK": "1",  # an operator missing on Apple runs on the CPU
}


def default_home() -> Path:
    """Where OFER keeps its environments and packs: $OFER_HOME, else the user's data folder."""
    if chosen := os.environ.get(HOME_VARIABLE):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "OFER Faces"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "OFER Faces"
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "ofer-faces"


def environment_python(folder: Path) -> Path:
    """The interpreter of the virtual environment in `folder`, whether it exists or not."""
    if sys.platform == "win32":
        return folder / "Scripts" / "python.exe"
    return folder / "bin" / "python"


def engine_python(home: Path) -> Path:
    """The interpreter of the engine's own environment, whether it exists or not."""
    return environment_python(home / ENGINE_FOLDER)


def engine_ready(home: Path) -> bool:
    """Whether the engine's environment is there and its set-up came to its end."""
    return engine_python(home).is_file() and (home / ENGINE_FOLDER / STAMP).is_file()


def engine_command(python: Path, root: Path, arguments: Sequence[str] = ()) -> list[str]:
    """Start `python -m ofer_engine ARGUMENTS` of the project in `root`, isolated from the caller.

    Neither PYTHON* variables nor the working folder nor user site-packages reach the engine; its
    streams are UTF-8 on every system. Pair it with `engine_environment()`.
    """
    start = [str(python), "-I", "-X", "utf8", "-c", _BOOTSTRAP]
    return [*start, str(root.absolute()), *arguments]


def engine_environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """`base` (default: this process's environment) made fit for the engine.

    Without PYTHON* variables, which may be Blender's; with ours unless the user set them.
    """
    source = os.environ if base is None else base
    kept = {name: value for name, value in source.items() if not name.startswith("PYTHON")}
    return {**_OURS, **kept}


def tune_this_process() -> None:
    """Give this process what `engine_environment` gives a child; before torch is loaded."""
    for name, value in _OURS.items():
        os.environ.setdefault(name, value)
