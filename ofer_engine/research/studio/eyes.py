"""Eyes that turn: ICT-FaceKit's units move lids alone, the open head's turn the eyeballs, too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def fit_sphere(vertices: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre (3,) and radius of the least-squares sphere. vertices : (N, 3)."""
    system = np.c_[2 * vertices, np.ones(len(vertices))].astype(float)
    solution = np.linalg.lstsq(system, (vertices.astype(float) ** 2).sum(1), rcond=None)[0]
    centre = solution[:3]
    return centre, float(np.sqrt(solution[3] + centre @ centre))


def turn_alike(
    units: np.ndarray,
    balls: Sequence[tuple[np.ndarray, np.ndarray]],
    model: Sequence[tuple[np.ndarray, np.ndarray]],
) -> None:
    """Let every unit move the eyeballs as it moves those of a model, whatever it did before.

    units : (52, V, 3) metres, changed in place; balls : for each eye which vertices are its (n,)
    int, and where they rest (n, 3); model : for each eye of the model where its vertices rest
    (m, 3), and how far each unit moves them (52, m, 3): a turn and a shift, linear in the place.
    """
    for (own, resting), (still, moves) in zip(balls, model, strict=True):
        linear = np.linalg.lstsq(
            _about_centre(still), np.moveaxis(moves, 0, 1).reshape(len(still), -1), rcond=None
        )[0]
        moved = _about_centre(resting) @ linear
        units[:, own] = np.moveaxis(moved.reshape(len(own), -1, 3), 1, 0)


def _about_centre(ball: np.ndarray) -> np.ndarray:
    """(n, 4): where vertices lie from the ball's centre, and 1."""
    return np.c_[ball - fit_sphere(ball)[0], np.ones(len(ball))]
