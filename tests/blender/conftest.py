"""Blender as a module, reset for every test, with the add-on registered from the source folder."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

# Before bpy starts: nothing of these tests may touch the settings of the person who runs them.
_USER_FOLDER = tempfile.mkdtemp(prefix="ofer_blender_user_")
os.environ["BLENDER_USER_RESOURCES"] = _USER_FOLDER

import bpy  # noqa: E402

CRASHES_AT_EXIT = bpy.app.version < (4, 5, 0)
"""The module 4.2: after any glTF export, and wherever a property had an update function."""
HERE = Path(__file__).absolute().parent
ROOT = HERE.parents[1]


def load_addon(name: str, root: Path) -> ModuleType:
    """The project's folder as the package that Blender would make of it."""
    spec = importlib.util.spec_from_file_location(
        name, root / "__init__.py", submodule_search_locations=[str(root)]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)
    return package


ADDON = load_addon("ofer_faces", ROOT)
sys.path.insert(0, str(HERE))

import synthetic  # noqa: E402
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def _leave_nothing() -> Iterator[None]:
    yield
    jobs = sys.modules.get("ofer_faces.ofer_blender.engine.jobs")
    if jobs and bpy.app.timers.is_registered(jobs._tick):
        bpy.app.timers.unregister(jobs._tick)  # a timer left at exit crashes Blender 4.2
    shutil.rmtree(_USER_FOLDER, ignore_errors=True)


@pytest.fixture(autouse=True)
def addon(tmp_path: Path) -> Iterator[ModuleType]:
    """An empty Blender with the add-on registered and its home in the test's folder."""
    start_addon(tmp_path / "home")
    yield ADDON
    if hasattr(bpy.types.Scene, "ofer"):
        ADDON.unregister()


def ended_well(status: int) -> bool:
    """Whether a process that had Blender's module came to its end."""
    return status == 0 or (CRASHES_AT_EXIT and status == -signal.SIGSEGV)


def start_addon(home: Path) -> None:
    """Empty Blender and register the add-on, with this folder as its home."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.preferences.addons.new().module = "ofer_faces"
    ADDON.register()
    preferences().home = str(home)
    sys.modules["ofer_faces.ofer_blender.photo.head_photos"]._seen.clear()  # as in a new session
    bpy.ops.ed.undo_push(message="Start")


def preferences() -> bpy.types.AddonPreferences:
    """The add-on's preferences."""
    return bpy.context.preferences.addons["ofer_faces"].preferences


@pytest.fixture
def record(tmp_path: Path) -> Reconstruction:
    """A small reconstruction with invented shapes."""
    return synthetic.write(tmp_path)


@pytest.fixture
def head(record: Reconstruction) -> bpy.types.Object:
    """It in the scene."""
    bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(record.folder))
    return bpy.context.object


@pytest.fixture
def as_in_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators return at once; a test's own polling is the timer, which never fires."""
    jobs = sys.modules["ofer_faces.ofer_blender.engine.jobs"]
    monkeypatch.setattr(jobs, "follow", lambda operator, wait: {"FINISHED"})


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A file that the double takes for a photo."""
    path = tmp_path / "anna.jpg"
    path.write_bytes(b"not looked at")
    return path


@pytest.fixture
def employ(tmp_path: Path) -> Callable[[str], None]:
    """Make the add-on start `fake_engine.py` in a mode, through the very command it always uses."""
    import synthetic

    synthetic.write(tmp_path / "prepared")
    synthetic.write_more(tmp_path / "prepared" / "more")
    synthetic.write_skin(tmp_path / "prepared" / "skin")

    def employ(mode: str) -> None:
        program = tmp_path / f"python_{mode}"
        call = f'"{sys.executable}" -I "{HERE / "fake_engine.py"}" {mode} "{tmp_path / "prepared"}"'
        program.write_text(f"#!/bin/sh\nexec {call}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        preferences().python = str(program)

    return employ


@pytest.fixture
def real_engine() -> Path:
    """The engine's Python, used by the add-on for this test; skips where it was never set up."""
    from ofer_faces.ofer_engine.client import launch

    chosen = os.environ.get("OFER_ENGINE_PYTHON")
    python = Path(chosen) if chosen else launch.engine_python(launch.default_home())
    if not python.is_file():
        pytest.skip(f"no engine at {python}: `python3 install.py setup`, or OFER_ENGINE_PYTHON")
    preferences().python = str(python)
    return python


@pytest.fixture
def portrait(real_engine: Path, tmp_path: Path) -> Path:
    """scikit-image's public-domain portrait, from the engine's environment."""
    path = tmp_path / "portrait.png"
    script = "import sys, skimage.data as d; from PIL import Image; "
    script += "Image.fromarray(d.astronaut()).save(sys.argv[1])"
    done = subprocess.run([str(real_engine), "-I", "-c", script, str(path)], capture_output=True)
    if done.returncode:
        pytest.skip("scikit-image is not in the engine's environment: `python3 install.py test`")
    return path


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave before the module can crash."""
    session = _session.get("session")
    if CRASHES_AT_EXIT and session is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(session.exitstatus))


_session: dict[str, pytest.Session] = {}


def pytest_sessionstart(session: pytest.Session) -> None:
    """Kept for its exit status, which is known only at the end."""
    _session["session"] = session
