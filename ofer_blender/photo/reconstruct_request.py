"""What the panel says, as the request that the engine understands."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.client.photo_source import PhotoSource
from ...ofer_engine.contract import protocol
from ...ofer_engine.contract.names import plain_name
from ...ofer_engine.contract.records import Hints
from ..engine import packs
from .photo_properties import BOX, POINTS

_LONGEST_NAME: Final = 59
"""Bytes; with a number, what Blender takes for an object's name."""


def request(
    settings: bpy.types.PropertyGroup,
    photos: tuple[protocol.PhotoFace, ...],
    name: str,
    out: Path,
) -> protocol.Reconstruct:
    """Counts, pack, seed and hints of the panel for these photos of one person.

    name : of the main photo; out : folder of reconstructions. The id is the queue's to give, and a
    number to the name where there is such a reconstruction.
    """
    return protocol.Reconstruct(
        id=0,
        photos=photos,
        out=str(out),
        name=plain_name(name, _LONGEST_NAME),
        pack=settings.pack_id,
        identities=settings.identities,
        keep=min(settings.keep, settings.identities),
        expressions=settings.expressions,
        seed=settings.seed,
        hints=hints(settings),
        guidance=settings.guidance,
        show=settings.show.lower(),
    )


def photo_face(photo: bpy.types.PropertyGroup, source: PhotoSource) -> protocol.PhotoFace:
    """One photo of the panel, with its face as it was found or placed."""
    return protocol.PhotoFace(
        str(source.path),
        photo.face,
        tuple(map(float, photo.box)) if photo.placement == BOX else (),
        tuple(photo.points) if photo.placement == POINTS else (),
    )


def hints(settings: bpy.types.PropertyGroup) -> Hints:
    """Hints about the person, those that the chosen pack takes."""
    pack = packs.installed().get(settings.pack_id)
    known = pack.hints if pack else ()
    return Hints(
        **{
            name: getattr(settings, name)
            for name in known
            if getattr(settings, f"tell_{name}", False)
        }
    )
