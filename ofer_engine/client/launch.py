"""How the engine process is found and started; shared by install.py, the add-on and the tests."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError

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
    return users_home()


def users_home() -> Path:
    """That place in the user's data folder, whatever $OFER_HOME says."""
    if sys.platform == "win32":
        local = _whole("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        return local / "OFER Faces"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "OFER Faces"
    return (_whole("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "ofer-faces"


def _whole(variable: str) -> Path | None:
    """The folder that a variable of the system names; one that depends on where a program was
    started counts as none, as the systems say."""
    folder = Path(os.environ.get(variable, ""))
    return folder if folder.is_absolute() else None


def chosen_home(folder: Path | str | None) -> Path:
    """The data folder that somebody named, or the default; absolute. Raises
    OferError(BAD_REQUEST) where nobody can know it."""
    try:
        return Path(folder).expanduser().absolute() if folder else default_home()
    except (RuntimeError, OSError) as cause:  # no such user, no working folder any more
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The data folder is not known: {why}.",
            "Give its whole path with --home, or in the variable {name}.",
            why=str(getattr(cause, "strerror", None) or cause).rstrip("."),
            name=HOME_VARIABLE,
        ) from cause


def check_working_folder() -> None:
    """Raises OferError(BAD_REQUEST) where the folder that this process was started in is gone:
    libraries fail there in words of their own, and no path in it leads anywhere."""
    try:
        os.getcwd()
    except OSError as cause:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The folder in which this was started is not there any more.",
            "Change to another folder, and run this again.",
        ) from cause


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


def engine_command(python: Path, root: Path, arguments: Sequence[str]) -> list[str]:
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


def mend_streams() -> None:
    """Let what this process prints fail nowhere: a closed output leads into nothing, and of a name
    that the terminal cannot show it shows what it can."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this, as by a service
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def tune_this_process() -> None:
    """Give this process what `engine_environment` gives a child; before torch is loaded."""
    for name, value in _OURS.items():
        os.environ.setdefault(name, value)
