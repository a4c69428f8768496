"""Reconstruction folders as a stranger might send them: name → what is done to a whole one."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ofer_engine.contract.reconstruction import RECORD, THUMBNAILS

Spoil = Callable[[Path], Any]


def _edit(*keys: str | int, to: Any) -> Spoil:
    """Another value in the record, wherever the keys lead."""

    def spoil(folder: Path) -> None:
        fields = json.loads((folder / RECORD).read_bytes())
        *way, last = keys
        inner = fields
        for key in way:
            inner = inner[key]
        inner[last] = to
        (folder / RECORD).write_text(json.dumps(fields), "utf-8")

    return spoil


def _text(content: str | bytes) -> Spoil:
    raw = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / RECORD).write_bytes(raw)


def _raw(name: str, content: bytes) -> Spoil:
    return lambda folder: (folder / f"{name}.npy").write_bytes(content)


def _array(name: str, change: Callable[[np.ndarray], Any]) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / f"{name}.npy"
        np.save(path, change(np.load(path)), allow_pickle=True)

    return spoil


def _cell(name: str, value: float) -> Spoil:
    def change(values: np.ndarray) -> np.ndarray:
        values.flat[-1] = value
        return values

    return _array(name, change)


def _header(name: str, text: str, data: bytes = b"", version: bytes = b"\1\0") -> Spoil:
    raw = text.encode() + b"\n"
    width = 2 if version == b"\1\0" else 4
    return _raw(name, b"\x93NUMPY" + version + len(raw).to_bytes(width, "little") + raw + data)


def _described(shape: str, descr: str = "<f4", more: str = "") -> str:
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}{more}"


def _link(name: str, target: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to(target)

    return spoil


def _sparse(folder: Path) -> None:
    """Four terabytes that take no room on the disk."""
    _header("identity_vertices", _described("(2, 1000000000000, 3)"))(folder)
    with (folder / "identity_vertices.npy").open("r+b") as file:
        file.truncate(1 << 42)


def _archive(folder: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("uv.npy", b"\0" * (1 << 20))
    (folder / "uv.npy").write_bytes(packed.getvalue())


def _pipe(folder: Path) -> None:
    (folder / "uv.npy").unlink()
    os.mkfifo(folder / "uv.npy")


def _folder(folder: Path) -> None:
    (folder / "uv.npy").unlink()
    (folder / "uv.npy").mkdir()


SPOILED: dict[str, Spoil] = {
    "no record": lambda folder: (folder / RECORD).unlink(),
    "empty record": _text(""),
    "cut record": _text('{"format": 2, "name": "a'),
    "a list": _text("[]"),
    "a number": _text("7"),
    "lists in lists": _text("[" * 200_000),
    "objects in objects": _text('{"a":' * 100_000),
    "not UTF-8": _text(b"\xff\xfe{}"),
    "400 digits": _edit("settings", "seed", to=10**400),
    "5000 digits": _text('{"format": ' + "1" * 5000 + "}"),
    "NaN score": _edit("identities", 0, "score", to=float("nan")),
    "endless focal": _text('{"format": 2, "focal": 1e999}'),
    "another format": _edit("format", to=99),
    "no format": _edit("format", to=None),
    "a format that is a truth": _edit("format", to=True),
    "a format of a googol": _edit("format", to=1e100),
    "a format in words": _edit("format", to="2"),
    "a field more": _edit("more", to=1),
    "its own place": _edit("folder", to="/etc"),
    "no photo": _edit("views", to=[]),
    "views of nothing": _edit("views", to=None),
    "a name that is a number": _edit("name", to=5),
    "a name that leads out": _edit("name", to="../../x"),
    "half a character": _edit("name", to="anna\ud800"),
    "half a character in a note": _edit("notes", to=["\udfff"]),
    "half a character in a joint": _edit("joints", 0, to="\ud83d"),
    "a zero byte": _edit("parts", 0, to="skin\0"),
    "a picture elsewhere": _edit("identities", 0, "name", to="../../../secret"),
    "a picture at the root": _edit("identities", 0, "name", to="/etc/passwd"),
    "two of one name": _edit("identities", 1, "name", to="identity_01"),
    "a candidate below none": _edit("identities", 0, "candidate", to=-1),
    "a candidate beyond all": _edit("identities", 0, "candidate", to=20),
    "a draw that was not": _edit("identities", 0, "draw", to=9),
    "a view that was not": _edit("expressions", 0, "view", to=3),
    "an expression beyond all": _edit("expressions", 0, "candidate", to=1),
    "a joint that hangs on itself": _edit("joint_parents", to=[-1, 1]),
    "a joint too few": _edit("joints", to=["root"]),
    "two joints of one name": _edit("joints", to=["root", "root"]),
    "no parts": _edit("parts", to=[]),
    "a short rotation": _edit("views", 0, "camera", "rotation", to=[1.0, 0.0, 0.0]),
    "a flat rotation": _edit("views", 0, "camera", "rotation", to=[0.0] * 9),
    "a huge rotation": _edit("views", 0, "camera", "rotation", to=[1e308] * 9),
    "no focal length": _edit("views", 0, "camera", "focal", to=0.0),
    "a photo without width": _edit("views", 0, "photo", "width", to=0),
    "a photo of negative height": _edit("views", 0, "camera", "height", to=-480),
    "a box of two numbers": _edit("views", 0, "face", "box", to=[1.0, 2.0]),
    "an addition of nothing": _edit("additions", 0, "rows", to=[]),
    "an addition of no weights": _edit("additions", 0, "weights", to=[1.0]),
    "a row below none": _edit("additions", 0, "rows", to=[-1, 3]),
    "a row beyond all": _edit("additions", 0, "rows", to=[3, 20]),
    "no array": lambda folder: (folder / "uv.npy").unlink(),
    "an empty array": _raw("uv", b""),
    "a cut array": lambda folder: os.truncate(folder / "uv.npy", 140),
    "an array with a tail": lambda folder: (folder / "uv.npy").open("ab").write(b"tail"),
    "only the magic": _raw("uv", b"\x93NUMPY"),
    "another magic": _raw("uv", b"garbage" * 100),
    "an archive": _archive,
    "an empty archive": _raw("uv", b"PK\5\6" + b"\0" * 18),
    "a pickle": _raw("uv", pickle.dumps(np.zeros((3, 4, 2), np.float32))),
    "objects": _array("uv", lambda _: np.array([print, None], object)),
    "records": _array("uv", lambda _: np.zeros(3, [("a", "f4"), ("b", "i4")])),
    "words": _array("uv", lambda _: np.array(["a", "b"])),
    "dates": _array("uv", lambda _: np.zeros((3, 4, 2), "datetime64[s]")),
    "complex numbers": _array("uv", lambda values: values.astype(np.complex64)),
    "double precision": _array("identity_vertices", lambda values: values.astype(np.float64)),
    "whole vertices": _array("identity_vertices", lambda values: values.astype(np.int32)),
    "an axis too few": _array("identity_vertices", lambda values: values[0]),
    "an axis too many": _array("uv", lambda values: values[None]),
    "a vertex too few": _array("skin_weights", lambda values: values[1:]),
    "a head too few": _array("identity_vertices", lambda values: values[1:]),
    "no heads": _array("identity_vertices", lambda values: values[:0]),
    "a unit too few": _array("arkit_units", lambda values: values[1:]),
    "a lone number": _array("uv", lambda _: np.float32(1)),
    "huge sides": _header("identity_vertices", _described("(2, 999999999999, 3)"), bytes(96)),
    "sides beyond 64 bits": _header("uv", _described("(9999999999, 9999999999, 4)")),
    "sides of a thousand digits": _header("uv", _described(f"({'9' * 1000}, 4, 2)")),
    "a negative side": _header("uv", _described("(-3, 4, 2)"), bytes(96)),
    "a header of four gigabytes": _raw("uv", b"\x93NUMPY\2\0\xff\xff\xff\xff" + bytes(200)),
    "a header in a header": _header("uv", "(" * 4000),
    "a header that is a program": _header("uv", "__import__('os').abort()"),
    "a header that adds": _header("uv", _described("(3+0, 4, 2)"), bytes(96)),
    "a type of a megabyte": _header("uv", _described("(3, 4, 2)", "<V1000000")),
    "an unknown version": _header("uv", _described("(3, 4, 2)"), bytes(96), b"\7\0"),
    "four terabytes of nothing": _sparse,
    "NaN": _cell("identity_vertices", np.nan),
    "infinity": _cell("expression_shift", np.inf),
    "NaN in the context": _cell("context_identity", np.nan),
    "a corner below none": _cell("polygons", -2),
    "a corner beyond all": _cell("polygons", 8),
    "a part beyond all": _cell("part", 1),
    "an evidence vertex below none": _cell("evidence_vertices", -1),
    "a candidate twice": _array("identity_order", lambda values: np.zeros_like(values)),
    "certainty without end": _cell("evidence_deviation", 0.0),
    "a negative weight": _cell("skin_weights", -5.0),
    "a pipe": _pipe,
    "a folder": _folder,
    "a link to a secret": _link("uv.npy", "/etc/hostname"),
    "a link to itself": _link("uv.npy", "uv.npy"),
    "an endless device": _link("uv.npy", "/dev/zero"),
    "a record elsewhere": _link(RECORD, "/etc/hostname"),
    "no picture": lambda folder: (folder / THUMBNAILS / "identity_01.png").unlink(),
    "a picture of a gigapixel": lambda folder: (
        folder / THUMBNAILS / "identity_01.png"
    ).write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x75\x30\0\0\x75\x30\x08\2\0\0\0"),
    "a picture that is a link": _link(f"{THUMBNAILS}/identity_01.png", "/etc/hostname"),
}
"""None of these can be read whole."""
