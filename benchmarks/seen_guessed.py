"""How well the colours of Seen / Guessed tell hidden points of a face from visible ones.

    PYTHON benchmarks/seen_guessed.py CHUNK [--heads 40]

PYTHON is the engine environment's (`python3 install.py doctor` names it); CHUNK is a folder of
photos made by `python -m ofer_engine.research.studio.photos --hidden 20 40 60`, such as
PHOTOS/000000. Prints, for the clean pictures and each hidden share, the area under the curve of
hidden against visible points (0.5: the colour says nothing; points that the head itself hides count
as hidden): of what is told of a point, and as a control of how far the heads drawn differ there
alone, as the colours were until release 0.7. No test depends on it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.studio_photos import bundled_pack, evidence_of, read_columns
from ofer_engine.contract.certainty import share_decided
from ofer_engine.contract.records import NO_HINTS
from ofer_engine.handlers.certainty import identity_spread, shape_spreads, vertex_visible
from ofer_engine.packs.open_pack import OpenPack
from ofer_engine.pipeline import Reconstructor

SAMPLES = 100
LABELS = ("focal", "centre")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chunk", type=Path)
    parser.add_argument("--heads", type=int, default=40)
    options = parser.parse_args()
    pack = bundled_pack()
    endings = sorted(each.stem.removeprefix("images") for each in options.chunk.glob("images*.npy"))
    for ending in endings:
        names = (*LABELS, f"images{ending}", f"visible{ending}")
        chunk = read_columns(options.chunk, *names)
        found = [_points(pack, chunk, ending, number) for number in range(options.heads)]
        hidden, decided, apart = (np.stack(rows) for rows in zip(*found, strict=True))
        print(f"{ending.strip('_') or 'clean':5s} hidden {hidden.mean():.0%} of points", end="")
        for name, score in (("decided", -decided), ("differ", apart)):
            each = [area(h, s) for h, s in zip(hidden, score, strict=True) if 0 < h.mean() < 1]
            print(
                f"   {name}: all {area(hidden, score):.3f}, a picture {np.mean(each):.3f}", end=""
            )
        print(flush=True)


def _points(
    pack: OpenPack, chunk: dict, ending: str, number: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(P,) of the evidence points: whether hidden, what is told, and metres of spread."""
    seen = evidence_of(pack, chunk, number, f"images{ending}")
    reconstructor = Reconstructor(pack)
    reconstructor.set_evidence([seen], NO_HINTS)
    drawn = reconstructor.identities(SAMPLES, seed=0)
    first = pack.head.vertices(drawn[reconstructor.rank(drawn).order[0]])
    decided = share_decided(vertex_visible(pack, [seen], first), *shape_spreads(pack, drawn))
    at = pack.head.point_vertices
    hidden = ~chunk[f"visible{ending}"][number].astype(bool)
    return hidden, decided[at], identity_spread(pack, drawn, lambda: None)[at]


def area(positive: np.ndarray, score: np.ndarray) -> float:
    """Under the curve: how often a positive scores more than a negative, ties counting half."""
    values, ranks = np.unique(score.ravel(), return_inverse=True)
    counts = np.bincount(ranks)
    middles = np.cumsum(counts) - (counts - 1) / 2
    ours = positive.ravel()
    above = middles[ranks][ours].sum() - ours.sum() * (ours.sum() + 1) / 2
    return float(above / (ours.sum() * (~ours).sum())) if len(values) else float("nan")


if __name__ == "__main__":
    main()
