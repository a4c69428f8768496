"""Operators, one file for each stop of the work."""

from __future__ import annotations

from . import (
    blend,
    browse,
    draw_more,
    export,
    express,
    face,
    gallery,
    hidden,
    keep,
    look,
    photo,
    pins,
    reconstruct,
    report,
    rig,
    setup,
    skin,
    take,
    web_page,
    weights,
)

CLASSES = (
    *photo.CLASSES,
    *face.CLASSES,
    *reconstruct.CLASSES,
    *gallery.CLASSES,
    *browse.CLASSES,
    *blend.CLASSES,
    *look.CLASSES,
    *pins.CLASSES,
    *draw_more.CLASSES,
    *hidden.CLASSES,
    *express.CLASSES,
    *rig.CLASSES,
    *take.CLASSES,
    *skin.CLASSES,
    *export.CLASSES,
    *web_page.CLASSES,
    *keep.CLASSES,
    *weights.CLASSES,
    *setup.CLASSES,
    *report.CLASSES,
)
