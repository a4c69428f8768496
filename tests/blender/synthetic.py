"""Small heads as the engine would write them, for tests of what Blender does with them."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import bpy
import numpy as np
from ofer_faces.ofer_engine.client import png as png_file
from ofer_faces.ofer_engine.contract import reconstruction as rec
from ofer_faces.ofer_engine.contract import skin
from ofer_faces.ofer_engine.handlers import draft

RINGS, SIDES = 10, 12
SKIN_SIDE = 8
_FOUND = 12  # points of the head that were found in the photo: the first
IDENTITIES, EXPRESSIONS, CANDIDATES = 4, 3, 7
JOINTS = ("root", "neck", "head", "jaw", "eye_L", "eye_R")
PARTS = ("skin", "eye_left", "eye_right", "lashes", "teeth_upper", "teeth_lower", "tongue")


def write(folder: Path, name: str = "anna", **changes: np.ndarray) -> rec.Reconstruction:
    """Write `folder/NAME.ofer`: an egg of 120 vertices with eyeballs; `changes` replace arrays."""
    arrays = {**_arrays(), **changes}
    record = _record(folder / f"{name}{rec.SUFFIX}", name)
    pictures = {item.name: _png(item.rank) for item in (*record.identities, *record.expressions)}
    return draft.write(record, arrays, pictures)


def write_skin(folder: Path, colour: int = 120, **uv: np.ndarray) -> Path:
    """A skin of one grey for that egg, as the engine writes it; `uv` replaces its layout."""
    folder.mkdir(parents=True)
    layout = np.zeros((len(_egg()[1]), 4, 2), np.float32)
    layout[40:] = (0.25, 0.75)  # the first 40 polygons are eyes
    picture = np.full((SKIN_SIDE, SKIN_SIDE, 3), colour, np.uint8)
    (folder / skin.ALBEDO).write_bytes(png_file.encode(picture))
    (folder / skin.NORMAL).write_bytes(png_file.encode(picture))
    (folder / skin.ROUGHNESS).write_bytes(png_file.encode(picture[..., :1]))
    (folder / skin.SEEN).write_bytes(png_file.encode(picture[..., :1]))
    np.save(folder / skin.UV, uv.get("uv", layout))
    made = tuple(sha256((folder / each).read_bytes()).hexdigest() for each in skin.FILES[1:])
    record = skin.Skin(SKIN_SIDE, skin.Layout.FACE, ("0" * 64,), (0.8, 0.6, 0.5), 0.7, made)
    (folder / skin.RECORD).write_text(skin.to_json(record))
    return folder


def made_of(head: bpy.types.Object, *photos: Path) -> None:
    """Let the record of a head be of these photos, the main one first."""
    for photo, view in zip(photos, sorted(head["ofer_provenance"]["views"].keys()), strict=True):
        record = head["ofer_provenance"]["views"][view]["photo"]
        record["name"], record["sha256"] = photo.name, sha256(photo.read_bytes()).hexdigest()


def write_more(folder: Path, name: str = "anna") -> rec.Reconstruction:
    """As `write`, with three heads more: two better than the second best, one worse than all."""
    rng = np.random.default_rng(8)
    arrays, record = _arrays(), _record(folder / f"{name}{rec.SUFFIX}", name)
    nearby = arrays["identity_vertices"][1] + rng.normal(0, 0.001, (3, 120, 3))
    best = arrays["identity_scores"][2:4]
    more = {
        "identity_vertices": nearby,
        "identity_joints": arrays["identity_joints"][:3],
        "identity_coefficients": rng.normal(size=(3, 6)),
        "identity_scores": np.array((best.mean(), best.mean() - 1e-3, -9.0)),
        "hint_values": np.zeros((3, 3)),
    }
    for array, values in more.items():
        arrays[array] = np.concatenate((arrays[array], values.astype(np.float32)))
    arrays["identity_order"] = np.argsort(-arrays["identity_scores"]).astype(np.int32)
    new = tuple(
        rec.Hypothesis(f"identity_{IDENTITIES + n:02d}", n, 0.3, CANDIDATES + n - 1, draw=1)
        for n in (1, 2, 3)
    )
    addition = rec.Addition(6, "dpm_solver_pp_2m", 20, 3, 3, 0.4, 0.0, (3,), (1.0,), CANDIDATES)
    record = replace(record, identities=(*record.identities, *new), additions=(addition,))
    pictures = {item.name: _png(item.rank) for item in (*record.identities, *record.expressions)}
    return draft.write(record, arrays, pictures)


def _arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    egg, polygons, uv = _egg()
    vertices = len(egg)
    smooth = np.stack([np.sin(egg @ rng.normal(0, 40, 3)) for _ in range(3)], axis=-1)
    identity = egg + rng.normal(0, 0.002, (IDENTITIES, 1, 3)) * smooth
    expression = identity[0] + rng.normal(0, 0.004, (EXPRESSIONS, vertices, 3))
    expression[:, :_FOUND] = identity[0, :_FOUND]  # the photo's points speak against none
    joints = np.array([(0, -0.13, 0), (0, -0.1, 0), (0, 0, 0), (0, 0.01, 0.02),
                       (0.03, 0.04, 0.08), (-0.03, 0.04, 0.08)])  # fmt: skip
    weights = rng.dirichlet(np.ones(4), vertices)
    part = np.zeros(len(polygons), np.uint8)
    part[:20], part[20:40] = 1, 2
    return {
        "identity_vertices": identity.astype(np.float32),
        "identity_joints": np.tile(joints, (IDENTITIES, 1, 1)).astype(np.float32),
        "identity_coefficients": rng.normal(size=(CANDIDATES, 6)).astype(np.float32),
        "identity_scores": np.sort(rng.normal(size=CANDIDATES))[::-1].astype(np.float32),
        "identity_order": np.arange(CANDIDATES, dtype=np.int32),
        "expression_vertices": expression.astype(np.float32),
        "expression_coefficients": rng.normal(size=(EXPRESSIONS, 52)).astype(np.float32),
        "polygons": polygons,
        "uv": uv,
        "part": part,
        "skin_weights": np.pad(weights, ((0, 0), (0, 2))).astype(np.float32),
        "identity_spread": rng.uniform(0, 0.004, vertices).astype(np.float32),
        "vertex_visible": rng.uniform(0, 1, vertices).astype(np.float32),
        "evidence_points": in_photo(identity[0, :_FOUND])[None].astype(np.float32),
        "evidence_deviation": np.ones((1, _FOUND), np.float32),
        "evidence_visible": np.ones((1, _FOUND), np.float32),
        "evidence_vertices": np.arange(_FOUND, dtype=np.int32),
        "expression_shift": np.zeros((1, _FOUND, 3), np.float32),
        "shape_spread": rng.uniform(0, 0.004, vertices).astype(np.float32),
        "prior_spread": np.full(vertices, 0.004, np.float32),
        "hint_values": rng.normal(size=(CANDIDATES, 3)).astype(np.float32),
        "hint_gram": np.array([(1, 0.2, 0), (0.2, 1, 0), (0, 0, 0.5)], np.float32),
        "hint_pushes": _modes(egg)[:3],
        "identity_modes": _modes(egg),
        "part_masks": _part_masks(egg),
        "arkit_units": _units(egg),
        "expression_arkit": rng.uniform(0, 1, (EXPRESSIONS, 52)).astype(np.float32),
        "expression_arkit_residual": np.full(EXPRESSIONS, 0.001, np.float32),
        "context_identity": rng.normal(size=(1, 8)).astype(np.float32),
        "context_ranking": rng.normal(size=(1, 8)).astype(np.float32),
        "context_expression": rng.normal(size=(1, 8)).astype(np.float32),
    }


def in_photo(points: np.ndarray) -> np.ndarray:
    """(…, 2) pixels of the photo where its camera sees points (…, 3), engine frame."""
    seen = points + (0.01, 0.02, -0.8)
    return seen[..., :2] * (1, -1) * (-700.0 / seen[..., 2:]) + (310.0, 250.0)


def _modes(egg: np.ndarray) -> np.ndarray:
    """(6, V, 3): wider, taller, deeper, and three that move one side or end."""
    wider, taller, deeper = (egg * row for row in np.eye(3))
    sides = (np.abs(egg[:, :1]) * (1, 0, 0), np.maximum(egg[:, 1:2], 0) * (0, 1, 0),
             np.maximum(-egg[:, 1:2], 0) * (0, 1, 0))  # fmt: skip
    return (np.stack((wider, taller, deeper, *sides)) * 0.04).astype(np.float16)


def _part_masks(egg: np.ndarray) -> np.ndarray:
    """(9, V): patches side by side, the nose in front."""
    centres = np.array([(0.01 * n, 0.12 - 0.03 * n, 0.1) for n in range(9)])
    centres[0] = (0.0, 0.0, 0.11)
    away = np.linalg.norm(egg - centres[:, None], axis=-1)
    return np.clip(2 - away / 0.03, 0, 1).astype(np.float16)


def _units(egg: np.ndarray) -> np.ndarray:
    """(52, V, 3): each moves its own patch a little; the last, tongueOut, nothing."""
    turn = np.arange(52) / 52 * 2 * np.pi
    near = np.exp(-np.square(egg[None, :, 0] / 0.08 - np.sin(turn)[:, None]) * 4)
    units = near[..., None] * np.stack((np.cos(turn), np.sin(turn), turn / 7), -1)[:, None] * 0.004
    units[-1] = 0.0
    return units.astype(np.float32)


def _egg() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(V, 3) metres in the engine frame, (F, 4) polygons with triangles at one pole, (F, 4, 2)."""
    rise, turn = np.meshgrid(
        np.linspace(0.1, np.pi - 0.1, RINGS), np.arange(SIDES) * 2 * np.pi / SIDES, indexing="ij"
    )
    ball = np.stack((np.sin(rise) * np.sin(turn), np.cos(rise), np.sin(rise) * np.cos(turn)), -1)
    egg = ball.reshape(-1, 3) * (0.08, 0.13, 0.1)
    ring, side = np.meshgrid(np.arange(RINGS - 1), np.arange(SIDES), indexing="ij")
    here, beside = ring * SIDES + side, ring * SIDES + (side + 1) % SIDES
    quads = np.stack((here, here + SIDES, beside + SIDES, beside), -1).reshape(-1, 4)
    fan = np.arange(1, SIDES - 1)
    lid = np.stack((np.zeros_like(fan), fan, fan + 1, np.full_like(fan, -1)), -1)
    polygons = np.concatenate((quads, lid)).astype(np.int32)
    uv = np.stack((turn.ravel() / 7, rise.ravel() / 4), -1)[polygons].astype(np.float32)
    return egg, polygons, uv


