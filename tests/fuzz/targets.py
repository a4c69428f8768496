"""What is fuzzed: name → what a stranger sends, and what must hold of whatever reads it.

A target's check raises whatever its reader must never raise. Readers that need bpy are in
`tests/blender/fuzz_targets.py`.
"""

from __future__ import annotations

import importlib
import io
import json
import pickle
import shutil
import struct
import sys
import tempfile
import types
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from ofer_engine.batch.photo_list import read_photo_list
from ofer_engine.batch.results import TableResults
from ofer_engine.batch.settings import BatchSettings
from ofer_engine.contract import installed, performance, protocol, reconstruction, skin
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.face_motion import FaceMotion
from ofer_engine.contract.files import live_link
from ofer_engine.contract.files.array_archive import read_archive
from ofer_engine.contract.files.take import read_take
from ofer_engine.contract.names import usable
from ofer_engine.contract.records import CameraRecord, PackRecord
from ofer_engine.contract.sampling import SamplingParams
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_description import read_record
from ofer_engine.published.pickle_reader.safe_load import (
    load_array,
    load_checkpoint,
    load_pickle,
    load_safetensors,
)
from tests.engine.contract.small_folder import write_small
from tests.engine.contract.test_performance import write_some
from tests.engine.contract.test_protocol import EVENTS, REQUESTS
from tests.fuzz.shapes import JSON, bitten, harmed
from tests.fuzz.target import Target

ROOT = Path(__file__).resolve().parents[2]


def _refused(read: Callable[[], Any], *codes: ErrorCode) -> Any:
    """What is read, or None where it is refused in a sentence."""
    try:
        return read()
    except OferError as error:
        assert error.code in codes and error.message and error.hint
        return None


# ---------------------------------------------------------------- protocol lines, both ways


def _lines(messages: list) -> st.SearchStrategy:
    whole = [json.loads(protocol.encode(each)) for each in messages]
    harmed_text = st.sampled_from(whole).flatmap(harmed).map(json.dumps)
    texts = [protocol.encode(each).encode() for each in messages]
    broken = st.sampled_from(texts).flatmap(bitten).map(lambda raw: raw.decode("utf-8", "replace"))
    return st.one_of(harmed_text, broken, JSON.map(json.dumps), st.text(max_size=200))


def _decodes(decode: Callable[[str], Any]) -> Callable[[str], None]:
    def check(line: str) -> None:
        message = _refused(lambda: decode(line), ErrorCode.BAD_REQUEST)
        protocol.is_last_word(line)
        if message is not None:
            assert decode(protocol.encode(message)) == message

    return check


# ---------------------------------------------------------------- folders


class _Place:
    """A folder of its own, whole again after each example."""

    def __init__(self, make: Callable[[Path], Path]) -> None:
        self._scratch = tempfile.TemporaryDirectory()
        self.folder = make(Path(self._scratch.name))
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        self.files = {str(path.relative_to(self.folder)): path.read_bytes() for path in files}

    def put(self, changes: dict[str, bytes | None]) -> None:
        for name, content in changes.items():
            (self.folder / name).unlink(missing_ok=True)
            if content is not None:
                (self.folder / name).write_bytes(content)

    def mend(self, names: Any) -> None:
        self.put({name: self.files[name] for name in names})


def _folder() -> Target:
    place = _Place(lambda scratch: write_small(scratch).folder)
    fields = json.loads(place.files[reconstruction.RECORD])
    arrays = sorted(name for name in place.files if name.endswith(".npy"))
    record = harmed(fields).map(lambda value: {reconstruction.RECORD: json.dumps(value).encode()})
    raw = st.sampled_from(sorted(place.files)).flatmap(
        lambda name: bitten(place.files[name]).map(lambda data: {name: data})
    )
    other = st.tuples(st.sampled_from(arrays), _arrays()).map(lambda pair: dict([pair]))
    swapped = st.tuples(st.sampled_from(arrays), st.sampled_from(arrays)).map(
        lambda pair: {pair[0]: place.files[pair[1]]}
    )
    gone = st.sampled_from(sorted(place.files)).map(lambda name: {name: None})

    def check(changes: dict[str, bytes | None]) -> None:
        place.put(changes)
        try:
            _refused(lambda: _read_all(place.folder), ErrorCode.RECONSTRUCTION_DAMAGED)
        finally:
            place.mend(changes)

    return Target(st.one_of(record, record, raw, other, swapped, gone), check)


