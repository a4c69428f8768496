"""Read weight files from anywhere: nothing in them runs, and nothing damaged passes.

Every reader here raises OferError: WEIGHTS_MISSING (not there), WEIGHTS_UNSAFE (would run code),
WEIGHTS_DAMAGED (cut, flipped, not finite) or WEIGHTS_WRONG (not the thing asked for).
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from ...contract.errors import ErrorCode, OferError
from ...contract.sentence import Sentence
from .safe_pickle import DamagedPickle, UnsafePickle, read_pickle
from .torch_file import read_torch_file

_MAX_PICKLE: Final = 1 << 30
_MAX_HEADER: Final = 16 << 20
_MAX_CHECKPOINT: Final = 16 << 30
_CHUNK: Final = 1 << 24
_MODEL_FIELDS: Final = (b"\x12", b"\x1a", b"\x22", b"\x3a")
_AGAIN: Final = "Download the file again from where it is published, and import it once more."
_NOTHING_RAN: Final = "Nothing in it was run; get the file from its publisher instead."


class FileKind(StrEnum):
    """What a file is by its first bytes, whatever it is called."""

    CHECKPOINT = "torch checkpoint"
    SAFETENSORS = "safetensors"
    NUMPY = "numpy array"
    PICKLE = "pickle"
    ONNX = "ONNX model"


def file_kind(path: Path) -> FileKind:
    """Look at the first bytes. Raises OferError(WEIGHTS_MISSING | WEIGHTS_WRONG)."""
    try:
        if not path.is_file():  # a pipe would be waited at
            raise FileNotFoundError
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as cause:
        raise OferError(
            ErrorCode.WEIGHTS_MISSING,
            "The file {name} cannot be read.",
            "Check that it exists and that you may read it.",
            name=path.name,
        ) from cause
    if head.startswith(b"PK\x03\x04"):
        return FileKind.CHECKPOINT
    if head.startswith(b"\x93NUMPY"):
        return FileKind.NUMPY
    if len(head) > 8 and head[8:9] == b"{":
        return FileKind.SAFETENSORS
    # A model begins with its format's version (1 to 20 so far) and goes on with another field.
    if head[:1] == b"\x08" and b"\1" <= head[1:2] <= b"\x14" and head[2:3] in _MODEL_FIELDS:
        return FileKind.ONNX
    # Protocol 2 and later announce themselves; Python 2's text protocol starts a dict or a list.
    if head[:1] == b"\x80" or head[:2] in (b"(d", b"(l", b"cn"):
        # Old torch files are pickles that begin with torch's magic number.
        legacy = head[:2] == b"\x80\x02" and head[2:4] == b"\x8a\x0a"
        return FileKind.CHECKPOINT if legacy else FileKind.PICKLE
    raise OferError(
        ErrorCode.WEIGHTS_WRONG,
        "{name} is not a weight file: its content is no checkpoint, array or model.",
        "A web page saved in its place is a common cause: log in, accept the licence, try again.",
        name=path.name,
    )


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The dict of a `torch.save` file, as tensors, numbers and texts; nothing of it is run or
    kept where it is refused."""
    _verify_archive(path)
    try:
        content = read_torch_file(path)
    except UnsafePickle as cause:
        raise _unsafe(path.name) from cause
    except (DamagedPickle, OSError) as cause:
        raise damaged(path.name, "it cannot be unpacked") from cause
    if not isinstance(content, dict):
        raise OferError(
            ErrorCode.WEIGHTS_WRONG, "{name} holds no named weights.", _AGAIN, name=path.name
        )
    return content


def load_safetensors(path: Path) -> dict[str, Tensor]:
    """Every tensor of a safetensors file, on the CPU."""
    size = path.stat().st_size
    with path.open("rb") as file:
        prefix = file.read(8)
        header = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
        if not 2 <= header <= min(_MAX_HEADER, size - 8):
            raise damaged(path.name, "its header does not fit its size")
        try:
            json.loads(file.read(header))
        except (ValueError, RecursionError) as cause:
            raise damaged(path.name, "its header is unreadable") from cause
    try:
        return load_file(path)
    except (SafetensorError, ValueError, OSError) as cause:
        raise damaged(path.name, "its header and its data do not agree") from cause


def safetensors_metadata(path: Path) -> dict[str, str]:
    """What the writer of a safetensors file said of it; call it after `load_safetensors`."""
    with safe_open(path, "pt") as file:
        return dict(file.metadata() or {})


