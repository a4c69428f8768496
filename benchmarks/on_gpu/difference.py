"""How far two results are apart, in words for a table; a result that is not finite has failed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def in_deviations(one: Tensor, other: Tensor) -> str:
    """The largest difference, in standard deviations of the second."""
    one, other = one.detach().cpu().double(), other.detach().cpu().double()
    if not (torch.isfinite(one).all() and torch.isfinite(other).all()):
        return "failed: numbers that are not finite"
    scale = other.std().clamp_min(1e-12)
    return f"{float((one - other).abs().max() / scale):.1e} sd"


def in_millimetres(one: np.ndarray, other: np.ndarray) -> str:
    """Distance of corresponding vertices (…, 3) in metres: root mean square, and largest."""
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return "failed: numbers that are not finite"
    away = np.linalg.norm(one.astype(np.float64) - other, axis=-1) * 1000
    return f"{np.sqrt(np.square(away).mean()):.1e} mm rms, {away.max():.1e} mm at most"


def of_losses(found: Sequence[float], expected: Sequence[float]) -> str:
    """The relative difference of a training's losses, of the first step and of the last."""
    if not np.isfinite(found).all():
        return "failed: a loss that is not finite"
    apart = np.abs(np.subtract(found, expected)) / np.abs(expected)
    return f"first {apart[0]:.1e}, last {apart[-1]:.1e} of the loss"
