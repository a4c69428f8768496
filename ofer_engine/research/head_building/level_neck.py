"""Lets the neck end in a plane, whoever the head is: where a body or a stand can meet it.

The border moves along the plane's normal only, and the rings above it give way. Over the modes the
plane is moved, never tilted or bent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ...geometry.triangles import edges_of, triangulate
from ...heads.open_head import OpenHead

_RINGS: Final = 5
"""Rings of vertices above the border that give way."""


def level_neck(head: OpenHead) -> OpenHead:
    """The head with its neck loop in one plane, in template, modes, offset and units."""
    template = head.template.astype(np.float64)
    border = template[head.neck_loop]
    middle = border.mean(0)
    normal = np.linalg.svd(border - middle)[2][2]
    share, nearest = _above(head)

    def levelled(moves: np.ndarray, level: np.ndarray | float) -> np.ndarray:
        """moves : (..., V, 3); level : (..., 1) the height along the normal of all the border."""
        lack = level - moves[..., head.neck_loop, :] @ normal
        out = moves + (share * lack[..., nearest])[..., None] * normal
        return out.astype(np.float32)

    def mean_level(moves: np.ndarray) -> np.ndarray:
        return (moves[..., head.neck_loop, :] @ normal).mean(-1, keepdims=True)

    return replace(
        head,
        template=levelled(template, mean_level(template)),
        identity=levelled(head.identity, mean_level(head.identity)),
        scan_offset=levelled(head.scan_offset, mean_level(head.scan_offset)),
        expression=levelled(head.expression, 0.0),
    )


def _above(head: OpenHead) -> tuple[np.ndarray, np.ndarray]:
    """(V,) each: how far a vertex goes with the border, 1 on it, and with which place of it."""
    count = len(head.template)
    edges = edges_of(triangulate(head.part_polygons("skin")))
    both = np.concatenate((edges, edges[:, ::-1]))
    ring = np.full(count, -1)
    nearest = np.zeros(count, int)
    ring[head.neck_loop] = 0
    nearest[head.neck_loop] = np.arange(len(head.neck_loop))
    for number in range(1, _RINGS + 1):
        out = both[(ring[both[:, 0]] == number - 1) & (ring[both[:, 1]] < 0)]
        # Straight up: of several neighbours below, the one most nearly beneath.
        away = np.linalg.norm(head.template[out[:, 0]] - head.template[out[:, 1]], axis=1)
        for start, end in out[np.argsort(-away)]:
            ring[end], nearest[end] = number, nearest[start]
    near = np.where(ring < 0, 0.0, 1 - ring / (_RINGS + 1))
    return near * near * (3 - 2 * near), nearest
