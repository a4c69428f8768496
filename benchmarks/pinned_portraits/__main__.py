"""docs/pictures/pinned.jpg: the outline of ears and jaw of real portraits, before and after a few
pins; and how far it lies from the photo's own.

    ENGINE_PYTHON -m benchmarks.pinned_portraits --blender BLENDER_PYTHON
        [--portraits FOLDER] [--out PICTURE]

--blender : a Python with Blender's module (`install.py test` makes one); --portraits : a folder
with the portraits that `portraits.json` names beside scikit-image's public-domain astronaut.png,
which alone is measured and drawn without it. That file lists, for each, the pins as `ofer.pin`
takes them, and the outline of ears and jaw as traced by hand. Only the astronaut's photo is shown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import skimage
from PIL import Image, ImageDraw

from ofer_engine.contract import reconstruction
from ofer_engine.contract.reconstruction import Reconstruction
from ofer_engine.geometry.photo_views import photo_views
from ofer_engine.geometry.rasteriser import rasterise
from ofer_engine.geometry.triangles import triangulate
from ofer_engine.geometry.viewpoint import Viewpoint

HERE: Final = Path(__file__).absolute().parent
SHOWN: Final = "astronaut.png"
_SCALE: Final = 4
"""Of the photos, where outlines are sought."""
_STEP: Final = 0.004
"""Metres of depth between neighbouring pixels, from which on an outline is between them."""
_BEFORE, _AFTER, _TRACED, _PIN = (214, 69, 65), (24, 150, 90), (90, 90, 100), (250, 190, 20)
_PAPER: Final = (246, 246, 244)
_MARGIN: Final = (14, 40, 14, 10)
"""Photo pixels left, above, right and below the traced outline."""
_HEIGHT: Final = 560


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pinned_portraits")
    parser.add_argument("--blender", type=Path, required=True)
    parser.add_argument("--portraits", type=Path)
    parser.add_argument("--out", type=Path, default=HERE.parents[1] / "docs/pictures/pinned.jpg")
    options = parser.parse_args()
    cells: list[Image.Image] = []
    for name, portrait in json.loads((HERE / "portraits.json").read_text()).items():
        own = Path(skimage.__file__).parent / "data" if name == SHOWN else options.portraits
        if own:
            with tempfile.TemporaryDirectory() as scratch:
                cells.append(_portrait(own / name, portrait, options.blender, Path(scratch)))
    sheet = Image.new("RGB", (sum(cell.width for cell in cells), _HEIGHT), _PAPER)
    left = 0
    for cell in cells:
        sheet.paste(cell, (left, 0))
        left += cell.width
    sheet.save(options.out, quality=90)


def _portrait(photo: Path, portrait: dict, blender: Path, scratch: Path) -> Image.Image:
    """Reconstruct a photo, pin the head, print how far the outlines are, and draw them."""
    engine = [sys.executable, "-m", "ofer_engine", "reconstruct", str(photo)]
    _run([*engine, "--out", str(scratch), "--name", "head"])
    record = reconstruction.read(scratch / "head.ofer")
    drags = [",".join(map(str, drag)) for drag in portrait["pins"]]
    found = scratch / "pinned.npz"
    _run([str(blender), str(HERE / "pin.py"), str(record.folder), str(found), *drags])
    pinned = np.load(found)
    main_view, *_ = photo_views(record)
    view, size = main_view.viewpoint, Image.open(photo).size
    first = record.array("identity_vertices")[0] + main_view.expression
    moved = replace(view, rotation=pinned["rotation"], shift=pinned["shift"])
    before = _outline(record, first, view, size)
    after = _outline(record, pinned["shown"], moved, size)
    traced = np.concatenate([np.array(each) for each in portrait["outline"].values()])
    depth = float(-view.to_camera(first).mean(0)[2])
    steps = (f"{_apart(e, traced):.1f} px, {_apart(e, traced) * depth / view.focal * 1000:.1f} mm"
            for e in (before, after))  # fmt: skip
    apart = ", ".join(f"{each:.1f}" for each in pinned["deviations"])
    print(f"{photo.stem}: {' -> '.join(steps)} with {len(drags)} pins of {apart} deviations")
    return _drawn(photo, before, after, portrait)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, cwd=HERE.parents[1], stdout=subprocess.DEVNULL)


def _outline(
    record: Reconstruction, points: np.ndarray, view: Viewpoint, size: tuple[int, int]
) -> np.ndarray:
    """(H, W) bool of the photo, enlarged: where the skin's depth jumps."""
    skin = record.array("polygons")[record.array("part") == record.parts.index("skin")]
    width, height = size[0] * _SCALE, size[1] * _SCALE
    depth = -view.to_camera(points)[:, 2]
    seen = rasterise(view.project(points) * _SCALE, depth, triangulate(skin), height, width)
    picture = seen.picture(seen.interpolate(depth[:, None].astype(np.float32)), 9.0)[..., 0]
    edges = np.zeros(picture.shape, bool)
    edges[:-1] |= np.abs(np.diff(picture, axis=0)) > _STEP
    edges[:, :-1] |= np.abs(np.diff(picture, axis=1)) > _STEP
    return edges


def _apart(edges: np.ndarray, traced: np.ndarray) -> float:
    """Photo pixels from the traced points (N, 2) to the outline, on average."""
    places = (np.argwhere(edges)[:, ::-1] + 0.5) / _SCALE
    return float(np.linalg.norm(traced[:, None] - places, axis=-1).min(axis=1).mean())


def _drawn(photo: Path, before: np.ndarray, after: np.ndarray, portrait: dict) -> Image.Image:
    """The outlines over the photo, where it may be shown, else on paper."""
    height, width = before.shape
    picture = Image.new("RGB", (width, height), _PAPER)
    if photo.name == SHOWN:
        picture = Image.open(photo).convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    pixels = np.array(picture)
    for edges, colour in ((before, _BEFORE), (after, _AFTER)):
        pixels[edges | np.roll(edges, 1, 0) | np.roll(edges, 1, 1)] = colour
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    for line in portrait["outline"].values():
        for place in line:
            draw.circle([each * _SCALE for each in place], 4, fill=_TRACED)
    for _, *place in portrait["pins"]:
        draw.circle([each * _SCALE for each in place], 8, outline=_PIN, width=3)
    points = np.concatenate([np.array(each) for each in portrait["outline"].values()])
    low, high = points.min(0) - _MARGIN[:2], points.max(0) + _MARGIN[2:]
    box = (np.r_[low, high] * _SCALE).astype(int)
    cut = picture.crop(tuple(box.tolist()))
    return cut.resize((round(cut.width * _HEIGHT / cut.height), _HEIGHT), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
