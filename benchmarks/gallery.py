"""How much the heads of a gallery differ, and how true they are, by which of them are shown.

    PYTHON benchmarks/gallery.py CHUNK [--heads 40]

PYTHON is the engine environment's (`python3 install.py doctor` names it); CHUNK is a folder of
photos made by `python -m ofer_engine.research.studio.photos`. Prints, for ten of a hundred, the
mean distance between two of them without their place (root mean square over the points that IdRank
looks at), and the face's error after similarity alignment: of all shown, of the first, and of the
best. No test depends on it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.studio_photos import bundled_pack, evidence_of, read_columns
from ofer_engine.contract.records import NO_HINTS, Show
from ofer_engine.handlers.assembly import DrawnHeads, rows_to_show
from ofer_engine.packs.open_pack import OpenPack
from ofer_engine.pipeline import Reconstructor
from ofer_engine.research.evaluation.metrics import surface_error

SHOWN, SAMPLES = 10, 100


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chunk", type=Path)
    parser.add_argument("--heads", type=int, default=40)
    options = parser.parse_args()
    pack = bundled_pack()
    chunk = read_columns(options.chunk, "images", "identity", "focal", "centre")
    found = [_figures(pack, chunk, number) for number in range(options.heads)]
    for show, line in zip(Show, np.mean(found, axis=0), strict=True):
        figures = "apart {:.2f} mm   all {:.2f}   first {:.2f}   best {:.2f} mm".format(*line)
        print(f"{show:8s} {figures}")


def _figures(pack: OpenPack, chunk: dict, number: int) -> list[tuple[float, float, float, float]]:
    """For each `Show`: distance between two, error of all, of the first and of the best, mm."""
    reconstructor = Reconstructor(pack)
    reconstructor.set_evidence([evidence_of(pack, chunk, number)], NO_HINTS)
    drawn = reconstructor.identities(SAMPLES, seed=0)
    heads = DrawnHeads(drawn, reconstructor.rank(drawn), ())
    face = pack.head.face
    truth = pack.head.vertices(chunk["identity"][number])[face].astype(np.float64) * 1000
    lines = []
    for show in Show:
        rows = rows_to_show(pack, heads, SHOWN, show, lambda: None)
        shapes = pack.head.vertices(drawn[rows]) * 1000.0
        points = shapes[:, pack.head.rank_vertices]
        points = points - points.mean(axis=1, keepdims=True)
        pairs = points[:, None] - points[None]
        apart = np.sqrt(np.square(pairs).sum(-1).mean(-1))[np.triu_indices(SHOWN, 1)].mean()
        errors = surface_error(shapes[:, face].astype(np.float64), truth)
        lines.append((float(apart), float(errors.mean()), float(errors[0]), float(errors.min())))
    return lines


if __name__ == "__main__":
    main()
