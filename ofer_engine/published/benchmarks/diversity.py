"""How much the heads of one image differ: the diversity that an occluded photo should leave open.

The OFER paper's STD-S and ODE have no public definition; the figures here are OUR READING of what
such figures should tell, and are not comparable with the paper's numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...contract.reconstruction import Reconstruction
from .predictions import HeadMesh, Predictions
from .scan_alignment import face_region

BEYOND: Final = 3.0  # deviations of the head's prior; of a normal distribution 0.27 % lie outside


@dataclass(frozen=True)
class Diversity:
    """Means over images; nan where nothing could be measured.

    spread : mm, root mean square over the face of a vertex's deviation among the heads;
    hidden, visible : the same over evidence points hidden and seen, ours only;
    beyond : share of the drawn identity coefficients more than `BEYOND` deviations out, ours only.
    """

    images: int
    spread: float
    hidden: float
    visible: float
    beyond: float


def diversity(predictions: Predictions, names: Iterable[str]) -> Diversity:
    """Over the images that have two heads or more, all of one topology."""
    rows = []
    for name in names:
        heads = predictions.heads(name)
        if len(heads) < 2 or len({len(head.vertices) for head in heads}) > 1:
            continue
        deviation = _deviation(heads)
        face = face_region(heads[0].vertices, heads[0].landmarks)
        row = [_rms(deviation[face]), np.nan, np.nan, np.nan]
        if reconstruction := predictions.reconstruction(name):
            row[1:] = _ours(reconstruction, deviation)
        rows.append(row)
    if not rows:
        return Diversity(0, *[float("nan")] * 4)
    known = np.array(rows)
    counts = (~np.isnan(known)).sum(axis=0)
    means = np.where(counts, np.nansum(known, axis=0) / np.maximum(counts, 1), np.nan)
    return Diversity(len(rows), *means.tolist())


def report(found: Diversity, heads: str) -> list[str]:
    """Lines for people. heads : which heads these are."""
    lines = [f"{heads}, {found.images} images with two or more, our reading:"]
    for title, value in (
        ("spread over the face (in place of STD-S)", f"{found.spread:.2f} mm"),
        ("spread of evidence points that are hidden", f"{found.hidden:.2f} mm"),
        ("spread of evidence points that are seen", f"{found.visible:.2f} mm"),
        (
            f"identity coefficients beyond {BEYOND:.0f} deviations (in place of ODE)",
            f"{100 * found.beyond:.2f} %, of the prior itself 0.27 %",
        ),
    ):
        lines.append(f"  {title}: {'-' if value.startswith('nan') else value}")
    return lines


def _deviation(heads: tuple[HeadMesh, ...]) -> np.ndarray:
    """(V,) mm: root of the summed variances of x, y and z, each head in its own frame."""
    return np.sqrt(np.stack([head.vertices for head in heads]).var(axis=0).sum(axis=1))


def _ours(reconstruction: Reconstruction, deviation: np.ndarray) -> list[float]:
    at_points = deviation[reconstruction.array("evidence_vertices")]
    seen = reconstruction.array("evidence_visible").max(axis=0) >= 0.5
    outside = np.abs(reconstruction.array("identity_coefficients")) > BEYOND
    return [_rms(at_points[~seen]), _rms(at_points[seen]), float(outside.mean())]


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.square(values).mean())) if len(values) else float("nan")
