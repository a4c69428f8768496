"""What pins at true places do to heads of synthetic photos with known truth.

    PYTHON benchmarks/pins.py CHUNK [--heads 40] [--samples 100]

PYTHON is the engine environment's (`python3 install.py doctor` names it); CHUNK is a folder of
photos made by `python -m ofer_engine.research.studio.photos`, such as PHOTOS/000000. Prints the
face's error of the first head after similarity alignment in millimetres, without pins and with 5,
10 and 15 at points that the photo shows (drawn at random, the same set 0.6 mm beside their places,
or spread evenly), and the processor milliseconds of one solution. Then what the random points could
tell at most: their places in the picture, or in space, of the head without expression and with the
camera known, to 0.6 mm. No test depends on it.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.studio_photos import bundled_pack, evidence_of, read_columns
from ofer_engine.contract.records import NO_HINTS
from ofer_engine.geometry import pins
from ofer_engine.geometry.modes import principal_modes
from ofer_engine.geometry.photo_pose import LandmarkedPhoto
from ofer_engine.geometry.viewpoint import Viewpoint
from ofer_engine.handlers.certainty import covariance, identity_modes, unit_moves
from ofer_engine.packs.open_pack import OpenPack
from ofer_engine.pipeline import Reconstructor
from ofer_engine.research.evaluation.metrics import surface_error

COUNTS = (5, 10, 15)
EXPRESSIONS = 15
_MEASURED = 0.0006
"""Metres: how exactly a point's place is known, of the bounds and where pins lie beside it."""
LABELS = ("images", "identity", "focal", "centre", "points", "visible")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chunk", type=Path)
    parser.add_argument("--heads", type=int, default=40)
    parser.add_argument("--samples", type=int, default=100)
    options = parser.parse_args()
    pack = bundled_pack()
    chunk = read_columns(options.chunk, *LABELS)
    errors, took = [], []
    moves = unit_moves(pack, pack.identities)
    for number in range(options.heads):
        errors.append(_errors(pack, moves, chunk, number, options, took))
    first, *pinned = np.mean(errors, axis=0)
    print(f"first head, {options.heads} photos: {first:.3f} mm")
    rows = (
        "pins at random points", "0.6 mm beside them", "pins at spread points",
        "known in the picture", "in space",
    )  # fmt: skip
    for how, row in zip(rows, np.reshape(pinned, (len(rows), -1)), strict=True):
        cells = (
            f"{n}: {mm:.3f} mm ({mm / first - 1:+.0%})" for n, mm in zip(COUNTS, row, strict=True)
        )
        print(f"{how:22} {'   '.join(cells)}")
    print(f"one solution: median {np.median(took):.2f} ms, worst {np.max(took):.2f} ms")


def _errors(
    pack: OpenPack,
    unit: np.ndarray,
    chunk: dict,
    number: int,
    options: argparse.Namespace,
    took: list[float],
) -> list[float]:
    """The first head's error, and under pins: at random points by COUNTS, beside them, at spread
    ones, and the two bounds. unit : (K, V, 3) metres that 1 of each coefficient moves the head."""
    seen = evidence_of(pack, chunk, number)
    reconstructor = Reconstructor(pack)
    reconstructor.set_evidence([seen], NO_HINTS)
    drawn = reconstructor.identities(options.samples, seed=0)
    modes = identity_modes(pack, drawn).astype(np.float32)
    first = drawn[reconstructor.rank(drawn).order[0]]
    shape = pack.head.vertices(first).astype(np.float64)
    moved = pack.head.vertices(first, reconstructor.expressions(EXPRESSIONS, seed=0)) - shape
    camera = seen.camera
    view = Viewpoint(camera.focal, camera.centre, camera.rotation, camera.translation)
    modes_of_expression = principal_modes(moved, EXPRESSIONS)
    precision = seen.visible / seen.deviation**2
    photo = LandmarkedPhoto(
        view, moved.mean(0), modes_of_expression, seen.vertices, seen.points, precision
    )
    prior = pins.Prior.of(shape, modes, [photo])
    face = pack.head.face
    truth = pack.head.vertices(chunk["identity"][number])[face].astype(np.float64) * 1000
    errors = [float(surface_error(shape[face] * 1000, truth))]
    orders = _orders(pack, chunk["visible"][number].astype(bool), number)
    true = chunk["points"][number].astype(np.float64)
    shaken = true + np.random.default_rng(number).normal(0, _MEASURED, true.shape) * (
        camera.focal / np.linalg.norm(camera.translation)
    )
    for order, places in ((orders[0], true), (orders[0], shaken), (orders[1], true)):
        for count in COUNTS:
            set_pins = [pins.Pin(int(seen.vertices[k]), places[k]) for k in order[:count]]
            begun = time.process_time()
            found = prior.given(set_pins)
            took.append((time.process_time() - begun) * 1000)
            errors.append(float(surface_error((shape + found.moves)[face] * 1000, truth)))
    apart = np.tensordot(chunk["identity"][number].astype(np.float64) - first, unit, 1)
    noise = np.random.default_rng(number).normal(0, _MEASURED, apart.shape)
    for axes in (camera.rotation[:2], np.eye(3)):
        for count in COUNTS:
            at = seen.vertices[orders[0][:count]]
            rows = np.einsum("kpa,ba->pbk", unit[:, at], axes).reshape(len(axes) * count, -1)
            missed = ((apart + noise)[at] @ axes.T).ravel()
            known = covariance(pack, drawn)
            spread = rows @ known @ rows.T + _MEASURED**2 * np.eye(len(rows))
            better = first + known @ rows.T @ np.linalg.solve(spread, missed)
            head = pack.head.vertices(better.astype(np.float32))[face].astype(np.float64)
            errors.append(float(surface_error(head * 1000, truth)))
    return errors


def _orders(pack: OpenPack, visible: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Visible points in random order, and each the farthest from those before it."""
    shuffled = np.random.default_rng(seed).permutation(np.flatnonzero(visible))
    places = pack.head.template[pack.head.point_vertices]
    spread = [shuffled[0]]
    while len(spread) < max(COUNTS):
        away = np.linalg.norm(places[:, None] - places[spread], axis=-1).min(axis=1)
        spread.append(int(np.argmax(np.where(visible, away, -1.0))))
    return shuffled, np.array(spread)


if __name__ == "__main__":
    main()