def _read_all(folder: Path) -> None:
    record = reconstruction.read(folder)
    optional = [name for name in reconstruction.OPTIONAL_ARRAYS if record.has(name)]
    sizes: dict[str, int] = {}
    for name in (*reconstruction.ARRAYS, *optional):
        values = record.array(name)
        assert values.dtype.kind in "fiu" and np.isfinite(values).all()
        sizes[name] = len(values)
    vertices = record.array("identity_vertices").shape[1]
    for name in ("polygons", "evidence_vertices"):
        assert record.array(name).max(initial=-1) < vertices
    assert sizes["identity_vertices"] == len(record.identities) >= 1
    for hypothesis in (*record.identities, *record.expressions):
        record.picture(hypothesis)
        assert record.thumbnail(hypothesis).parent.parent == folder


@st.composite
def _arrays(draw: Any) -> bytes:
    """A `.npy` whose header and data may or may not agree."""
    kind = draw(st.sampled_from(["<f4", "<f8", ">f4", "<i4", "|u1", "|O", "<U3", "<M8[s]", "|V9"]))
    side = st.one_of(st.integers(-1, 60), st.sampled_from([0, 1 << 40, 10**30]))
    shape = tuple(draw(st.lists(side, max_size=4)))
    order = draw(st.booleans())
    header = str({"descr": kind, "fortran_order": order, "shape": shape}).encode()
    header += b" " * draw(st.integers(0, 70)) + b"\n"
    version = draw(st.sampled_from([b"\1\0", b"\2\0", b"\3\0"]))
    length = len(header) if draw(st.booleans()) else draw(st.integers(0, 65_535))
    size = length.to_bytes(2 if version == b"\1\0" else 4, "little")
    return b"\x93NUMPY" + version + size + header + draw(st.binary(max_size=200))


def _skin() -> Target:
    def make(scratch: Path) -> Path:
        folder = scratch / "skin"
        folder.mkdir()
        start = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
        (folder / skin.ALBEDO).write_bytes(start + struct.pack(">II", 512, 512) + b"\x08\2\0\0\0")
        np.save(folder / skin.UV, np.zeros((5, 4, 2), np.float32))
        whole = skin.Skin(512, skin.Layout.FACE, ("ab" * 32,), (0.8, 0.6, 0.5), 0.7)
        (folder / skin.RECORD).write_text(skin.to_json(whole))
        return folder

    place = _Place(make)
    record = harmed(json.loads(place.files[skin.RECORD])).map(
        lambda value: {skin.RECORD: json.dumps(value).encode()}
    )
    raw = st.sampled_from(sorted(place.files)).flatmap(
        lambda name: bitten(place.files[name]).map(lambda data: {name: data})
    )

    def check(changes: dict[str, bytes | None]) -> None:
        place.put(changes)
        try:
            _refused(lambda: skin.read(place.folder).uv(), ErrorCode.RECONSTRUCTION_DAMAGED)
        finally:
            place.mend(changes)

    return Target(st.one_of(record, raw), check)


def _performance() -> Target:
    place = _Place(lambda scratch: write_some(scratch / "performance").folder)
    record = harmed(json.loads(place.files[performance.RECORD])).map(
        lambda value: {performance.RECORD: json.dumps(value).encode()}
    )
    names = sorted(place.files)
    raw = st.sampled_from(names).flatmap(
        lambda name: bitten(place.files[name]).map(lambda data: {name: data})
    )
    swapped = st.tuples(st.sampled_from(names), st.sampled_from(names)).map(
        lambda pair: {pair[0]: place.files[pair[1]]}
    )
    gone = st.sampled_from(names).map(lambda name: {name: None})

    def read_all() -> None:
        found = performance.read(place.folder)
        motion = found.motion()
        assert len(motion.times) == found.frames and np.isfinite(motion.weights).all()
        for name in performance.ARRAYS:
            assert np.isfinite(found.array(name)).all()

    def check(changes: dict[str, bytes | None]) -> None:
        place.put(changes)
        try:
            _refused(read_all, ErrorCode.RECONSTRUCTION_DAMAGED)
        finally:
            place.mend(changes)

    return Target(st.one_of(record, raw, swapped, gone), check)


# ---------------------------------------------------------------- packs and weights


