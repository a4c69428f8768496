"""Play the whole story in a real Blender with a window, on a virtual screen, and take pictures.

    sudo python3 benchmarks/window_story --room DIR --engine PYTHON --photo PHOTO [--out DIR]

See README.md beside this file. No test depends on it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from room import Room

PROJECT: Final = Path(__file__).resolve().parents[2]
_DISPLAY: Final = ":77"
_SIZE: Final = (1440, 900)
_PROJECT_INSIDE: Final = Path("/ofer")
_STORY_INSIDE: Final = Path("/story")
_FOR_THE_MANUAL: Final = (
    "first_head", "gallery", "compare", "through_photo", "seen_guessed",
)  # fmt: skip
_IN_THE_MANUAL: Final = {
    "first_head": "first_head",
    "whole_gallery": "gallery",
    "nine_side_by_side": "compare",
    "through_the_photo": "through_photo",
    "seen_and_guessed": "seen_guessed",
}
"""Chapters that take them, and the manual's name for each picture taken."""
_USER: Final = {"BLENDER_USER_RESOURCES": str(_STORY_INSIDE / "user")}


def main() -> int:
    """Make the room, install the extension, play, fetch pictures and figures."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the room is left tidily
    room = Room(options.room)
    room.make()
    story = room.inside(_STORY_INSIDE)
    for folder in ("out", "user"):
        shutil.rmtree(story / folder, ignore_errors=True)
    (story / "out").mkdir(parents=True)
    (story / "photos").mkdir(exist_ok=True)
    shutil.copyfile(options.photo, story / "photos" / options.photo.name)
    _copy_project(room.inside(_PROJECT_INSIDE))
    try:
        status = _install_and_play(room, story, options)
    finally:
        shutil.copytree(story / "out", options.out, dirs_exist_ok=True)
    ended = options.out / "ended.json"
    outcome = json.loads(ended.read_text())["outcome"] if ended.exists() else "Blender ended early"
    print(f"{outcome}\nPictures and figures: {options.out}")
    return status


def _install_and_play(room: Room, story: Path, options: argparse.Namespace) -> int:
    with room.entered({each: each for each in _folders_of(options.engine)}):
        installer = [str(options.engine), "-I", str(_PROJECT_INSIDE / "install.py"), "blender"]
        print(room.run([*installer, "--home", str(_STORY_INSIDE / "home")], _USER).strip())
        status = _play(room, story, options)
        if options.pictures and not status:
            _renew(room, story, options.pictures)
        return status


def _renew(room: Room, story: Path, place: Path) -> None:
    """Put those pictures of the play that the manual shows into its folder, in 256 colours."""
    place.mkdir(parents=True, exist_ok=True)
    for taken in sorted((story / "out").glob("*.png")):
        if name := _IN_THE_MANUAL.get(taken.stem.partition("_")[2]):
            small = taken.with_name(f"{name}.png")
            fewer = ["-dither", "None", "-colors", "256", "-strip"]
            inside = [str(_STORY_INSIDE / "out" / each.name) for each in (taken, small)]
            room.run(["convert", inside[0], *fewer, inside[1]])
            shutil.move(small, place / small.name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="window_story", description=__doc__.split("\n")[0])
    parser.add_argument("--room", type=Path, required=True, help="folder for a Debian of its own")
    parser.add_argument("--engine", type=Path, required=True, help="the engine's Python")
    parser.add_argument("--photo", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("window-story"))
    parser.add_argument("--chapters", nargs="*", default=None, help="only these, in this order")
    parser.add_argument("--quick", action="store_true", help="call buttons, do not look for them")
    parser.add_argument("--pictures", type=Path, help="renew the manual's pictures in this folder")
    parser.add_argument("--minutes", type=float, default=20, help="give up after this long")
    return parser.parse_args()


def _folders_of(python: Path) -> list[Path]:
    """What must be seen inside for this interpreter to run there: its environment and its base."""
    ask = "import sys; print(sys.prefix); print(sys.base_prefix)"
    answer = subprocess.run([python, "-I", "-c", ask], check=True, capture_output=True, text=True)
    folders = [Path(line) for line in dict.fromkeys(answer.stdout.split("\n")) if line]
    if Path("/usr") in folders:
        raise SystemExit("The engine's Python comes from /usr, which the room has its own of.")
    return folders


def _copy_project(place: Path) -> None:
    """The project as it stands here, without what git ignores."""
    shutil.rmtree(place, ignore_errors=True)
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, place / name)


def _play(room: Room, story: Path, options: argparse.Namespace) -> int:
    play = {
        "photo": str(_STORY_INSIDE / "photos" / options.photo.name),
        "engine_python": str(options.engine),
        "home": str(_STORY_INSIDE / "home"),
        "out": str(_STORY_INSIDE / "out"),
        "chapters": options.chapters or (_FOR_THE_MANUAL if options.pictures else []),
        "quick": options.quick,
    }
    (story / "play.json").write_text(json.dumps(play))
    width, height = _SIZE
    screen = ["Xvfb", _DISPLAY, "-screen", "0", f"{width}x{height}x24", "+extension", "GLX"]
    xvfb = room.start(screen, {}, story / "xvfb.log")
    try:
        time.sleep(2)
        blender = room.start(_blender(), _USER | _drawn_by_software(), story / "blender.log")
        try:
            return blender.wait(options.minutes * 60)
        except subprocess.TimeoutExpired:
            return 124
        finally:
            blender.kill()
            blender.wait(20)
    finally:
        xvfb.terminate()
        xvfb.wait(20)


def _blender() -> list[str]:
    width, height = map(str, _SIZE)
    player = str(_PROJECT_INSIDE / "benchmarks/window_story/player.py")
    window = ["--no-window-focus", "-p", "0", "0", width, height, "--enable-event-simulate"]
    return ["blender", *window, "--python", player, "--", str(_STORY_INSIDE / "play.json")]


def _drawn_by_software() -> dict[str, str]:
    return {"DISPLAY": _DISPLAY, "LIBGL_ALWAYS_SOFTWARE": "1"}


if __name__ == "__main__":
    sys.exit(main())
