"""The one error type that crosses the process boundary."""

from __future__ import annotations

from enum import StrEnum


def readable(text: str) -> str:
    """Any text, such as a file name of odd bytes, as one that can be written, sent and shown."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


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

    code : what happened, for programs; message : what happened, for people, one sentence;
    hint : what to do next, one sentence, may be empty.
    """

    def __init__(self, code: ErrorCode, message: str, hint: str = "") -> None:
        self.code = code
        self.message = readable(message)
        self.hint = readable(hint)
        super().__init__(self.message)

    def __reduce__(self) -> tuple:
        return OferError, (self.code, self.message, self.hint)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
