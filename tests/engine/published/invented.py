"""An invented FLAME in the published file's form: its keys, shapes and kinds, nobody's numbers."""

import pickle
from pathlib import Path

import numpy as np
import scipy.sparse
import scipy.spatial


def flame(seed: int = 0) -> dict[str, object]:
    """The keys and shapes of generic_model.pkl with an invented head."""
    rng = np.random.default_rng(seed)
    vertices, triangles = 5023, 9976
    weights = rng.random((vertices, 5))
    regressor = np.zeros((5, vertices))
    regressor[np.arange(5), rng.integers(0, vertices, 5)] = 1.0
    return {
        "f": rng.integers(0, vertices, (triangles, 3)).astype(np.uint32),
        "v_template": rng.standard_normal((vertices, 3)) * 0.1,
        "shapedirs": np.broadcast_to(rng.standard_normal(400) * 1e-3, (vertices, 3, 400)).copy(),
        "posedirs": rng.standard_normal((vertices, 3, 36)) * 1e-3,
        "J_regressor": scipy.sparse.csc_matrix(regressor),
        "weights": weights / weights.sum(1, keepdims=True),
        "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.uint32),
        "bs_style": "lbs",
    }


def save_flame(content: object, folder: Path, name: str = "model.pkl") -> Path:
    path = folder / name
    path.write_bytes(pickle.dumps(content))
    return path


def formed_flame(seed: int = 0) -> dict[str, object]:
    """An invented head that is a surface: an egg with an open neck, and two balls as eyes."""
    rng = np.random.default_rng(seed)
    egg, skin = _ball(3931, 7800)
    ball, round_eye = _ball(546, 1088)
    eyes = [0.012 * ball + (side * 0.03, 0.02, 0.085) for side in (1, -1)]
    template = np.concatenate([egg * (0.08, 0.12, 0.10), *eyes])
    part = np.repeat((0, 3, 4), (len(egg), len(ball), len(ball)))
    weights = np.eye(5)[np.where(part == 0, 1, part)]
    chin = (part == 0) & (template[:, 1] < -0.03) & (template[:, 2] > 0.02)
    weights[chin] = np.eye(5)[2]
    low, ears = template[:, 1] < -0.09, np.abs(template[:, 1] + 0.02) < 0.01
    groups = (low, low | (template[:, 1] < -0.07), ears & (part == 0), part == 3, part == 4)
    waves = np.column_stack([template, template**2, np.ones(len(template))]) * 8
    return flame(seed) | {
        "f": np.concatenate([skin, len(egg) + round_eye, len(egg) + len(ball) + round_eye]).astype(
            np.uint32
        ),
        "v_template": template,
        "shapedirs": np.einsum("vk,kxs->vxs", waves, rng.standard_normal((7, 3, 400)) * 3e-4),
        "posedirs": np.zeros((len(template), 3, 36)),
        "J_regressor": np.stack([group / group.sum() for group in groups]),
        "weights": weights,
    }


def _ball(count: int, triangles: int) -> tuple[np.ndarray, np.ndarray]:
    """A unit sphere's points (count, 3) and its uppermost triangles, counter-clockwise outside."""
    number = np.arange(count) + 0.5
    polar, turn = np.arccos(1 - 2 * number / count), np.pi * (1 + 5**0.5) * number
    flat = np.sin(polar)
    points = np.stack((np.cos(turn) * flat, np.cos(polar), np.sin(turn) * flat), 1)
    corners = scipy.spatial.ConvexHull(points).simplices
    a, b, c = np.moveaxis(points[corners], 1, 0)
    inwards = np.einsum("tx,tx->t", np.cross(b - a, c - a), a) < 0
    corners[inwards] = corners[inwards][:, ::-1]
    upper = np.argsort(-points[corners].mean(1)[:, 1], kind="stable")[:triangles]
    return points, corners[upper]
