"""The sidebar tab OFER, in the order of the work."""

from __future__ import annotations

from . import head, photo, setup

CLASSES = (*photo.CLASSES, *head.CLASSES, *setup.CLASSES)
