"""What one photo costs with the imported pack `ofer-flame2020`, through the product's pipeline.

    PYTHON benchmarks/imported_pack.py PHOTO --home DIR [--threads 1] [--rounds 3]

PYTHON is the engine environment's; DIR is a data folder with the imported files. Prints CPU seconds
of the process (its own, also on a shared machine), the least of the rounds, and its largest memory.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from ofer_engine.device import set_threads
from ofer_engine.pack_registry import BUNDLED, load_pack
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.photo.load import load_photo
from ofer_engine.pipeline import Reconstructor
from ofer_engine.published.catalogue import PACK_ID


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    set_threads(options.threads)
    started = time.process_time()
    pack = load_pack(PACK_ID, options.home, torch.device("cpu"))
    print(f"loading and verifying the pack     {time.process_time() - started:6.2f} s")
    reconstructor, detector = Reconstructor(pack), FaceDetector.load(BUNDLED / "faces")
    photo = load_photo(options.photo)
    face = detector.detect(photo)[0]
    encoding = _least(lambda: reconstructor.set_photo(photo, face), options.rounds)
    print(f"encoding (3 ArcFace, 2 FaRL)       {encoding:6.2f} s")

    def draw() -> None:
        reconstructor.rank(reconstructor.identities(100, seed=0))
        reconstructor.expressions(15, seed=0)

    drawing = _least(draw, options.rounds)
    print(f"100 heads, ranking, 15 expressions {drawing:6.2f} s")
    print(f"both                               {encoding + drawing:6.2f} s")
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"largest resident memory            {largest:6.2f} GiB")


def _least(work: Callable[[], object], rounds: int) -> float:
    """CPU seconds of the fastest round."""
    seconds = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds)


if __name__ == "__main__":
    main()