def load_pickle(path: Path) -> Any:
    """A model pickle (FLAME's) through the allow-list, as dicts and numpy arrays."""
    return _unpickled(file_content(path), path.name)


def load_array(path: Path) -> Any:
    """A `.npy` file: an array, or the object that a pickled one holds, through the allow-list."""
    data = file_content(path)
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, _, dtype = read_header(file)
        if not dtype.hasobject:
            return np.load(io.BytesIO(data), allow_pickle=False)
    # numpy reads the header as Python source: damaged text raises whatever its tokenizer does.
    except Exception as cause:
        raise damaged(path.name, "its header and its data do not agree") from cause
    content = _unpickled(data[file.tell() :], path.name)
    return content[()] if isinstance(content, np.ndarray) and shape == () else content


def check_tensors(
    name: str, tensors: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]]
) -> None:
    """Every expected key is there, in its shape, and finite. Raises OferError naming the first
    that is not.

    name : what the tensors are, for the sentence.
    """
    missing = [key for key in expected if key not in tensors]
    if missing:
        raise OferError(
            ErrorCode.WEIGHTS_WRONG,
            "{name} lacks {missing} of {expected} weights, for example {missing_2}.",
            _AGAIN,
            name=name,
            missing=len(missing),
            expected=len(expected),
            missing_2=missing[0],
        )
    for key, shape in expected.items():
        tensor = tensors[key]
        if not isinstance(tensor, Tensor) or tuple(tensor.shape) != shape:
            found = tuple(getattr(tensor, "shape", ()))
            raise OferError(
                ErrorCode.WEIGHTS_WRONG,
                "{name}: {key} has the shape {found}, not {shape}.",
                "This is a file of another model or size; import the published one.",
                name=name,
                key=key,
                found=found,
                shape=shape,
            )
        # A sum is finite only if all its terms are, and needs no second array of flags.
        if tensor.is_floating_point() and not torch.isfinite(tensor.sum(dtype=torch.float64)):
            raise damaged(name, Sentence("{key} holds numbers that are not finite", key=key))


def damaged(name: str, what: str) -> OferError:
    """The error of a file that was right once."""
    return OferError(
        ErrorCode.WEIGHTS_DAMAGED,
        "{name} is damaged: {what}.",
        _AGAIN,
        name=name,
        what=Sentence(what),
    )


def _unsafe(name: str) -> OferError:
    return OferError(
        ErrorCode.WEIGHTS_UNSAFE,
        "{name} was refused: it asks to run code while being read.",
        _NOTHING_RAN,
        name=name,
    )


def file_content(path: Path) -> bytes:
    """A whole file of a sensible size. Raises OferError(WEIGHTS_MISSING | WEIGHTS_WRONG)."""
    try:
        if path.stat().st_size > _MAX_PICKLE:
            raise OferError(
                ErrorCode.WEIGHTS_WRONG,
                "{name} is too large for a head model.",
                _AGAIN,
                name=path.name,
            )
        return path.read_bytes()
    except OSError as cause:
        raise OferError(
            ErrorCode.WEIGHTS_MISSING,
            "The file {name} cannot be read.",
            "Check that it exists and that you may read it.",
            name=path.name,
        ) from cause


def _unpickled(data: bytes, name: str) -> Any:
    try:
        return read_pickle(data)
    except UnsafePickle as cause:
        raise _unsafe(name) from cause
    except DamagedPickle as cause:
        raise damaged(name, cause.what) from cause


def _verify_archive(path: Path) -> None:
    """Checksums of every entry, and no entry that unpacks to more than it occupies; what is no
    archive is left."""
    try:
        if not zipfile.is_zipfile(path):
            return
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise OferError(
                    ErrorCode.WEIGHTS_WRONG,
                    "{name} is a compressed archive, not a checkpoint.",
                    "If it is the downloaded zip, unpack it and import the files inside.",
                    name=path.name,
                )
            if sum(entry.file_size for entry in entries) > _MAX_CHECKPOINT:
                raise damaged(path.name, "it claims to be larger than any checkpoint")
            for entry in entries:
                with archive.open(entry) as stream:
                    while stream.read(_CHUNK):
                        pass
    except OferError:
        raise
    # A directory of damaged names, flags and sizes raises any of a dozen kinds.
    except Exception as cause:
        raise damaged(path.name, "a checksum does not agree") from cause