def _pack() -> Target:
    def make(scratch: Path) -> Path:
        folder = scratch / "packs" / "mine"
        folder.mkdir(parents=True)
        shutil.copy(BUNDLED / "open" / installed.DESCRIPTION, folder)
        return folder

    place = _Place(make)
    text = place.files[installed.DESCRIPTION]
    harmed_text = harmed(json.loads(text)).map(lambda value: json.dumps(value).encode())

    def check(content: bytes) -> None:
        place.put({installed.DESCRIPTION: content})
        found = installed.installed_packs(BUNDLED, place.folder.parent.parent)
        assert set(found) == {"open", "mine"}
        assert isinstance(found["mine"].title, str)
        codes = (ErrorCode.WEIGHTS_DAMAGED, ErrorCode.WEIGHTS_WRONG)
        record = _refused(lambda: read_record(place.folder), *codes)
        if record is not None:
            assert all(isinstance(each, str) for each in (record.id, record.title, *record.hints))

    return Target(
        st.one_of(harmed_text, bitten(text), JSON.map(lambda v: json.dumps(v).encode())), check
    )


def _archive() -> Target:
    packed = io.BytesIO()
    np.savez_compressed(packed, template=np.zeros((7, 3), np.float32), names=np.array(["a", "bc"]))
    place = _Place(lambda scratch: scratch)

    def check(content: bytes) -> None:
        place.put({"head.npz": content})
        try:
            arrays = read_archive(place.folder / "head.npz", 1 << 20)
        except ValueError:
            return
        assert sum(each.nbytes for each in arrays.values()) <= 1 << 20

    def archived(member: bytes) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("template.npy", member)
        return made.getvalue()

    return Target(st.one_of(bitten(packed.getvalue()), _arrays().map(archived)), check)


def _weights() -> Target:
    """Pickles, `torch.save` files, arrays and safetensors, each through its own loader."""
    from safetensors.torch import save as save_tensors

    content = {"net": {"w": torch.arange(12.0).reshape(3, 4)}, "loss": np.float64(2.5), "n": [1]}
    zipped, legacy, array = io.BytesIO(), io.BytesIO(), io.BytesIO()
    torch.save(content, zipped)
    torch.save(content, legacy, _use_new_zipfile_serialization=False)
    np.save(array, np.array({"static": torch.arange(3.0)}, object), allow_pickle=True)
    pickles = [pickle.dumps({"v": np.arange(6.0), "s": {"a"}, "t": (1, "x")}, p) for p in range(6)]
    whole = [
        (load_checkpoint, zipped.getvalue()),
        (load_checkpoint, legacy.getvalue()),
        (load_array, array.getvalue()),
        (load_safetensors, save_tensors({"w": torch.arange(12.0)})),
        *((load_pickle, each) for each in pickles),
    ]
    place = _Place(lambda scratch: scratch)
    sent = st.sampled_from(whole).flatmap(lambda pair: st.tuples(st.just(pair[0]), bitten(pair[1])))
    code = st.lists(_instruction(), max_size=30).map(lambda parts: b"".join(parts) + b".")
    programs = st.tuples(st.just(load_pickle), code)

    def check(pair: tuple[Callable[[Path], Any], bytes]) -> None:
        load, data = pair
        place.put({"weights": data})
        codes = (
            ErrorCode.WEIGHTS_DAMAGED, ErrorCode.WEIGHTS_UNSAFE, ErrorCode.WEIGHTS_WRONG
        )  # fmt: skip
        _refused(lambda: load(place.folder / "weights"), *codes)
        assert np.dtype("f8").str == "<f8"
        assert torch._utils._rebuild_tensor_v2.__defaults__ == _DEFAULTS

    return Target(st.one_of(sent, programs), check)


_DEFAULTS = torch._utils._rebuild_tensor_v2.__defaults__
_NAMES = (
    "collections\nOrderedDict", "numpy\nndarray", "numpy\ndtype", "_codecs\nencode",
    "numpy._core.multiarray\n_reconstruct", "numpy._core.multiarray\nscalar", "chumpy.ch\nCh",
    "copy_reg\n_reconstructor", "scipy.sparse.csc\ncsc_matrix", "builtins\nset", "os\nsystem",
    "torch._utils\n_rebuild_tensor_v2", "torch.storage\n_load_from_bytes", "torch\nFloatStorage",
    "torch\nSize",
)  # fmt: skip


