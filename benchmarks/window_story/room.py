"""The room: a folder with a Debian of its own, for a Blender newer than this machine's Debian has.

The folder is entered by chroot, which needs root. Everything it holds is made here and may be
deleted, once `Room.entered` has been left.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SUITE: Final = "sid"
PACKAGES: Final = (
    "blender python3-numpy python3-cattr python3-requests python3-zstandard "
    "xvfb libgl1-mesa-dri imagemagick procps"
).split()
_OURS: Final = ("/proc", "/sys", "/dev")
_MADE: Final = "made-by-window-story"


class Room:
    """folder : where the Debian is or will be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def make(self) -> None:
        """Fill the folder from the mirror that this machine uses: 5 minutes, 2 GB, once."""
        done = self.folder / _MADE
        if done.exists():
            return
        if shutil.which("debootstrap") is None:
            raise SystemExit("This needs debootstrap: sudo apt-get install debootstrap")
        base = ["debootstrap", "--variant=minbase", SUITE, str(self.folder), _mirror()]
        if not (self.folder / "usr/bin/apt-get").exists():
            subprocess.run(base, check=True)
        for file in (Path("/etc/resolv.conf"), *Path("/etc/apt/apt.conf.d").glob("99*")):
            shutil.copyfile(file, self.folder / file.relative_to("/"))
        with self.entered({}):
            self.run(["apt-get", "update", "-qq"])
            quiet = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
            self.run([*quiet, *PACKAGES], {"DEBIAN_FRONTEND": "noninteractive"})
        done.touch()

    @contextmanager
    def entered(self, shown: Mapping[Path, Path]) -> Iterator[None]:
        """Mount what programs need, and folders of this machine to be seen inside; unmount after.

        shown : place in the room (absolute, as seen inside) by folder of this machine, read only.
        """
        mounted: list[Path] = []
        try:
            for source in _OURS:
                mounted.append(self._mount(Path(source), Path(source), ["--bind"]))
            for source, place in shown.items():
                mounted.append(self._mount(source, place, ["--bind", "-o", "ro"]))
            yield
        finally:
            for place in reversed(mounted):
                if subprocess.run(["umount", str(place)]).returncode:
                    subprocess.run(["umount", "--lazy", str(place)], check=True)

    def inside(self, place: Path) -> Path:
        """Where this machine sees a place of the room."""
        return self.folder / place.relative_to("/")

    def run(self, command: Sequence[str], variables: Mapping[str, str] | None = None) -> str:
        """Run a program in the room to its end and give what it printed."""
        done = subprocess.run(
            self.command(command, variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}")
        return done.stdout

    def start(
        self, command: Sequence[str], variables: Mapping[str, str], log: Path
    ) -> subprocess.Popen[bytes]:
        """Start a program in the room; what it says goes to `log`."""
        with log.open("wb") as output:
            return subprocess.Popen(
                self.command(command, variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def command(
        self, command: Sequence[str], variables: Mapping[str, str] | None = None
    ) -> list[str]:
        """What runs `command` in the room from here, with nothing of this environment."""
        clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
        pairs = [f"{name}={value}" for name, value in (clean | dict(variables or {})).items()]
        return ["chroot", str(self.folder), "env", "-i", *pairs, *command]

    def _mount(self, source: Path, place: Path, options: Sequence[str]) -> Path:
        target = self.inside(place)
        target.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", *options, str(source), str(target)], check=True)
        return target


def _mirror() -> str:
    """The first mirror that this machine's apt fetches packages from."""
    if os.geteuid() != 0:
        raise SystemExit("The room is entered by chroot: run this as root.")
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    found = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()
    plain = [each for each in found if "security" not in each]
    if not plain:
        raise SystemExit("apt has no mirror: run apt-get update first.")
    return plain[0]
