"""The sidebar tab OFER, in the order of the work."""

from __future__ import annotations

from . import expressions, hypotheses, look, photo, provenance, setup

CLASSES = (
    *photo.CLASSES,
    *hypotheses.CLASSES,
    *look.CLASSES,
    *expressions.CLASSES,
    *provenance.CLASSES,
    *setup.CLASSES,
)
