"""What the points found in a photo speak against."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from ofer_engine.contract.records import CameraRecord
from ofer_engine.geometry.photo_views import refuted_expressions

POINTS = 40
_UPRIGHT = tuple(np.eye(3).ravel())
_CAMERA = CameraRecord(1000.0, (50.0, 50.0), _UPRIGHT, (0.0, 0.0, -1.0), 100, 100, True)


def _record(moves: np.ndarray, read: np.ndarray, visible: np.ndarray, views: list[int]) -> Any:
    """Points found to a pixel, which is 1 mm, on a flat head; moves : (E, POINTS) metres to the
    right of each expression, read : (M, POINTS) of the one read from each photo."""
    flat = np.random.default_rng(1).uniform(-0.04, 0.04, (POINTS, 3)) * (1, 1, 0)
    right = np.array((1.0, 0.0, 0.0))
    arrays = {
        "identity_vertices": flat[None],
        "evidence_vertices": np.arange(POINTS),
        "expression_vertices": flat + moves[..., None] * right,
        "evidence_visible": visible,
        "evidence_deviation": np.ones_like(visible),
        "expression_shift": read[..., None] * right,
    }
    return SimpleNamespace(
        array=arrays.__getitem__,
        numbers=lambda name, shape: arrays[name],
        views=[SimpleNamespace(camera=_CAMERA) for _ in visible],
        expressions=[SimpleNamespace(view=v, candidate=row) for row, v in enumerate(views)],
    )


def _moved(count: int, metres: float, first: int = 0) -> np.ndarray:
    moves = np.zeros(POINTS)
    moves[first : first + count] = metres
    return moves


def test_expressions_are_refuted_by_points_that_are_seen_elsewhere() -> None:
    visible = np.ones((1, POINTS))
    visible[0, 30:] = 0.0
    moves = np.stack([
        _moved(0, 0), _moved(1, 0.02), _moved(2, 0.006), _moved(30, 0.003), _moved(10, 0.02, 30)
    ])  # fmt: skip
    record = _record(moves, np.zeros((1, POINTS)), visible, [0] * 5)
    assert refuted_expressions(record).tolist() == [False, False, True, False, False]


def test_what_was_read_from_the_photo_is_no_difference() -> None:
    smile = _moved(20, 0.01)
    record = _record(np.stack([smile, 0 * smile]), smile[None], np.ones((1, POINTS)), [0, 0])
    assert refuted_expressions(record).tolist() == [False, True]


def test_each_photo_has_its_own_points_and_keeps_the_nearest_expression() -> None:
    smile = _moved(20, 0.01)
    moves = np.stack([2 * smile, 3 * smile, smile, 0 * smile])
    moves[1, 25:] = 0.01
    record = _record(moves, np.stack([0 * smile, smile]), np.ones((2, POINTS)), [0, 0, 1, 1])
    assert refuted_expressions(record).tolist() == [False, True, False, True]
