"""What pins tell of the heads that are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..contract.errors import ErrorCode, OferError
from ..contract.reconstruction import Reconstruction
from ..contract.record_sense import MOST_PINS, are_pins
from ..contract.records import PinRecord
from ..geometry.photo_views import photo_views
from ..geometry.pins import Pin, Prior
from ..packs.pack import Pack
from .certainty import directions, unit_moves


def pinned(
    pack: Pack, record: Reconstruction, pins: Sequence[PinRecord]
) -> tuple[np.ndarray, np.ndarray]:
    """(K, K) and (K,) float64: the normal equations of the identity coefficients that pins tell.

    A pin sees the head through the photo's expression and camera, which it does not know; both are
    as open as in the reconstruction. Beyond 4 deviations of the heads drawn a pin asks for ever
    less. Raises OferError(BAD_REQUEST | RECONSTRUCTION_DAMAGED).
    """
    vertices = len(pack.head.template)
    if not are_pins(pins, record.views) or any(pin.vertex >= vertices for pin in pins):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} has no such points to pin.",
            "Pin at most {most} of the head's vertices, from 0 to {last}, inside its photos.",
            name=record.folder.name,
            most=MOST_PINS,
            last=vertices - 1,
        )
    candidates = free_candidates(record)
    mean, ways = candidates.mean(axis=0, dtype=np.float64), directions(pack, candidates)
    modes = np.tensordot(ways, unit_moves(pack, len(mean)), 1).astype(np.float32)
    still = np.zeros((1, pack.expressions), np.float32)
    shape = pack.head.vertices(mean[None].astype(np.float32), still)[0]
    prior = Prior.of(shape, modes, photo_views(record))
    placed = [Pin(pin.vertex, np.array(pin.place), pin.view) for pin in pins]
    rows, covariance, missed = prior.measured(placed)
    slopes = np.linalg.solve(ways, rows.T).T
    weighted = np.linalg.solve(covariance, slopes).T
    return weighted @ slopes, weighted @ (missed + slopes @ mean)


def free_candidates(record: Reconstruction) -> np.ndarray:
    """(n, K) float32 coefficients of the candidates of which the photos alone tell."""
    coefficients = record.numbers("identity_coefficients", (None, None))
    return coefficients[are_free(record, len(coefficients))]


def are_free(record: Reconstruction, candidates: int) -> np.ndarray:
    """(N,) bool: which of all candidates the photos alone tell of."""
    free = np.ones(candidates, bool)
    for addition in record.additions:
        free[addition.first :] = addition.free
    return free
