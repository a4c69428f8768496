"""The one error type that crosses the process boundary."""

from __future__ import annotations

from enum import StrEnum

from .sentence import Sentence, joined


class ErrorCode(StrEnum):
    """Causes that a person can act on; the add-on maps each to a fix button where one exists."""

    BAD_REQUEST = "bad_request"
    CANCELLED = "cancelled"
    DISK_FULL = "disk_full"
    ENGINE_DIED = "engine_died"
    ENGINE_HUNG = "engine_hung"
    ENGINE_MISSING = "engine_missing"
    FACE_TOO_SMALL = "face_too_small"
    INTERNAL = "internal"
    NO_FACE = "no_face"
    OUT_OF_MEMORY = "out_of_memory"
    PHOTO_MISSING = "photo_missing"
    PHOTO_TOO_LARGE = "photo_too_large"
    PHOTO_UNREADABLE = "photo_unreadable"
    PROTOCOL_MISMATCH = "protocol_mismatch"
    READ_ONLY = "read_only"
    RECONSTRUCTION_DAMAGED = "reconstruction_damaged"
    WEIGHTS_DAMAGED = "weights_damaged"
    WEIGHTS_MISSING = "weights_missing"
    WEIGHTS_UNSAFE = "weights_unsafe"
    WEIGHTS_WRONG = "weights_wrong"


class OferError(Exception):
    """A failure told in one sentence, with the next step.

    code : what happened, for programs; template : what happened, for people, one sentence of
    English with `{name}` for each of `values`; hint : what to do next, likewise, may be empty.
    """

    def __init__(self, code: ErrorCode, template: str, hint: str = "", /, **values: object) -> None:
        self.code = code
        self.message = Sentence(template, **values)
        self.hint = Sentence(hint, **values)
        super().__init__(str(self.message))

    @property
    def sentence(self) -> Sentence:
        """What happened and what to do next."""
        return joined(self.message, self.hint)

    def __reduce__(self) -> tuple[type[OferError], tuple[ErrorCode, str, str]]:
        return OferError, (self.code, self.message, self.hint)

    def __str__(self) -> str:
        return str(self.sentence)
