"""What is fuzzed with Blender: what a .blend from elsewhere may hold under our names.

Name → target, of the form that `tests/fuzz/targets.py` describes. `tests/fuzz/run.py --blender`
runs them.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import synthetic
from conftest import ROOT
from hypothesis import strategies as st
from ofer_faces.ofer_blender import CLASSES
from ofer_faces.ofer_blender.head import packed_reconstruction, provenance
from ofer_faces.ofer_blender.photo import head_photos
from ofer_faces.ofer_engine.client.reconstruction_reader import PACKED_FILES
from ofer_faces.ofer_engine.contract.errors import ErrorCode, OferError
from recording_layout import draw

sys.path.insert(0, str(ROOT))
try:
    from tests.fuzz.shapes import JSON, NUMBERS, TEXTS, bitten, harmed
    from tests.fuzz.target import Target
finally:
    sys.path.remove(str(ROOT))

_NAMES = (*PACKED_FILES, "../../outside.npy", "/tmp/outside.npy", "C:\\outside.npy", "a/b.npy", "")
_TEXT_FIELDS = (
    "folder",
    "basis",
    "expressions_of",
    "units_of",
    "compared_as",
    "compared_made",
    "active_before",
    "layer_before",
)
_NUMBER_FIELDS = ("candidates", "identity_index", "expression_index", "comparing", "compare_page")


def _new_head() -> bpy.types.Object:
    """A head with its reconstruction inside, whose folder is gone."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = synthetic.write(Path(scratch)).folder
        bpy.ops.ofer.insert_head(directory=str(folder))
    return bpy.context.object


def _kept() -> Target:
    """The archive inside the .blend that `packed_reconstruction.ensure` unpacks."""
    head = _new_head()
    whole = bytes(head[packed_reconstruction.PROPERTY])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    names = st.sampled_from(_NAMES)
    contents = st.one_of(
        st.sampled_from(sorted(parts.values())), st.binary(max_size=40), st.just(bytes(1 << 16))
    )
    other = st.lists(st.tuples(names, contents), max_size=3)
    harm = st.tuples(other, st.sets(st.sampled_from(sorted(parts)), max_size=2), st.booleans())

    def archived(drawn: tuple[list[tuple[str, bytes]], set[str], bool]) -> bytes:
        added, gone, packed = drawn
        made = io.BytesIO()
        kept = [(name, data) for name, data in parts.items() if name not in gone]
        how = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        with warnings.catch_warnings(), zipfile.ZipFile(made, "w", how) as archive:
            warnings.simplefilter("ignore", UserWarning)  # the same name twice is meant
            for name, data in (*kept, *added):
                archive.writestr(zipfile.ZipInfo(name or "x"), data, how)
        return made.getvalue()

    def check(content: bytes) -> None:
        _give_back(head, content)
        place = packed_reconstruction.engine_settings().reconstructions
        before = _listing(place.parent)
        try:
            folder = packed_reconstruction.ensure(head)
        except OferError as error:
            assert error.code is ErrorCode.RECONSTRUCTION_DAMAGED and error.message and error.hint
            assert _listing(place.parent) - {place} == before - {place}
            return
        assert folder.parent == place
        found = {path.name for path in folder.iterdir()}
        assert found <= {*PACKED_FILES, "thumbnails"}
        shutil.rmtree(folder)
        assert _listing(place.parent) - {place} == before - {place}

    return Target(st.one_of(bitten(whole), harm.map(archived)), check)


def _give_back(head: bpy.types.Object, content: bytes) -> None:
    if packed_reconstruction.PROPERTY in head:
        del head[packed_reconstruction.PROPERTY]
    head[packed_reconstruction.PROPERTY] = content
    head.ofer.folder = "anna.ofer"


def _listing(place: Path) -> set[Path]:
    return set(place.rglob("*"))


def _properties() -> Target:
    """Custom properties and our own fields: every panel still draws, every reader still reads."""
    head = _new_head()
    whole = provenance.read(head)
    fields = {name: getattr(head.ofer, name) for name in (*_TEXT_FIELDS, *_NUMBER_FIELDS)}
    first = {name: getattr(head.ofer.identities[0], name) for name in ("name", "rank", "candidate")}
    panels = [each.__name__ for each in CLASSES if issubclass(each, bpy.types.Panel)]
    texts = st.dictionaries(st.sampled_from(_TEXT_FIELDS), TEXTS, max_size=2)
    numbers = st.dictionaries(st.sampled_from(_NUMBER_FIELDS), NUMBERS, max_size=2)
    ours = st.tuples(texts, numbers).map(lambda pair: {**pair[0], **pair[1]})
    item = st.fixed_dictionaries(
        {}, optional={"name": TEXTS, "rank": NUMBERS, "candidate": NUMBERS}
    )
    record = st.one_of(harmed(whole), harmed(whole), JSON, st.just(whole))

    def check(sent: tuple[Any, dict, dict]) -> None:
        record_text, changed, of_first = sent
        _put(head, provenance.PROPERTY, record_text)
        for name, value in changed.items():
            _set(head.ofer, name, value)
        for name, value in of_first.items():
            _set(head.ofer.identities[0], name, value)
        try:
            read = provenance.read(head)
            provenance.views(read)
            if read:
                provenance.notes(read)
            json.loads(provenance.as_text(head))
            with contextlib.suppress(OferError):  # a sentence
                head_photos.views(head)
            for panel in panels:
                draw(panel)
        finally:
            _put(head, provenance.PROPERTY, whole)
            for name, value in fields.items():
                _set(head.ofer, name, value)
            for name, value in first.items():
                _set(head.ofer.identities[0], name, value)

    return Target(st.tuples(record, ours, item), check)


def _put(head: bpy.types.Object, name: str, value: Any) -> None:
    """A custom property, as far as Blender can hold it: what it cannot, no file can bring."""
    try:
        head[name] = value
    except (TypeError, ValueError, OverflowError, KeyError, UnicodeEncodeError):
        return


def _set(struct: bpy.types.PropertyGroup, name: str, value: Any) -> None:
    try:
        setattr(struct, name, value)
    except (TypeError, ValueError, OverflowError, UnicodeEncodeError):
        return


MAKERS: dict[str, Callable[[], Target]] = {"kept": _kept, "properties": _properties}