_WITHOUT_ARGUMENT = b")](}t0.12abeduRo\x81Q\x85\x86\x87\x94\x93N\x88"


def _instruction() -> st.SearchStrategy:
    """One of the instructions of a pickle, mostly with a fitting argument."""
    number = st.integers(0, 255).map(lambda n: bytes([n]))
    return st.one_of(
        st.sampled_from(_NAMES).map(lambda name: b"c" + name.encode() + b"\n"),
        st.sampled_from([bytes([each]) for each in _WITHOUT_ARGUMENT]),
        number.map(lambda raw: b"K" + raw),
        number.map(lambda raw: b"q" + raw),
        number.map(lambda raw: b"h" + raw),
        st.binary(max_size=8).map(lambda raw: b"U" + bytes([len(raw)]) + raw),
        st.sampled_from(
            [b"X\x02\0\0\0f8", b"X\1\0\0\0<", b"X\6\0\0\0latin1", b"K\x03", b"K\0\x85"]
        ),
    )


# ---------------------------------------------------------------- exported files


def _reader(module: str, name: str) -> Any:
    """A reader of the add-on that needs no Blender, without loading the add-on."""
    package = types.ModuleType("ofer_export_readers")
    package.__path__ = [str(ROOT / "ofer_blender" / "export")]
    sys.modules.setdefault(package.__name__, package)
    return getattr(importlib.import_module(f"{package.__name__}.{module}"), name)


def _glb_bytes(document: Any, binary: bytes = bytes(range(96))) -> bytes:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
    chunks += struct.pack("<II", len(binary), 0x004E4942) + binary
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


_GLTF = {
    "nodes": [{"name": "head", "mesh": 0}, {"name": "jaw"}],
    "meshes": [
        {
            "primitives": [
                {"attributes": {"POSITION": 0, "WEIGHTS_0": 1}, "targets": [{"POSITION": 2}]}
            ],
            "extras": {"targetNames": ["jawOpen"]},
            "weights": [0.0],
        }
    ],
    "accessors": [
        {"bufferView": 0, "componentType": 5126, "count": 2, "type": "VEC3",
         "min": [0, 0, 0], "max": [1, 1, 1]},
        {"bufferView": 1, "componentType": 5126, "count": 2, "type": "VEC4"},
        {"componentType": 5126, "count": 2, "type": "VEC3", "sparse": {
            "count": 1, "indices": {"bufferView": 0, "componentType": 5121},
            "values": {"bufferView": 0}}},
        {"bufferView": 1, "componentType": 5126, "count": 2, "type": "SCALAR"},
    ],
    "bufferViews": [{"buffer": 0, "byteOffset": 0}, {"buffer": 0, "byteOffset": 32}],
    "skins": [{"joints": [1]}],
    "animations": [
        {"name": "talk", "samplers": [{"input": 3, "output": 3}, {"input": 3, "output": 1}],
         "channels": [{"sampler": 0, "target": {"node": 0, "path": "weights"}},
                      {"sampler": 1, "target": {"node": 1, "path": "rotation"}}]}
    ],
    "images": [{"bufferView": 0}],
}  # fmt: skip


def _glb() -> Target:
    reader = _reader("glb", "GlbReader")
    place = _Place(lambda scratch: scratch)

    def check(data: bytes) -> None:
        place.put({"a.glb": data})
        try:
            for each in reader(place.folder / "a.glb").summary().animations:
                assert each.seconds is not None
        except ValueError as error:
            assert "a.glb" in str(error) or str(error)

    harmed_text = harmed(_GLTF).map(_glb_bytes)
    return Target(st.one_of(harmed_text, harmed_text, bitten(_glb_bytes(_GLTF))), check)