def _record(folder: Path, name: str) -> rec.Reconstruction:
    identities = tuple(
        rec.Hypothesis(f"identity_{i + 1:02d}", i + 1, 2.5 - i, i + 2) for i in range(IDENTITIES)
    )
    expressions = tuple(
        rec.Hypothesis(f"expression_{i + 1:02d}", i + 1, 1.0 - i, i) for i in range(EXPRESSIONS)
    )
    return rec.Reconstruction(
        name=name,
        created="2026-01-02T03:04:05+00:00",
        views=(
            rec.View(
                rec.PhotoRecord(f"{name}.jpg", "ab" * 32, 640, 480),
                rec.FaceRecord((200.0, 100.0, 180.0, 220.0), False, 0.97, False),
                rec.CameraRecord(
                    700.0, (310.0, 250.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
                    (0.01, 0.02, -0.8), 640, 480, False,
                ),
            ),
        ),
        pack=rec.PackRecord("open", "1", "Open head", "GPL-3.0-or-later", True,
                            "plausible, not a likeness", "cd" * 32),
        settings=rec.SettingsRecord(5, "dpm_solver_pp_2m", 20, CANDIDATES, IDENTITIES, EXPRESSIONS,
                                    "cpu", 1, "0.1.0", "2.13.0"),
        identities=identities,
        expressions=expressions,
        expression_names=("jawOpen",),
        joints=JOINTS,
        joint_parents=(-1, 0, 1, 2, 2, 2),
        parts=PARTS,
        notes=("The focal length was assumed.",),
        folder=folder,
    )  # fmt: skip


def _png(shade: int) -> bytes:
    """An 8 x 8 grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = (b"\0" + bytes([shade * 20]) * 8) * 8
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )  # fmt: skip
