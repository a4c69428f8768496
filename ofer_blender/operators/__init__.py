"""Operators, one file for each stop of the work."""

from __future__ import annotations

from . import head, photo, reconstruct, setup

CLASSES = (*photo.CLASSES, *reconstruct.CLASSES, *head.CLASSES, *setup.CLASSES)
