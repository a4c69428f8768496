"""Performance from a rendered video whose truth is known.

    ENGINE_PYTHON -m benchmarks.perform_truth FOLDER [--seed 12] [--frames 300] [--side 512]
                                                        [--grain 0.0]

Renders a clip into FOLDER, once (the studio needs `setup --with train`, writing a video `--with
perform`), reads it with `perform`, and prints what it comes to: the weights' root mean square error
beside that of each frame read alone, of a face that never moves, and of readings whose mean error
over the clip, or best line to the truth, were known for each unit; how much of the error is noise
from frame to frame; blinks found and invented; the head's rotation; the person beside the best
single frame; frames a second of one core. `--grain` adds noise of so much, of 1, to the frames that
are read.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.contract.protocol import Perform, PhotoFace, Reconstruct
from ofer_engine.contract.reconstruction import Reconstruction
from ofer_engine.handlers import perform as handler
from ofer_engine.handlers.reconstruct import reconstruct
from ofer_engine.performance.footage import Frame, Video
from ofer_engine.performance.readings import Readings
from ofer_engine.performance.watch import Watch
from ofer_engine.progress import Pace, Work
from ofer_engine.research.evaluation.metrics import surface_error
from ofer_engine.session import Session

from . import clip

_LOG = logging.getLogger(__name__)
_BLINKS = [ARKIT_52.index(f"eyeBlink{side}") for side in ("Left", "Right")]
_CLOSED = 0.5
_NEAR = 3
"""Frames that a blink found may lie off."""


class Grainy(Video):
    """The video with noise of `grain`, of 1, in each frame."""

    grain = 0.0

    def frames(self, first: int = 0) -> Iterator[Frame]:
        for frame in super().frames(first):
            rng = np.random.default_rng(frame.number)
            noise = rng.standard_normal(frame.pixels.shape, dtype=np.float32) * (255 * self.grain)
            pixels = np.clip(frame.pixels + noise, 0, 255).astype(np.uint8)
            yield Frame(frame.number, frame.seconds, pixels)


class TimedWatch(Watch):
    """Keeps what was read, and the processor seconds that it took."""

    readings_found: Readings
    seconds = 0.0

    def readings(self, footage: Any) -> tuple[Readings, tuple[int, int]]:
        begun = time.process_time()
        found = super().readings(footage)
        TimedWatch.seconds = time.process_time() - begun
        TimedWatch.readings_found = found[0]
        return found


def blinks(weights: np.ndarray) -> list[int]:
    """Frames in which the lids of (F, 52) are most closed, once for each time they close."""
    closed = weights[:, _BLINKS].mean(axis=1)
    borders = np.flatnonzero(np.diff(np.r_[False, closed > _CLOSED, False].astype(int)))
    return [first + int(closed[first:last].argmax()) for first, last in borders.reshape(-1, 2)]


def blink_figures(weights: np.ndarray, truth: Sequence[int]) -> dict[str, int]:
    """How many of the true ones are found, and how many are found that are none."""
    found = blinks(weights)
    return {
        "true": len(truth),
        "found": sum(any(abs(one - other) <= _NEAR for other in found) for one in truth),
        "invented": sum(all(abs(one - other) > _NEAR for other in truth) for one in found),
    }


def degrees_off(turns: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(F,) of yaw, pitch, roll (F, 3) against rotations (F, 3, 3)."""
    off = Rotation.from_euler("YXZ", turns) * Rotation.from_matrix(truth).inv()
    return np.degrees(off.magnitude())


def head_error(session: Session, record: Reconstruction, truth: np.ndarray) -> float:
    """Millimetres over the face, of the first head, after a similarity."""
    face = session.reconstructor(record.pack.id).pack.head.annotated.face
    return 1000 * float(surface_error(record.array("identity_vertices")[:1, face], truth[face])[0])