def _fbx() -> Target:
    reader = _reader("fbx", "FbxReader")
    record, tree, as_bytes = (_reader("fbx_tree", name) for name in ("Record", "Tree", "as_bytes"))
    place = _Place(lambda scratch: scratch)

    def text(content: bytes) -> bytes:
        return b"S" + struct.pack("<I", len(content)) + content

    def numbers(kind: bytes, values: np.ndarray) -> bytes:
        raw = values.tobytes()
        return kind + struct.pack("<III", len(values), 0, len(raw)) + raw

    def whole() -> bytes:
        number = [b"L" + struct.pack("<q", n) for n in range(8)]
        points = record(b"Vertices", [numbers(b"d", np.arange(9.0))])
        mesh = record(b"Geometry", [number[1], text(b"head\0\1Geometry"), text(b"Mesh")], [points])
        model = record(b"Model", [number[2], text(b"head\0\1Model"), text(b"Mesh")])
        bone = record(b"Model", [number[3], text(b"jaw\0\1Model"), text(b"LimbNode")])
        stack = record(b"AnimationStack", [number[4], text(b"talk\0\1AnimStack"), text(b"")])
        layer = record(b"AnimationLayer", [number[5], text(b"talk\0\1AnimLayer"), text(b"")])
        turn = record(b"AnimationCurveNode", [number[6], text(b"R\0\1AnimCurveNode"), text(b"")])
        keys = [record(b"KeyTime", [numbers(b"l", np.arange(2))]),
                record(b"KeyValueFloat", [numbers(b"f", np.ones(2, np.float32))])]  # fmt: skip
        curve = record(b"AnimationCurve", [number[7], text(b"\0\1AnimCurve"), text(b"")], keys)
        joined = [record(b"C", [text(kind), number[child], number[parent]])
                  for kind, child, parent in ((b"OO", 1, 2), (b"OO", 5, 4), (b"OO", 6, 5),
                                              (b"OP", 6, 3), (b"OP", 7, 6))]  # fmt: skip
        top = [
            record(b"GlobalSettings", [], [], True),
            record(b"Objects", [], [mesh, model, bone, stack, layer, turn, curve], True),
            record(b"Connections", [], joined, True),
        ]
        return as_bytes(tree(7400, top))

    def check(data: bytes) -> None:
        place.put({"a.fbx": data})
        try:
            reader(place.folder / "a.fbx").summary()
        except ValueError as error:
            assert str(error)

    return Target(bitten(whole(), 12), check)


# ---------------------------------------------------------------- takes, lists and rows


def _take() -> Target:
    place = _Place(lambda scratch: scratch)
    frame = {
        "timestamp": 33,
        "faceBlendshapes": [{"categories": [{"categoryName": "jawOpen", "score": 0.4}]}],
        "facialTransformationMatrixes": [{"data": np.eye(4).ravel().tolist()}],
    }
    forms = [
        [frame, {**frame, "timestamp": 66}],
        {"fps": 30, "frames": [{"jawOpen": 0.4, "mouthSmile_L": 0.1}, {"jawOpen": 0.5}]},
        {"exportFps": 60, "facsNames": ["jawOpen"], "weightMat": [[0.2], [0.4]]},
    ]
    rows = "Timecode,BlendShapeCount,jawOpen,headYaw\n00:00:01:02.5,61,0.5,0.1\n"
    files = st.one_of(
        st.sampled_from(forms).flatmap(harmed).map(lambda v: (".json", json.dumps(v).encode())),
        JSON.map(lambda value: (".json", json.dumps(value).encode())),
        bitten(json.dumps(forms[0]).encode()).map(lambda data: (".jsonl", data)),
        bitten(rows.encode()).map(lambda data: (".csv", data)),
    )

    def check(sent: tuple[str, bytes]) -> None:
        name = f"take{sent[0]}"
        place.put({name: sent[1]})
        motion = _refused(lambda: read_take(place.folder / name), ErrorCode.BAD_REQUEST)
        if motion is None:
            return
        frames = len(motion.times)
        assert motion.weights.shape == (frames, 52) and frames > 0
        assert motion.times[0] == 0 and (np.diff(motion.times) >= 0).all()
        for each in (motion.times, motion.weights, motion.head, motion.left_eye, motion.right_eye):
            assert np.isfinite(each).all()

    return Target(files, check)


