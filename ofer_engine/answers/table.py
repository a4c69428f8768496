"""Which module answers which kind of request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import torch

from ..contract import protocol
from ..progress import Work
from ..session import Session
from . import express, more_like_this, open_photo, reconstruct, texture, weights

ANSWERS: Final[Mapping[type, Callable[[Session, Any, Work], protocol.Event]]] = {
    protocol.OpenPhoto: open_photo.answer,
    protocol.Reconstruct: reconstruct.answer,
    protocol.MoreLikeThis: more_like_this.answer,
    protocol.Express: express.answer,
    protocol.Texture: texture.answer,
    protocol.LookAtWeights: weights.look,
    protocol.InstallWeights: weights.install,
}


def answer(session: Session, request: Any, work: Work) -> protocol.Event:
    """The event that ends a request. Falls back on the CPU where a GPU runs out of memory.

    Raises OferError; then nothing of the request is left on disk.
    """
    try:
        return ANSWERS[type(request)](session, request, work)
    except torch.OutOfMemoryError:
        session.leave_device()
    return ANSWERS[type(request)](session, request, work)
