"""Fills an environment with what the lock says; does nothing where it holds that already."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError
from ..contract.sentence import Sentence
from . import interpreters, renew_lock, torch_build
from .console import Console
from .environment import Environment, Stamp
from .home import Home
from .lock import BLENDER_TEST, ENGINE, pins_hash
from .pins import Pins, version_of
from .runner import Runner
from .uv import Uv

EXTRAS: Final = ("batch", "perform", "train", "evaluate", "scrfd")
"""Groups that a user adds to the engine for the work that needs them."""

_SMALL: Final = 300_000_000
_BLENDER_BYTES: Final = 1_500_000_000

_ASK_TORCH: Final = """
import json, numpy, PIL, safetensors, torch
device = "CPU"
if torch.cuda.is_available():
    device = ("ROCm " if torch.version.hip else "CUDA ") + torch.cuda.get_device_name(0)
elif torch.backends.mps.is_available():
    device = "Apple GPU"
print(json.dumps(f"PyTorch {torch.__version__} on {device}"))
"""


@dataclass(frozen=True)
class Contents:
    """What one environment is to hold of one group.

    requirements : where they are not those of the lock, so that uv resolves them on the spot;
    pythons : versions that the environment may be made with; needed : free bytes to ask for;
    torch : backend of the PyTorch build, empty where the group has none; check : asks the filled
    environment what PyTorch it has, raising OferError where it does not run.
    """

    environment: Environment
    group: str
    pins: Pins
    requirements: tuple[str, ...] = ()
    pythons: tuple[interpreters.Version, ...] = interpreters.ENGINE
    needed: int = _SMALL
    torch: str = ""
    check: Callable[[Environment], str] | None = None

    @property
    def fingerprint(self) -> str:
        """Hash that tells one state of the contents from another."""
        if self.requirements:
            return pins_hash(self.requirements)
        return self.pins.lock.fingerprint(self.group)

    @property
    def installed(self) -> bool:
        """True where nothing is left to do; takes milliseconds."""
        stamp = self.environment.stamp()
        if stamp is None or not self.environment.holds(self.group, self.fingerprint):
            return False
        return self.torch in ("", torch_build.AUTOMATIC, stamp.backend)


def engine(home: Home, pins: Pins, torch: str = torch_build.AUTOMATIC) -> Contents:
    """The engine itself; torch : which build, as `torch_build.choose` takes it."""
    return Contents(home.engine, ENGINE, pins, torch=torch, check=ask_torch)


def beside_engine(home: Home, pins: Pins, group: str) -> Contents:
    """Another group in the engine's environment: TEST, DOCS or one of `EXTRAS`."""
    return Contents(home.engine, group, pins)


def blender_module(home: Home, pins: Pins, version: str = "") -> Contents:
    """Blender as a Python module; version : another one than the pinned, such as 4.2.23."""
    requirements: tuple[str, ...] = ()
    pythons = interpreters.BPY
    if version:
        others = [pin for pin in pins.groups[BLENDER_TEST] if not pin.startswith("bpy")]
        numpy = ["numpy<2"] if version.startswith("4.2.") else []  # its numpy C interface is 1.x
        requirements = (f"bpy=={version}", *numpy, *others)
        pythons = interpreters.bpy_pythons(version)
    environment = home.blender_module(version)
    return Contents(environment, BLENDER_TEST, pins, requirements, pythons, _BLENDER_BYTES)


def provide(home: Home, contents: Contents, console: Console) -> bool:
    """Fill the environment; False where there was nothing to do.

    Can be stopped at any moment: the stamp goes first and comes back last, and what a stop left
    half-written is installed again. Raises OferError with the next step.
    """
    if contents.installed:
        return False
    base = _base(contents.pythons)
    new = not contents.environment.python.exists()
    with home.locked(contents.needed if new else 0) as held:
        home.log.unlink(missing_ok=True)
        runner = Runner(contents.environment.folder, home.log, console, held)
        _fill(contents, home, base, runner, console)
    return True


def renew(home: Home, pins: Pins, console: Console, upgrade: bool) -> None:
    """Make the lock again from the pins; see `renew_lock.renew`."""
    base = _base(interpreters.ENGINE)
    with home.locked(_SMALL) as held:
        home.log.unlink(missing_ok=True)
        console.step(1, 1, "Lock")
        uv = _uv(home, pins, base, Runner(home.path, home.log, console, held))
        renew_lock.renew(pins, uv, home.tools, upgrade)
        uv.clear()


