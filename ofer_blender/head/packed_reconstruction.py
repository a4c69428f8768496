"""A head's reconstruction inside the .blend: what the engine needs to go on from it elsewhere.

The folder NAME.ofer stays on the computer that made it. Its record and arrays, without pictures,
travel with the head as one custom property, so that any computer with the engine can
draw more like it, from the same evidence and seeds.
"""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any, Final

import bpy

from ...ofer_engine.client.reconstruction_reader import PACKED_FILES, LoadedReconstruction
from ...ofer_engine.contract import reconstruction
from ...ofer_engine.contract.causes import unwritable
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.names import free_name, plain_name
from ...ofer_engine.contract.reconstruction import ARRAYS, RECORD, SUFFIX, THUMBNAILS
from ..engine.engine_settings import engine_settings
from ..undo import likeness
from . import provenance

PROPERTY: Final = "ofer_kept"
_NEEDED: Final = frozenset((RECORD, *(f"{name}.npy" for name in ARRAYS)))
_ALLOWED: Final = frozenset(PACKED_FILES)
_PACKING: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LONGEST_NAME: Final = 40
"""Of bytes."""
_MOST_BYTES: Final = 256 * 1024**2
"""Unpacked; a file from elsewhere must not fill the disk."""


def keep(head: bpy.types.Object, loaded: LoadedReconstruction) -> None:
    """Put the reconstruction's folder into the head."""
    likeness.keep(head, PROPERTY, loaded.packed)


def ensure(head: bpy.types.Object) -> Path:
    """The head's NAME.ofer; unpacked among this computer's reconstructions where it is missing, or
    where what lies there is another's: what a file says of paths is not believed.

    Raises OferError(RECONSTRUCTION_DAMAGED | READ_ONLY | DISK_FULL).
    """
    return _ensured(head)[0]


def record(head: bpy.types.Object) -> reconstruction.Reconstruction:
    """The record of the folder that `ensure` finds. Raises OferError as `ensure`."""
    folder, found = _ensured(head)
    return found or reconstruction.read(folder)


def _ensured(head: bpy.types.Object) -> tuple[Path, reconstruction.Reconstruction | None]:
    """As `ensure`, with its record where that was read to find out whose it is."""
    folder = Path(head.ofer.folder)
    if folder.is_absolute() and (folder / RECORD).is_file():
        made_of = provenance.read(head)
        if not made_of:  # nothing is known of the head that the folder could contradict
            return folder, None
        found = _readable(folder)
        if found and _is_of(made_of, found):
            return folder, found
    packed = head.get(PROPERTY)
    if not isinstance(packed, bytes):
        raise _lost(head)
    place = engine_settings().reconstructions
    name = plain_name(folder.name.removesuffix(SUFFIX), _LONGEST_NAME)
    target = place / (free_name(place, name, (SUFFIX,)) + SUFFIX)
    try:
        _unpack(packed, target)
        _write_pictures(head, target / THUMBNAILS)
    except BaseException as cause:
        shutil.rmtree(target, ignore_errors=True)
        if isinstance(cause, OSError) and cause.errno:
            raise unwritable(target, cause) from cause
        if isinstance(cause, Exception):  # whatever an archive from elsewhere is damaged by
            raise _lost(head) from cause
        raise
    head.ofer.folder = str(target)
    return target, None


def _readable(folder: Path) -> reconstruction.Reconstruction | None:
    try:
        return reconstruction.read(folder)
    except OferError:
        return None


def _is_of(made_of: dict[str, Any], record: reconstruction.Reconstruction) -> bool:
    """The record is of the same photos, pack and seed as the head."""
    digests = [view["photo"]["sha256"] for view in provenance.views(made_of)]
    return (
        digests == [view.photo.sha256 for view in record.views]
        and made_of["pack"].get("fingerprint") == record.pack.fingerprint
        and str(made_of["settings"].get("seed")) == str(record.settings.seed)
    )


def _unpack(packed: bytes, target: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        parts = archive.infolist()
        names = [part.filename for part in parts]
        if not _NEEDED <= set(names) <= _ALLOWED or len(set(names)) < len(names):
            raise ValueError("not what keep writes")
        if any(part.compress_type not in _PACKING or part.flag_bits & 1 for part in parts):
            raise ValueError("not packed as keep packs")
        if sum(part.file_size for part in parts) > _MOST_BYTES:
            raise ValueError("larger than any reconstruction")
        target.mkdir(parents=True)
        for part in sorted(parts, key=lambda part: part.filename == RECORD):  # the record is last
            (target / part.filename).write_bytes(archive.read(part))


def _write_pictures(head: bpy.types.Object, target: Path) -> None:
    target.mkdir()
    for item in (*head.ofer.identities, *head.ofer.expressions):
        if item.picture and re.fullmatch(r"\w{1,60}", item.name):
            (target / f"{item.name}.png").write_bytes(item.picture)


def _lost(head: bpy.types.Object) -> OferError:
    return OferError(
        ErrorCode.RECONSTRUCTION_DAMAGED,
        "The reconstruction that {name} was made from is gone.",
        "Reconstruct the photo again.",
        name=head.name,
    )
