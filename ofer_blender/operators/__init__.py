"""Operators, one file for each stop of the work."""

from __future__ import annotations

from . import blend, gallery, photo, reconstruct, setup

CLASSES = (
    *photo.CLASSES,
    *reconstruct.CLASSES,
    *gallery.CLASSES,
    *blend.CLASSES,
    *setup.CLASSES,
)
