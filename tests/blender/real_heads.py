"""Reconstructions of whole heads for the readers of exported files; run by the engine's Python.

    PYTHONPATH=ROOT python tests/blender/real_heads.py FOLDER

Writes FOLDER/open.ofer, of the bundled head, and FOLDER/flame.ofer, of an invented FLAME, each with
random people, expressions, the 52 units and a skin with a picture. No network is asked.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from ofer_engine.arkit.six_joints import SixJoints
from ofer_engine.arkit.unit_library import UnitLibrary, unit_arrays
from ofer_engine.contract import records, skin
from ofer_engine.contract.reconstruction import Reconstruction
from ofer_engine.handlers import draft
from ofer_engine.heads.head import Head
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_description import HEAD
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.published.flame import FlameHead
from ofer_engine.texture.layout import layout
from tests.engine.published.invented import formed_flame

PEOPLE, FACES, POINTS = 2, 2, 4
NAMES = {"identity": PEOPLE, "expression": FACES}


def write(folder: Path, name: str, head: Head, modes: int, expressions: int) -> None:
    """One NAME.ofer."""
    rng = np.random.default_rng(6)
    people = rng.normal(0, 0.6, (PEOPLE, modes)).astype(np.float32)
    faces = np.clip(rng.normal(0, 0.3, (FACES, expressions)), 0, 1).astype(np.float32)
    still = np.zeros((PEOPLE, expressions), np.float32)
    neutral = head.vertices(people, still)
    expressive = head.vertices(np.repeat(people[:1], FACES, 0), faces)
    library = UnitLibrary(
        lambda: OpenHead.load(BUNDLED / "open" / HEAD), lambda: FaceDetector.load(BUNDLED / "faces")
    )
    rig = SixJoints.of(head)
    vertices = len(head.template)
    arrays = {
        "identity_vertices": neutral,
        "identity_joints": rig.joints(people),
        "identity_coefficients": people,
        "identity_scores": -np.arange(PEOPLE, dtype=np.float32),
        "identity_order": np.arange(PEOPLE, dtype=np.int32),
        "identity_spread": np.full(vertices, 0.001, np.float32),
        "expression_vertices": expressive,
        "expression_coefficients": faces,
        "polygons": head.polygons,
        "uv": head.uv,
        "part": head.part,
        "skin_weights": rig.skin_weights,
        "vertex_visible": np.ones(vertices, np.float32),
        "evidence_points": np.zeros((1, POINTS, 2), np.float32),
        "evidence_deviation": np.ones((1, POINTS), np.float32),
        "evidence_visible": np.ones((1, POINTS), np.float32),
        "evidence_vertices": np.arange(POINTS, dtype=np.int32),
        "expression_shift": np.zeros((1, POINTS, 3), np.float32),
        "context_identity": np.zeros((1, 8), np.float32),
        "context_ranking": np.zeros((1, 8), np.float32),
        "context_expression": np.zeros((1, 8), np.float32),
    }
    if isinstance(head, FlameHead):
        arrays["jaw_correctives"] = head.jaw_correctives()
    arrays |= unit_arrays(library.model(head, lambda: None), neutral[0], expressive, lambda: None)
    record = _record(folder / f"{name}.ofer", name, head, rig)
    pictures = {each.name: b"" for each in (*record.identities, *record.expressions)}
    draft.write(record, arrays, pictures)
    _paint(record.folder / skin.FOLDER, head)


def _record(folder: Path, name: str, head: Head, rig: SixJoints) -> Reconstruction:
    drawn = {
        kind: tuple(
            records.Hypothesis(f"{kind}_{n + 1:02d}", n + 1, 0.5, n) for n in range(NAMES[kind])
        )
        for kind in NAMES
    }
    straight = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    return Reconstruction(
        name=name,
        created="2026-01-02T03:04:05+00:00",
        views=(
            records.View(
                records.PhotoRecord(f"{name}.jpg", "ab" * 32, 640, 480),
                records.FaceRecord((200.0, 100.0, 180.0, 220.0), False, 0.97, False),
                records.CameraRecord(
                    700.0, (310.0, 250.0), straight, (0.0, 0.0, -0.8), 640, 480, False
                ),
            ),
        ),
        pack=records.PackRecord(name, "1", name, "none", True, "invented", "cd" * 32),
        settings=records.SettingsRecord(
            5, "dpm_solver_pp_2m", 20, PEOPLE, PEOPLE, FACES, "cpu", 1, "0.1.0", "2.13.0"
        ),
        identities=drawn["identity"],
        expressions=drawn["expression"],
        expression_names=("invented",),
        joints=rig.names,
        joint_parents=rig.parents,
        parts=head.part_names,
        notes=(),
        folder=folder,
    )


def _paint(folder: Path, head: Head) -> None:
    """A skin in two colours, in UVs of our own: a FLAME has none that could be used."""
    folder.mkdir()
    tile = np.full((512, 512, 3), (200, 150, 130), np.uint8)
    tile[:, ::64] = (150, 90, 80)
    Image.fromarray(tile).save(folder / skin.ALBEDO)
    Image.fromarray(tile[..., 0]).save(folder / skin.SEEN)
    np.save(folder / skin.UV, layout(head, skin.Layout.FACE))
    painted = skin.Skin(512, skin.Layout.FACE, (), (0.8, 0.6, 0.5), 1.0)
    (folder / skin.RECORD).write_text(skin.to_json(painted), "utf-8")


def main(folder: Path) -> None:
    open_head = OpenHead.load(BUNDLED / "open" / HEAD)
    write(folder, "open", open_head, len(open_head.identity), 52)
    flame = FlameHead.from_arrays(formed_flame(), np.arange(100))
    write(folder, "flame", flame, 300, 53)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
