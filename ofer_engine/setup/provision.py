"""Brings an environment to what its pins say; does nothing where it is there already."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..contract.errors import ErrorCode, OferError
from . import interpreters, torch_build
from .console import Console
from .environment import Environment, Stamp
from .home import Home
from .installer import Runner
from .pins import Pins, fingerprint, version_of

ENGINE: Final = "engine"
TEST: Final = "test"
DOCS: Final = "docs"
BLENDER_TEST: Final = "blender-test"
EXTRAS: Final = ("train", "evaluate", "scrfd")
"""Groups of pins that a user adds to the engine for the work that needs them."""

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
class Job:
    """One group of pins to bring into one environment.

    pythons : versions it may be made with; needed : free bytes to ask for; torch : backend of the
    PyTorch build, empty where the group has none; check : asks the filled environment what PyTorch
    it has, raising OferError where it does not run.
    """

    environment: Environment
    group: str
    requirements: tuple[str, ...]
    pip: str
    uv: str
    pythons: tuple[interpreters.Version, ...] = interpreters.ENGINE
    needed: int = _SMALL
    torch: str = ""
    check: Callable[[Environment], str] | None = None

    @property
    def done(self) -> bool:
        """True where nothing is left to do; takes milliseconds."""
        stamp = self.environment.stamp()
        if stamp is None or not self.environment.holds(self.group, self.requirements):
            return False
        return self.torch in ("", torch_build.AUTOMATIC, stamp.backend)


def engine(home: Home, pins: Pins, torch: str = torch_build.AUTOMATIC) -> Job:
    """The engine's own environment; torch : which build, as `torch_build.choose` takes it."""
    return Job(
        environment=home.engine,
        group=ENGINE,
        requirements=pins.groups[ENGINE],
        pip=pins.pip,
        uv=pins.uv,
        torch=torch,
        check=ask_torch,
    )


def engine_tests(home: Home, pins: Pins) -> Job:
    """What checks the engine, beside it."""
    return Job(home.engine, TEST, pins.groups[TEST], pins.pip, pins.uv)


def docs(home: Home, pins: Pins) -> Job:
    """What makes the documentation a site, beside the engine."""
    return Job(home.engine, DOCS, pins.groups[DOCS], pins.pip, pins.uv)


def extra(home: Home, pins: Pins, group: str) -> Job:
    """One of `EXTRAS`, beside the engine."""
    return Job(home.engine, group, pins.groups[group], pins.pip, pins.uv)


def blender_module(home: Home, pins: Pins, version: str = "") -> Job:
    """Blender as a Python module; version : another one than the pinned, such as 4.2.23."""
    requirements, pythons = pins.groups[BLENDER_TEST], interpreters.BPY
    if version:
        others = [pin for pin in requirements if not pin.startswith("bpy")]
        numpy = ["numpy<2"] if version.startswith("4.2.") else []  # its numpy C interface is 1.x
        requirements = (f"bpy=={version}", *numpy, *others)
        pythons = interpreters.bpy_pythons(version)
    return Job(
        environment=home.blender_module(version),
        group=BLENDER_TEST,
        requirements=requirements,
        pip=pins.pip,
        uv=pins.uv,
        pythons=pythons,
        needed=_BLENDER_BYTES,
    )


def provide(home: Home, job: Job, console: Console) -> bool:
    """Do the job; False where there was nothing to do.

    Can be stopped at any moment: the stamp goes first and comes back last, and what a stop left
    half-written is brought in again. Raises OferError with the next step.
    """
    if job.done:
        return False
    base = interpreters.find(job.pythons)
    if base is None:
        raise OferError(ErrorCode.ENGINE_MISSING, interpreters.wrong_python(job.pythons))
    new = not job.environment.python.exists()
    with home.locked(job.needed if new else 0) as held:
        home.log.unlink(missing_ok=True)
        _fill(job, base, Runner(job.environment.folder, home.log, console, held), console)
    return True


def _fill(job: Job, base: list[str], runner: Runner, console: Console) -> None:
    environment, steps = job.environment, _Steps(console, 5 if job.torch else 4)
    stamp = environment.stamp() or Stamp({})
    if job.torch not in ("", torch_build.AUTOMATIC, stamp.backend):
        environment.discard()
        stamp = Stamp({})
    environment.remove_stamp()
    steps.next("Python environment")
    environment.create(base)
    environment.repair()
    steps.next(f"Installer ({job.pip.replace('==', ' ')})")
    environment.add_pip(base, job.pip, runner)
    if job.torch:
        _torch(job, runner, steps)
    steps.next(_described(job.requirements))
    environment.install(job.requirements, runner)
    steps.next("Check")
    torch = job.check(environment) if job.check else stamp.torch
    groups = stamp.groups | {job.group: fingerprint(job.requirements)}
    environment.write_stamp(Stamp(groups, torch, job.torch or stamp.backend))


def _torch(job: Job, runner: Runner, steps: _Steps) -> None:
    pinned = next(pin for pin in job.requirements if pin.startswith("torch=="))
    name = f"PyTorch {version_of(pinned)}"
    steps.next(name)
    if job.environment.version("torch") == version_of(pinned):
        return
    build = torch_build.choose(pinned, job.torch, job.environment, runner)
    steps.rename(f"{name}, {build.label}")
    torch_build.install(build, pinned, job.uv, job.environment, runner)


class _Steps:
    """Numbers the steps of one job."""

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
            f"PyTorch is installed but does not start ({lines[-1] if lines else 'no message'}).",
            "Run `install.py setup --rebuild`; if that does not help, add --torch cpu.",
        )
    return json.loads(answer.stdout.splitlines()[-1])
