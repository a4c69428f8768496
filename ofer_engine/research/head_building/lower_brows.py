"""Brows where people have them: on the ridge above the eye, not above it.

The landmarks were cast on the head from MediaPipe's canonical face, and the region of the brows
follows them. Photographs show the hair of brows lower: on 25 official portraits, laid by all points
but those of the brows, 6.2 mm below the region in the picture (median; 2 to 5 mm on four women, of
whom most smile, as do the men), and MakeHuman's own cards of brows lie 6 to 9 mm below the
landmarks. The surface stays as it is: only what is said of it moves.

`python -m ofer_engine.research.head_building.lower_brows IN.npz OUT.npz` does it to a head that is
not finished, for training pictures.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from scipy.spatial import KDTree

from ...geometry.smooth_step import smooth_step
from ...geometry.surface import FacingPoints, closest_facing
from ...geometry.triangles import vertex_normals
from ...heads.open_head import OpenHead
from ...texture.shape import split

DOWN: Final = 0.0055
"""Metres, a share of what photographs show: they show smiles, in which brows are lower."""
_WHOLLY, _NOT = 0.005, 0.014
"""Metres from the brows up to which a landmark goes with them wholly, and from which it stays."""
_PATIENCE: Final = 0.02
_BELONGS: Final = 0.3


def with_lower_brows(head: OpenHead) -> OpenHead:
    """The head whose region of the brows, and the landmarks about them, lie `DOWN` lower on the
    same surface; what they leave is forehead. Pure."""
    row = head.region_names.index("brows")
    before = head.regions[row]
    front = before > 0
    front[head.face] = True
    above = _on_surface(head, head.template[front] + (0, DOWN, 0), head.template[front])
    brows = np.zeros_like(before)
    brows[front] = above.interpolate(before)
    brows = (brows + brows[head.mirror]) / 2
    regions = head.regions.copy()
    regions[row] = brows
    forehead = head.region_names.index("forehead")
    regions[forehead] = np.maximum(regions[forehead], before) * (1 - brows)
    places = head.landmarks(head.template)
    away, _ = KDTree(head.template[before > _BELONGS]).query(places)
    share = smooth_step(away, _NOT, _WHOLLY)
    moving = share > 0
    lower = places[moving] - share[moving, None] * (0, DOWN, 0)
    found = _on_surface(head, lower, places[moving])
    triangles, weights = head.landmark_triangles.copy(), head.landmark_barycentric.copy()
    triangles[moving], weights[moving] = found.corners, found.weights
    return replace(
        head,
        regions=regions,
        landmark_triangles=triangles,
        landmark_barycentric=weights,
    )


def _on_surface(head: OpenHead, places: np.ndarray, from_: np.ndarray) -> FacingPoints:
    """The nearest points of the skin, of those that face as the skin does at `from_` (N, 3)."""
    triangles, _ = split(head.polygons[head.part == 0], head.uv[head.part == 0])
    normals = vertex_normals(head.template, triangles)
    _, near = KDTree(head.template).query(from_)
    return closest_facing(places, normals[near], head.template, triangles, _PATIENCE)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("head", type=Path, help="head.npz whose brows lie at the landmarks")
    parser.add_argument("out", type=Path, help="where the head with lower brows is written")
    options = parser.parse_args(arguments)
    with_lower_brows(OpenHead.load(options.head)).save(options.out)


if __name__ == "__main__":
    main()
