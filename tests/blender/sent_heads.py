"""Whole heads exported to every target, by a Blender of their own, and what was in them.

    python tests/blender/sent_heads.py HEADS OUT

HEADS has PACK.ofer of each pack, made by `real_heads.py`; OUT gets a folder of each pack, with the
files and `sent.npz`. The tests read that back by `Sent.load`.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import conftest
import numpy as np
import played
from ofer_faces.ofer_blender import compat
from ofer_faces.ofer_blender.export import write
from ofer_faces.ofer_blender.export.plan import Plan
from ofer_faces.ofer_blender.export.presets import PRESETS, Target
from ofer_faces.ofer_blender.head import tear_line
from ofer_faces.ofer_blender.headless import scene_file
from ofer_faces.ofer_engine.contract import reconstruction, skin
from played import Played

PACKS = ("open", "flame")
PLAYED = (Target.WEB, Target.UNREAL, Target.USD)
_ARRAYS = "sent.npz"


@dataclass(frozen=True, eq=False)
class Sent:
    """rest : (V, 3) and moves : (52, V, 3) metres, glTF's axes, the tear line's vertices after the
    head's where it has one; used : (U,) vertices of polygons;
    skin : (C,) vertices of the skin's polygons' corners, and uv : (C, 2) where the skin is painted;
    folder : of the files, named by target; talking : the head at five times of those that move."""

    rest: np.ndarray
    moves: np.ndarray
    used: np.ndarray
    skin: np.ndarray
    uv: np.ndarray
    folder: Path
    talking: Played

    @staticmethod
    def load(folder: Path) -> Sent:
        """What `save` has written."""
        arrays = np.load(folder / _ARRAYS)
        rest, moves, used, corners, uv = (
            arrays[name] for name in ("rest", "moves", "used", "skin", "uv")
        )
        talking = Played(arrays["talking_rest"], arrays["talking_places"])
        return Sent(rest, moves, used, corners, uv, folder, talking)

    def save(self) -> None:
        """Into its folder, beside the files."""
        np.savez(
            self.folder / _ARRAYS, rest=self.rest, moves=self.moves, used=self.used,
            skin=self.skin, uv=self.uv, talking_rest=self.talking.rest,
            talking_places=self.talking.places,
        )  # fmt: skip

    def file(self, target: Target) -> Path:
        """Of a target."""
        return self.folder / f"{target}.{PRESETS[target].format}"

    def moving(self, target: Target) -> Path:
        """Of a target, with the animation."""
        return self.folder / f"{target}_moving.{PRESETS[target].format}"


def send(folder: Path, out: Path) -> Sent:
    """Export the head of a reconstruction to every target, into the folder out."""
    record = reconstruction.read(folder)
    head = scene_file.build(record.folder, None, None)
    polygons = record.array("polygons")
    uv = np.load(record.folder / skin.FOLDER / skin.UV)
    corners = (polygons >= 0) & uv.any((1, 2))[:, None]
    for target in Target:
        write.export(head, Plan(target, out / f"{target}"))
    played.animate(head)
    for target in PLAYED:
        write.export(head, Plan(target, out / f"{target}_moving", animation=True))
    rounding = [each for each in head.modifiers if each.type == "SUBSURF"]
    for each in rounding:
        head.modifiers.remove(each)
    rest = record.array("identity_vertices")[0].astype(float)
    moves, used = record.array("arkit_units").astype(float), np.unique(polygons[polygons >= 0])
    if tear_line.fits(polygons):
        wet = tear_line.places(rest)
        units = [tear_line.places(rest + move) - wet for move in moves]
        used = np.append(used, len(rest) + np.arange(len(wet)))
        rest, moves = np.concatenate((rest, wet)), np.concatenate((moves, units), axis=1)
    talking = played.in_the_scene(head)
    return Sent(rest, moves, used, polygons[corners], uv[corners], out, talking)


def main(heads: Path, out: Path) -> None:
    """Of both packs."""
    for pack in PACKS:
        conftest.start_addon(out / "home")
        (out / pack).mkdir()
        send(heads / f"{pack}.ofer", out / pack).save()
        conftest.ADDON.unregister()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
    shutil.rmtree(conftest._USER_FOLDER)
    compat.leave(0)
