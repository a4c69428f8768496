"""Going on with a reconstruction: what its folder tells of the person, without the photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from ..contract.errors import ErrorCode, OferError
from ..contract.reconstruction import Reconstruction, read
from ..heads.camera import Camera
from ..packs.pack import Contexts, PhotoEvidence
from ..pipeline import Person, Reconstructor
from ..session import Session


def open_earlier(session: Session, folder: str) -> tuple[Reconstruction, Reconstructor]:
    """A reconstruction, and the reconstructor of its pack.

    Raises OferError(RECONSTRUCTION_DAMAGED | WEIGHTS_MISSING | WEIGHTS_DAMAGED), and WEIGHTS_WRONG
    where the pack is no longer the one that drew it: its numbers would mean other heads.
    """
    record = read(Path(folder))
    reconstructor = session.reconstructor(record.pack.id)
    pack = reconstructor.pack.record
    if pack.fingerprint != record.pack.fingerprint:
        raise OferError(
            ErrorCode.WEIGHTS_WRONG,
            "{name} was made with {id} {version}, and this engine has another {id_2}, {version_2}.",
            "Reconstruct the photo again to go on with it.",
            name=record.folder.name,
            id=record.pack.id,
            version=record.pack.version,
            id_2=pack.id,
            version_2=pack.version,
        )
    return record, reconstructor


def person_of(record: Reconstruction, device: torch.device) -> Person:
    """What the photos of a reconstruction showed. Raises OferError(RECONSTRUCTION_DAMAGED)."""
    views = len(record.views)
    contexts = Contexts(
        *(
            torch.from_numpy(record.numbers(f"context_{name}", (rows, None))).to(device)
            for name, rows in (("identity", 1), ("ranking", 1), ("expression", views))
        )
    )
    vertices = record.numbers("evidence_vertices", (None,))
    points = len(vertices)
    seen = (
        record.numbers("evidence_points", (views, points, 2)),
        record.numbers("evidence_deviation", (views, points)),
        record.numbers("evidence_visible", (views, points)),
        record.numbers("expression_shift", (views, points, 3)),
    )
    photos = tuple(
        PhotoEvidence(
            points=place,
            deviation=deviation,
            visible=visible,
            vertices=vertices,
            shift=shift,
            camera=Camera.from_json(asdict(view.camera)),
            focal_known=view.camera.focal_known,
            contexts=Contexts(
                contexts.identity, contexts.ranking, contexts.expression[number : number + 1]
            ),
        )
        for number, (place, deviation, visible, shift, view) in enumerate(
            zip(*seen, record.views, strict=True)
        )
    )
    return Person(photos, contexts, record.settings.hints)


def blended(record: Reconstruction, rows: Sequence[int], weights: Sequence[float]) -> np.ndarray:
    """(K,) float32 coefficients: the sum of weights times rows of all candidates'.

    Raises OferError(BAD_REQUEST) for rows that there are not, or weights that do not match.
    """
    coefficients = record.numbers("identity_coefficients", (None, None))
    sensible = (
        len(rows) == len(weights) >= 1
        and all(0 <= row < len(coefficients) for row in rows)
        and all(np.isfinite(weight) and abs(weight) <= 10 for weight in weights)
    )
    if not sensible:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} has no such heads to start from.",
            "Name rows from 0 to {coefficients}, with a weight for each.",
            name=record.folder.name,
            coefficients=len(coefficients) - 1,
        )
    return np.asarray(weights, np.float32) @ coefficients[list(rows)]
