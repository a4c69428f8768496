"""A style of hair for the invented heads of `synthetic`: four cards in a row over the crown."""

from __future__ import annotations

import hashlib
from pathlib import Path

import bpy
import numpy as np
import synthetic
from ofer_faces.ofer_blender.head import carried

VERTICES = 10
ANCHORS = np.stack([np.arange(100, 100 + VERTICES), np.arange(90, 90 + VERTICES)], 1)
STEPS = np.tile((200, 55), (VERTICES, 1))
LIFT = 0.01
"""Metres that all of it is above its anchors."""


def write(folder: Path, kinds: tuple[str, ...] = ("hair_short", "brows_thick")) -> None:
    """Let these be the styles that ship, until the add-on is started again."""
    folder.mkdir(parents=True)
    polygons = np.ascontiguousarray(synthetic._egg()[1], "<i8")
    first = np.arange(0, VERTICES - 2, 2)
    quads = np.stack((first, first + 1, first + 3, first + 2), 1)
    for name in kinds:
        np.savez(
            folder / f"{name}.npz",
            head=np.array(hashlib.sha256(polygons.tobytes()).hexdigest()),
            offset=np.tile((0, LIFT, 0), (VERTICES, 1)).astype(np.float32),
            anchors=ANCHORS.astype(np.uint16),
            steps=STEPS.astype(np.uint8),
            triangles=np.concatenate((quads[:, :3], quads[:, [0, 2, 3]])).astype(np.uint16),
            uv=np.random.default_rng(1).random((VERTICES, 2)).astype(np.float32),
        )
        picture = bpy.data.images.new("style", 4, 4, alpha=True)
        picture.pixels.foreach_set(np.tile((0.5, 0.5, 0.5, 0.9), 16).astype(np.float32))
        picture.file_format, picture.filepath_raw = "WEBP", str(folder / f"{name}.webp")
        picture.save()
        bpy.data.images.remove(picture)
    carried.FOLDER = folder
    carried.style.cache_clear()
