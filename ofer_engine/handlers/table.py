"""Which module answers which kind of request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..contract import protocol
from ..contract.causes import lacks_memory
from ..progress import Work
from ..session import Session
from . import express, more_like_this, open_photo, perform, picture, reconstruct, texture, weights

ANSWERS: Final[Mapping[type, Callable[[Session, Any, Work], protocol.Event]]] = {
    protocol.OpenPhoto: open_photo.answer,
    protocol.Reconstruct: reconstruct.answer,
    protocol.MoreLikeThis: more_like_this.answer,
    protocol.Express: express.answer,
    protocol.Texture: texture.answer,
    protocol.Picture: picture.answer,
    protocol.Perform: perform.answer,
    protocol.InspectWeights: weights.inspect,
    protocol.InstallWeights: weights.install,
}


def answer(session: Session, request: Any, work: Work) -> protocol.Event:
    """The event that ends a request. Where memory runs out it is tried again with less: on the CPU
    instead of a GPU, then in small parts.

    Raises OferError; then nothing of the request is left on disk.
    """
    while True:
        try:
            return ANSWERS[type(request)](session, request, work)
        # Every library says in its own way that it lacks memory.
        except Exception as cause:
            if not lacks_memory(cause) or not session.reduce_memory():
                raise
