"""Which photo and which face the Photo panel stands on: those of the selected head, until somebody
chooses others for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.client.photo_source import PhotoSource
from ..engine import jobs
from ..head import hypotheses, provenance
from . import head_photos, photo_source
from .photo_properties import BOX, FOUND

_SAME: Final = 0.5
"""Overlap of two boxes, of what both cover, from which on they are of one face."""

_chosen_for: Final[dict[int, str]] = {}
"""Session uid of a scene → the head that was selected when something was chosen in the panel."""


@dataclass(frozen=True)
class Shown:
    """entry : of the panel's photos; face, placement, box : of the entry, or of the head's record.
    box : (x, y, w, h) photo pixels, empty but for a face placed by it."""

    entry: bpy.types.PropertyGroup
    index: int
    face: int
    placement: str
    box: tuple[float, ...] = ()


def shown(context: bpy.types.Context) -> Shown | None:
    """What the panel stands on; None where no photo is chosen. Changes nothing."""
    settings = context.scene.ofer
    photos = settings.photos
    if not photos:
        return None
    if followed := _of_head(context):
        return followed
    index = min(settings.photo_index, len(photos) - 1)
    entry = photos[index]
    return Shown(entry, index, entry.face, entry.placement)


def follow(context: bpy.types.Context) -> Shown | None:
    """Bring the panel's settings to what it shows; what is chosen next holds for this head."""
    now, settings = shown(context), context.scene.ofer
    if now and now.placement == BOX and now.box:
        now.entry.box = [round(value) for value in now.box]
    if now:
        settings.photo_index = now.index
        now.entry.face, now.entry.placement = now.face, now.placement
    if head := hypotheses.active_head(context):
        _chosen_for[context.scene.session_uid] = head.name
    return now


def face_of(view: dict, source: PhotoSource) -> tuple[int, tuple[float, ...]]:
    """The face of a recorded view: (its index among those found, no box), or (0, its box) where
    nobody has looked at the photo in this session, or it was placed by hand."""
    box = tuple(float(value) for value in view["face"]["box"])
    opened = jobs.queue.opened(source.key)
    if view["face"].get("by_hand") or opened is None:
        return 0, box
    alike = [_overlap(box, face.box) for face in opened.faces]
    best = max(alike, default=0.0)
    return (alike.index(best), ()) if best > _SAME else (0, box)


def _of_head(context: bpy.types.Context) -> Shown | None:
    """What the selected head says, until something is chosen in the panel while it is selected."""
    head, settings = hypotheses.active_head(context), context.scene.ofer
    if head is None or _chosen_for.get(context.scene.session_uid) == head.name:
        return None
    _chosen_for.pop(context.scene.session_uid, None)  # that was for another head
    views = provenance.views(provenance.read(head))
    pairs = ((v, n, e) for v in views for n, e in enumerate(settings.photos))
    match = next(((v, n, e) for v, n, e in pairs if head_photos.is_of(v["photo"], e)), None)
    if match is None:
        return None
    view, index, entry = match
    key = photo_source.key(entry)
    face, box = face_of(view, PhotoSource(key, "", Path()))
    if not box:
        return Shown(entry, index, face, FOUND)
    if entry.placement != FOUND and jobs.queue.opened(key) is None:
        return Shown(entry, index, entry.face, entry.placement)
    return Shown(entry, index, 0, BOX, box)


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Area that two boxes share, over the area that either covers."""
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(wide, 0.0) * max(high, 0.0)
    either = one[2] * one[3] + other[2] * other[3] - shared
    return shared / either if either > 0 else 0.0
