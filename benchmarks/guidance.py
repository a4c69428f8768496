"""What guidance by re-projection does to heads drawn from synthetic photos with known truth.

    PYTHON benchmarks/guidance.py CHUNK [--heads 40] [--samples 20]

PYTHON is the engine environment's (`python3 install.py doctor` names it); CHUNK is a folder of
photos made by `python -m ofer_engine.research.studio.photos`, such as PHOTOS/000000. Prints, for
each strength, the face's error after similarity alignment in millimetres: of the drawn heads on
average, of the first by rank, and of their mean; with the photo's true focal length, and with one
that is wrong by half. No test depends on it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.studio_photos import bundled_pack, evidence_of, read_columns
from ofer_engine.contract.records import NO_HINTS
from ofer_engine.packs.open_pack import OpenPack
from ofer_engine.packs.pack import PhotoEvidence
from ofer_engine.pipeline import Reconstructor
from ofer_engine.research.evaluation.metrics import surface_error

STRENGTHS = (0.0, 0.1, 0.3, 1.0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chunk", type=Path)
    parser.add_argument("--heads", type=int, default=40)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--images", default="images", help="images, images_40, …")
    options = parser.parse_args()
    pack = bundled_pack()
    chunk = read_columns(options.chunk, options.images, "identity", "focal", "centre")
    print("strength  focal   drawn   first by rank   mean of them   (mm)")
    for wrong in (1.0, 1.5):
        errors = np.zeros((options.heads, len(STRENGTHS), 3))
        for head in range(options.heads):
            seen = evidence_of(pack, chunk, head, options.images, wrong)
            errors[head] = _errors(pack, seen, chunk["identity"][head], options.samples)
        for strength, line in zip(STRENGTHS, errors.mean(0), strict=True):
            drawn, first, mean = line
            print(f"{strength:8.1f}   x{wrong:.1f}  {drawn:6.2f}  {first:14.2f}  {mean:13.2f}")


def _errors(
    pack: OpenPack, seen: PhotoEvidence, truth: np.ndarray, samples: int
) -> list[tuple[float, float, float]]:
    """Per strength: error of the drawn heads, of the first by rank and of their mean, mm."""
    reconstructor = Reconstructor(pack)
    reconstructor.set_evidence([seen], NO_HINTS)
    face = pack.head.face
    wanted = pack.head.vertices(truth)[face].astype(np.float64) * 1000
    lines = []
    for strength in STRENGTHS:
        drawn = reconstructor.identities(samples, seed=0, guidance=strength)
        first = reconstructor.rank(drawn).order[0]
        shown = np.concatenate([drawn, drawn[first : first + 1], drawn.mean(0, keepdims=True)])
        error = surface_error(pack.head.vertices(shown)[:, face].astype(np.float64) * 1000, wanted)
        lines.append((float(error[:-2].mean()), float(error[-2]), float(error[-1])))
    return lines


if __name__ == "__main__":
    main()