def _live_link() -> Target:
    place = _Place(lambda scratch: scratch)
    frames = 5
    written = place.folder / "whole.csv"
    angles = np.linspace(-0.5, 0.5, frames * 9).reshape(3, frames, 3)
    weights = np.linspace(0, 1, frames * 52).reshape(frames, 52)
    live_link.write_live_link(written, FaceMotion(np.arange(frames) / 30, weights, *angles))
    whole = written.read_bytes()
    cell = st.one_of(
        st.sampled_from(
            ["", "nan", "-inf", "1e300", "1e-320", "-1", '"', "\0", "1_0", "９", "0x1"]
        ),
        st.sampled_from(["00:00:00:00", "99:59:60:59.9", "24:00:00:00", "::::", "0:0:0:1e9"]),
        st.text(max_size=6),
    )

    @st.composite
    def changed(draw: Any) -> bytes:
        rows = [line.split(",") for line in whole.decode().splitlines()]
        for _ in range(draw(st.integers(1, 6))):
            row = draw(st.sampled_from(rows))
            row[draw(st.integers(0, len(row) - 1))] = draw(cell)
        return "\n".join(map(",".join, rows)).encode("utf-8", "replace")

    def check(data: bytes) -> None:
        place.put({"a.csv": data})
        path = place.folder / "a.csv"
        motion = _refused(lambda: live_link.read_live_link(path), ErrorCode.BAD_REQUEST)
        if motion is not None:
            assert motion.times[0] == 0 and (np.diff(motion.times) >= 0).all()
            assert motion.times[-1] < 366 * 24 * 3600
            for each in (motion.weights, motion.head, motion.left_eye, motion.right_eye):
                assert len(each) == len(motion.times) and np.isfinite(each.astype("f4")).all()

    return Target(st.one_of(changed(), bitten(whole), st.binary(max_size=200)), check)


def _photos() -> Target:
    place = _Place(lambda scratch: scratch)
    lists = {
        "a.txt": b"anna.jpg\n../b/front.png\n\n/c/front.png\n",
        "a.csv": b'photo,name\na.jpg,Anna\n"b ""2"".jpg",../x\nc.jpg,con\n,\n',
    }
    named = st.sampled_from(sorted(lists))
    content = st.one_of(st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
    spoiled = named.flatmap(lambda name: bitten(lists[name]).map(lambda data: (name, data)))

    def check(sent: tuple[str, bytes]) -> None:
        name, data = sent
        place.put({name: data})
        path = place.folder / name
        tasks = _refused(lambda: read_photo_list(path), ErrorCode.BAD_REQUEST) or ()
        assert len({task.name.casefold() for task in tasks}) == len(tasks)
        assert all(usable(task.name) for task in tasks)
        assert [task.number for task in tasks] == list(range(len(tasks)))

    return Target(st.one_of(spoiled, spoiled, st.tuples(named, content)), check)


def _rows() -> Target:
    place = _Place(lambda scratch: scratch)
    camera = CameraRecord(500.0, (64.0, 64.0), (0.0,) * 9, (0.0,) * 3, 128, 128, False)
    row = {
        "key": "k", "sha256": "s", "identity": [0.5], "expression": [], "box": [0.0, 0.0, 9.0, 9.0],
        "confidence": 1.0, "low_confidence": False, "share": 0.5, "camera": asdict(camera),
    }  # fmt: skip
    pack = PackRecord("open", "1", "Open", "CC0-1.0", True, "plausible", "ab")
    settings = BatchSettings(pack, SamplingParams(8, 2, 2), place.folder, True, None)
    first, last = (json.dumps(row | {"key": name}).encode() + b"\n" for name in ("first", "last"))
    line = st.one_of(harmed(row).map(lambda value: json.dumps(value).encode()), bitten(first))

    def check(data: bytes) -> None:
        place.put({"rows.jsonl": first + data.replace(b"\n", b" ") + b"\n" + last})
        results = TableResults(settings)
        assert {"first", "last"} <= results.places.keys()
        for each in results.places.values():
            with results.file.open("rb") as file:
                file.seek(each)
                read = json.loads(file.readline())
            assert all(type(value) in (int, float) for value in read["identity"])
            assert isinstance(read["camera"]["width"], int) and isinstance(
                read["share"], float | int
            )

    return Target(line, check)


MAKERS: dict[str, Callable[[], Target]] = {
    "requests": lambda: Target(_lines(REQUESTS), _decodes(protocol.decode_request)),
    "events": lambda: Target(_lines(EVENTS), _decodes(protocol.decode_event)),
    "folder": _folder,
    "skin": _skin,
    "performance": _performance,
    "pack": _pack,
    "archive": _archive,
    "weights": _weights,
    "glb": _glb,
    "fbx": _fbx,
    "take": _take,
    "live_link": _live_link,
    "photos": _photos,
    "rows": _rows,
}
