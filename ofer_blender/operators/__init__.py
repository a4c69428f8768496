"""Operators, one file for each stop of the work."""

from __future__ import annotations

from . import (
    blend,
    draw_more,
    express,
    face,
    gallery,
    keep,
    look,
    photo,
    reconstruct,
    report,
    setup,
    weights,
)

CLASSES = (
    *photo.CLASSES,
    *face.CLASSES,
    *reconstruct.CLASSES,
    *gallery.CLASSES,
    *blend.CLASSES,
    *look.CLASSES,
    *draw_more.CLASSES,
    *express.CLASSES,
    *keep.CLASSES,
    *weights.CLASSES,
    *setup.CLASSES,
    *report.CLASSES,
)
