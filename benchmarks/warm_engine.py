"""How long a warm engine takes for one photo, and how much memory it holds.

    PYTHON benchmarks/warm_engine.py PHOTO [--threads 2] [--rounds 5]

PYTHON is the engine environment's (`python3 install.py doctor` names it). Prints the median of the
rounds after one warm-up. No test depends on it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ofer_engine.device import resident_megabytes, set_threads
from ofer_engine.packs.registry import BUNDLED, load_pack
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.photo.load import load_photo
from ofer_engine.pipeline import Reconstructor


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    import torch

    set_threads(options.threads)
    device = torch.device("cpu")
    started = time.perf_counter()
    reconstructor = Reconstructor(load_pack("open", None, device))
    detector = FaceDetector.load(BUNDLED / "faces")
    print(f"loading the pack      {time.perf_counter() - started:6.2f} s")
    opening, drawing = [], []
    for _ in range(options.rounds + 1):
        started = time.perf_counter()
        photo = load_photo(options.photo)
        reconstructor.set_photo(photo, detector.detect(photo)[0])
        opened = time.perf_counter()
        candidates = reconstructor.identities(100, seed=0)
        reconstructor.rank(candidates)
        reconstructor.expressions(15, seed=0)
        drawing.append(time.perf_counter() - opened)
        opening.append(opened - started)
    print(f"photo opening         {statistics.median(opening[1:]):6.2f} s")
    print(f"100 heads, ranking,\n 15 expressions       {statistics.median(drawing[1:]):6.2f} s")
    print(f"resident memory       {resident_megabytes():6d} MB")


if __name__ == "__main__":
    main()