def unpack(
    home: Home, pins: Pins, group: str, package: str, folder: Path, console: Console
) -> None:
    """Put the files of one locked package into `folder`, outside any environment."""
    entry = next(each for each in pins.lock.entries(group) if each.name == package)
    base = _base(interpreters.ENGINE)
    with home.locked(0) as held:
        uv = _uv(home, pins, base, Runner(folder, home.log, console, held))
        folder.mkdir(parents=True, exist_ok=True)
        alone = folder / "ofer-requirements.txt"
        alone.write_text(entry.text, "utf-8")
        uv.install(home.engine, "--target", str(folder), "-r", str(alone))
        uv.clear()


def _base(pythons: tuple[interpreters.Version, ...]) -> list[str]:
    base = interpreters.find(pythons)
    if base is None:
        values = interpreters.wrong_python(pythons)
        raise OferError(ErrorCode.ENGINE_MISSING, interpreters.WRONG_PYTHON, **values)
    return base


def _uv(home: Home, pins: Pins, base: list[str], runner: Runner) -> Uv:
    return Uv.bring(home.tools, pins.lock, base, runner)


def _fill(
    contents: Contents, home: Home, base: list[str], runner: Runner, console: Console
) -> None:
    environment, pins = contents.environment, contents.pins
    steps = _Steps(console, 5 if contents.torch else 4)
    stamp = environment.stamp() or Stamp({})
    if contents.torch not in ("", torch_build.AUTOMATIC, stamp.backend):
        environment.discard()
        stamp = Stamp({})
    environment.remove_stamp()
    steps.next("Python environment")
    environment.create(base)
    mended = environment.repair()
    steps.next(Sentence("Installer ({replace})", replace=pins.uv.replace("==", " ")))
    uv = _uv(home, pins, base, runner)
    if contents.torch:
        _torch(contents, uv, steps, bool(mended))
    requirements = contents.requirements or pins.groups[contents.group]
    steps.next(_described(requirements))
    file = pins.lock.file(contents.group)
    if contents.requirements:
        file = environment.folder / "ofer-requirements.txt"
        uv.compile(environment, requirements, file, ["--generate-hashes"])
    uv.install(environment, "-r", str(file))
    steps.next("Check")
    torch = contents.check(environment) if contents.check else stamp.torch
    groups = stamp.groups | {contents.group: contents.fingerprint}
    environment.write_stamp(Stamp(groups, torch, contents.torch or stamp.backend))
    uv.clear()


def _torch(contents: Contents, uv: Uv, steps: _Steps, mended: bool) -> None:
    environment = contents.environment
    pinned = next(pin for pin in contents.pins.groups[ENGINE] if pin.startswith("torch=="))
    name = f"PyTorch {version_of(pinned)}"
    steps.next(name)
    begun = environment.folder / "ofer-torch.begun"  # stays where a stop left PyTorch half there
    if environment.version("torch") == version_of(pinned) and not begun.exists() and not mended:
        return
    build = torch_build.choose(pinned, contents.torch, environment, uv)
    steps.rename(f"{name}, {build.label}")
    begun.touch()
    torch_build.install(build, pinned, contents.pins.lock, environment, uv)
    begun.unlink()


class _Steps:
    """Numbers the steps of one set-up."""

    def __init__(self, console: Console, of: int) -> None:
        self._console, self._of, self._i = console, of, 0

    def next(self, name: str) -> None:
        self._i += 1
        self._console.step(self._i, self._of, name)

    def rename(self, name: str) -> None:
        self._console.step(self._i, self._of, name)


def _described(requirements: tuple[str, ...]) -> str:
    names = [pin.partition("=")[0].partition("[")[0].partition("<")[0] for pin in requirements]
    return ", ".join(dict.fromkeys(name for name in names if name != "torch"))


def ask_torch(environment: Environment) -> str:
    """`PyTorch 2.13.0+cpu on CPU`. Raises OferError engine_missing where it does not start."""
    answer = environment.ask(_ASK_TORCH)
    if answer.returncode != 0:
        lines = [line for line in answer.stderr.splitlines() if line.strip()]
        raise OferError(
            ErrorCode.ENGINE_MISSING,
            "PyTorch is installed but does not start ({message}).",
            "Run `install.py setup --rebuild`; if that does not help, add --torch cpu.",
            message=lines[-1] if lines else "no message",
        )
    return json.loads(answer.stdout.splitlines()[-1])
