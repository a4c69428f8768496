"""A copy of the installing part of the project with tiny packages for its pins.

No index is asked and nothing is downloaded; everything else is real: install.py as a process, pip,
uv, virtual environments.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import os
import resource
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")

_PINS = """\
[project]
version = "0.1.0"
[project.optional-dependencies]
engine = ["torch==1.0", "numpy==1.0", "pillow==1.0", "safetensors==1.0"]
test = ["scikit-image==1.0"]
blender-test = ["bpy==1.0"]
[tool.ofer]
uv = "uv==1.0"
"""

_UV = f"""#!/bin/sh
exec "{Path(sys.executable).with_name("uv")}" "$@"
"""

_TORCH = """
__version__ = "1.0"
class version: hip = None
class cuda: is_available = staticmethod(lambda: False)
class backends:
    class mps: is_available = staticmethod(lambda: False)
"""


def _digest(text: str) -> str:
    """SHA-256 as a wheel's RECORD writes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def make_wheel(
    shelf: Path,
    name: str,
    module: str,
    body: str,
    *,
    version: str = "1.0",
    script: str = "",
    requires: Sequence[str] = (),
) -> Path:
    """Write a wheel whose one package `module` is `body`; script : a program to put beside."""
    record = f"{name}-{version}.dist-info"
    files = {
        f"{module}/__init__.py": body,
        f"{record}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + "".join(f"Requires-Dist: {each}\n" for each in requires),
        f"{record}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if script:
        files[f"{name}-{version}.data/scripts/{name}"] = script
    rows = [f"{path},sha256={_digest(text)},{len(text)}" for path, text in files.items()]
    files[f"{record}/RECORD"] = "\n".join([*rows, f"{record}/RECORD,,", ""])
    target = shelf / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w") as wheel:
        for path, text in files.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o100755 << 16
            wheel.writestr(entry, text)
    return target


def lock_wheels(root: Path, shelf: Path, group: str, *names: str) -> None:
    """Write the lock of a group: these packages, each in the newest version on the shelf."""
    text = ""
    for name in names:
        wheel = max(shelf.glob(f"{name}-*.whl"))
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        text += f"{name}=={wheel.name.split('-')[1]} \\\n    --hash=sha256:{digest}\n"
    (root / "requirements").mkdir(exist_ok=True)
    (root / "requirements" / f"{group}.txt").write_text(text)


@dataclass(frozen=True)
class Answer:
    """What a command of install.py did; seconds : of processor time, whatever else runs here."""

    code: int
    out: str
    seconds: float

    @property
    def last(self) -> str:
        return self.out.strip().splitlines()[-1]


@dataclass(frozen=True)
class Project:
    """root : the copy; home : for --home; shelf : where pip finds its wheels."""

    root: Path
    home: Path
    shelf: Path

    @property
    def python(self) -> Path:
        return self.home / "engine" / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        return next((self.home / "engine" / "lib").glob("python3.*/site-packages"))

    def environment(self, **changes: str) -> dict[str, str]:
        """This process's variables with the shelf as the only source of packages."""
        source = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.shelf),
            "PIP_EXTRA_INDEX_URL": "",
            "PIP_CONFIG_FILE": os.devnull,  # nor any source that this machine's user has set
        }
        return {**os.environ, **source, **changes}

    def command(self, *arguments: str) -> list[str]:
        """install.py, started as a user starts it: by a Python that is in no environment."""
        return [str(BASE), "-I", str(self.root / "install.py"), *arguments]

    def lock_engine(self) -> None:
        """Lock the wheels that are on the shelf now."""
        lock_wheels(self.root, self.shelf, "engine", "numpy", "pillow", "safetensors")

    def install(self, *arguments: str, **changes: str) -> Answer:
        """Run install.py with `--home`; stdout and stderr together."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            self.command(*arguments, "--home", str(self.home)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment(**changes),
            timeout=900,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Answer(done.returncode, done.stdout, used)

    def works(self) -> bool:
        """True where the environment holds every stand-in, whole."""
        code = "import torch, numpy, PIL, safetensors; assert torch.__version__ == '1.0'"
        return subprocess.run([str(self.python), "-I", "-c", code]).returncode == 0


@pytest.fixture
def bare(tmp_path: Path) -> Project:
    """A project that was never set up."""
    root, shelf = tmp_path / "project", tmp_path / "shelf"
    shelf.mkdir()
    for part in ("client", "contract", "setup"):
        shutil.copytree(ROOT / "ofer_engine" / part, root / "ofer_engine" / part)
    shutil.copy(ROOT / "ofer_engine" / "__init__.py", root / "ofer_engine")
    shutil.copy(ROOT / "install.py", root)
    (root / "pyproject.toml").write_text(_PINS)
    make_wheel(shelf, "torch", "torch", _TORCH)
    make_wheel(shelf, "uv", "uv", "", script=_UV)
    for name, module in (("numpy", "numpy"), ("pillow", "PIL"), ("safetensors", "safetensors")):
        make_wheel(shelf, name, module, "DATA = 'x' * 10\n")
    project = Project(root, tmp_path / "home", shelf)
    project.lock_engine()
    for name in ("torch", "uv"):
        lock_wheels(root, shelf, name, name)
    lock_wheels(root, shelf, "blender-test")
    return project


@dataclass(frozen=True)
class Index:
    """A package index on this machine. variables : those that make it the only source."""

    folder: Path
    variables: dict[str, str]

    def take(self, wheel: Path) -> None:
        """Offer a wheel from now on, and nowhere else."""
        folder = self.folder / wheel.name.split("-")[0].replace("_", "-")
        folder.mkdir(parents=True, exist_ok=True)
        wheel.rename(folder / wheel.name)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """The test's own output stays readable."""


@pytest.fixture
def local_index(tmp_path: Path) -> Iterator[Index]:
    """An index without any package."""
    folder = tmp_path / "index"
    folder.mkdir()
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        only = {"PIP_NO_INDEX": "0", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": address}
        yield Index(folder, only)
        server.shutdown()


@pytest.fixture(scope="session")
def _first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    """Where the one real set-up is kept, once some test has made it."""
    yield [tmp_path_factory.mktemp("set-up") / "home"]


@pytest.fixture
def project(bare: Project, _first: list[Path]) -> Project:
    """A project that is set up: a copy of one real set-up, to be damaged at will."""
    kept = _first[0]
    if not kept.exists():
        answer = replace(bare, home=kept).install("setup")
        assert answer.code == 0, answer.out
    shutil.copytree(kept, bare.home, symlinks=True)
    return bare
