"""Operators, one file for each stop of the work."""

from __future__ import annotations

from . import blend, face, gallery, keep, photo, reconstruct, report, setup, weights

CLASSES = (
    *photo.CLASSES,
    *face.CLASSES,
    *reconstruct.CLASSES,
    *gallery.CLASSES,
    *blend.CLASSES,
    *keep.CLASSES,
    *weights.CLASSES,
    *setup.CLASSES,
    *report.CLASSES,
)
