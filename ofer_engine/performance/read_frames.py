"""A frame and where its face is → what the conditioner reads in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..packs.open_pack import OpenPack
from ..photo.align import Crop
from .readings import SIDES, Readings


@dataclass(frozen=True, eq=False)
class FaceCrop:
    """The crop around a face, and its pixels (S, S, 3) float32 in 0..1."""

    crop: Crop
    pixels: np.ndarray


def read_crops(pack: OpenPack, crops: Sequence[FaceCrop]) -> list[dict[str, np.ndarray]]:
    """What each of some crops shows, by the names of `readings.SIDES` that it tells of."""
    pixels = np.stack([each.pixels for each in crops])
    with torch.inference_mode():
        evidence = pack.read(torch.from_numpy(pixels).permute(0, 3, 1, 2).to(pack.device))
        sides = {
            "points": evidence.points,
            "deviation": torch.exp(0.5 * evidence.log_variance),
            "visible": torch.sigmoid(evidence.visibility),
            "irises": evidence.irises,
            "irises_deviation": torch.exp(
                0.5 * evidence.moving_log_variance[:, evidence.contour.shape[1] :]
            ),
            "identity": evidence.identity,
            "expression": evidence.expression.clamp(0.0, 1.0),
        }
    arrays = {name: values.double().cpu().numpy() for name, values in sides.items()}
    found = []
    for row, each in enumerate(crops):
        of_frame = {name: values[row] for name, values in arrays.items()}
        for name in ("points", "irises"):
            of_frame[name] = each.crop.to_photo(of_frame[name])
        for name in ("deviation", "irises_deviation"):
            of_frame[name] = of_frame[name] * each.crop.photo_scale
        found.append(of_frame)
    return found


def sharpness(pixels: np.ndarray) -> float:
    """Detail of a crop (S, S, 3) in its middle: deviation of the Laplacian over that of its light,
    which is the same for a dark and for a bright frame."""
    side = len(pixels)
    inner = pixels[side // 5 : -side // 5, side // 5 : -side // 5].mean(axis=2)
    around = inner[:-2, 1:-1] + inner[2:, 1:-1] + inner[1:-1, :-2] + inner[1:-1, 2:]
    return float((around - 4 * inner[1:-1, 1:-1]).std() / max(float(inner.std()), 1e-3))


def stacked(rows: Sequence[dict[str, np.ndarray | float | bool]], pack: OpenPack) -> Readings:
    """Rows of `SIDES`' names, which may lack all that was not read, as arrays."""
    lengths = {
        "P": pack.sizes.points,
        "I": pack.sizes.irises,
        "K": pack.sizes.identities,
        "X": pack.sizes.expressions,
    }
    kinds = {"seconds": np.float64, "cut": np.bool_}
    found = {}
    for name, sides in SIDES.items():
        shape = [int(side) if side.isdigit() else lengths[side] for side in sides]
        values = np.zeros((len(rows), *shape), kinds.get(name, np.float32))
        for number, row in enumerate(rows):
            if name in row:
                values[number] = row[name]
        found[name] = values
    return Readings(**found)