def single_frame_errors(session: Session, frames: Path, boxes: Any, truth: np.ndarray) -> list:
    """Of heads made from each of the chosen frames alone."""
    work = Work(2, lambda event: None, lambda: False, Pace())
    return [
        head_error(
            session,
            reconstruct(
                session,
                Reconstruct(
                    2, (PhotoFace(str(path), box=tuple(map(float, boxes[int(path.stem)]))),),
                    str(frames.parent), f"alone_{path.stem}", expressions=1, overwrite=True,
                ),
                work,
            ),
            truth,
        )
        for path in sorted(frames.glob("*.png"))
    ]  # fmt: skip


def measured(folder: Path, grain: float) -> dict[str, Any]:
    """All figures of the clip in a folder."""
    truth = np.load(folder / "truth.npz")
    session = Session("cpu", None, 1)
    Grainy.grain = grain
    out = folder / f"out_{grain:g}"
    request = Perform(1, str(folder / "clip.mp4"), str(out), "clip", overwrite=True)
    work = Work(1, lambda event: None, lambda: False, Pace())
    with (
        mock.patch.object(handler, "Watch", TimedWatch),
        mock.patch.object(handler, "open_footage", lambda path, rate: Grainy(path)),
    ):
        begun = time.process_time()
        done = handler.perform(session, request, work)
        seconds = time.process_time() - begun
    read, performance = TimedWatch.readings_found, done.performance
    weights, true = performance.array("weights"), truth["weights"]
    seen = read.seen

    def rms(found: np.ndarray, rows: np.ndarray) -> float:
        return float(np.sqrt(np.square(found - true)[rows].mean()))

    turned = degrees_off(performance.array("head"), truth["rotation"])
    alone = single_frame_errors(session, out / "clip_frames", read.box, truth["vertices"])
    everywhere = np.ones(len(true), bool)
    return {
        "frames": len(true),
        "seen": int(seen.sum()),
        "bridged": int(performance.array("bridged").sum()),
        "hand": int((truth["hidden"] > 0).sum()),
        "weights": rms(weights, everywhere),
        "weights_per_frame": rms(read.expression, everywhere),
        "weights_neutral": rms(np.zeros_like(true), everywhere),
        "weights_offset_known": rms(_best(read.expression, true, slope=False), everywhere),
        "weights_line_known": rms(_best(read.expression, true, slope=True), everywhere),
        "noise_per_frame": _jitter(read.expression, true) / np.sqrt(6),
        "weights_seen": rms(weights, seen),
        "weights_per_frame_seen": rms(read.expression, seen),
        "jitter": _jitter(weights, true),
        "jitter_per_frame": _jitter(read.expression, true),
        "blinks": blink_figures(weights, truth["blinks"].tolist()),
        "blinks_per_frame": blink_figures(read.expression, truth["blinks"].tolist()),
        "degrees": float(np.sqrt(np.square(turned).mean())),
        "degrees_seen": float(np.sqrt(np.square(turned[seen]).mean())),
        "head_mm": head_error(session, done.record, truth["vertices"]),
        "single_frames_mm": alone,
        "reading_seconds_a_frame": TimedWatch.seconds / len(true),
        "seconds": seconds,
    }


def _best(found: np.ndarray, true: np.ndarray, *, slope: bool) -> np.ndarray:
    """(F, 52) what each unit of `found` would be at best, moved by a constant, or along a line: who
    does not know the truth cannot do that."""
    moved = found - found.mean(0)
    steep = (moved * (true - true.mean(0))).sum(0) / np.maximum(np.square(moved).sum(0), 1e-12)
    return true.mean(0) + moved * (steep if slope else 1.0)


def _jitter(weights: np.ndarray, true: np.ndarray) -> float:
    """Root mean square of the error's second differences: what shakes."""
    return float(np.sqrt(np.square(np.diff(weights - true, 2, axis=0)).mean()))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--side", type=int, default=512, help="pixels that the head is drawn at")
    parser.add_argument("--grain", type=float, default=0.0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options.folder.mkdir(parents=True, exist_ok=True)
    if not (options.folder / "truth.npz").is_file():
        clip.render(
            options.seed,
            options.frames,
            options.folder,
            lambda n: _LOG.info("frame %d", n),
            options.side,
        )
    print(json.dumps(measured(options.folder, options.grain), indent=1))


if __name__ == "__main__":
    main()
