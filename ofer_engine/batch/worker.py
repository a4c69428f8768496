"""One engine that works on one photo of a batch after the other."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from ..contract.causes import as_ofer_error
from ..contract.requests import PhotoFace
from ..handlers.read_face import read_face
from ..handlers.reconstruct import reconstruct
from ..progress import Work
from ..session import Session
from .photo_list import Task
from .settings import BatchSettings, Outcome


class BatchWorker:
    """Keeps the pack loaded from photo to photo; a failure is the outcome of its photo alone."""

    def __init__(self, settings: BatchSettings) -> None:
        self._settings = settings
        self._session = Session(settings.device, settings.home, settings.threads)

    def do(self, task: Task) -> Outcome:
        """The result of one photo. Raises nothing but what ends the process."""
        work = Work(task.number, lambda event: None, lambda: False, self._session.pace)
        try:
            if self._settings.table:
                return self._row(task, work)
            finished = reconstruct(self._session, self._settings.request(task), work)
            read = finished.views[0].photo.sha256
            return Outcome(task.number, folder=str(finished.folder), sha256=read)
        except Exception as cause:  # noqa: BLE001 - the border: one photo's failure is its own
            error = as_ofer_error(cause)
            return Outcome(
                task.number, code=str(error.code), message=error.message, hint=error.hint
            )

    def _row(self, task: Task, work: Work) -> Outcome:
        """The likeliest head of a photo as plain values: no mesh is made of it."""
        sampling = self._settings.sampling
        reconstructor = self._session.reconstructor(self._settings.pack.id)
        reading = read_face(self._session, reconstructor.pack, PhotoFace(task.photo), work)
        reconstructor.set_evidence([reading.evidence])
        how = (sampling.seed, sampling.sampler, sampling.steps)
        identities = reconstructor.identities(
            sampling.identities, *how, guidance=sampling.guidance, check=work.check
        )
        ranking = reconstructor.rank(identities)
        best = int(ranking.order[0])
        expressions = reconstructor.expressions(sampling.expressions, *how)
        expression = expressions[0] if len(expressions) else np.zeros(0, np.float32)
        face = reading.view.face
        row: dict[str, Any] = {
            "identity": identities[best].tolist(),
            "expression": expression.tolist(),
            "camera": asdict(reading.view.camera),
            "box": list(face.box),
            "confidence": float(face.confidence),
            "low_confidence": face.low_confidence,
            "share": float(ranking.chances[best]),
        }
        return Outcome(task.number, row=row, sha256=reading.view.photo.sha256)
