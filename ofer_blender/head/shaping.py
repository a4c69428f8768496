"""What an artist's hand adds to a head, brought to what is shown: hints, then parts, then pins."""

from __future__ import annotations

import bpy

from . import hints, parts


def follow(head: bpy.types.Object) -> None:
    """After another head, or another mixture of heads, is shown."""
    hints.follow(head)
    parts.follow(head)


def follow_expression(head: bpy.types.Object) -> None:
    """After another expression is shown, which pins alone go by."""
    if head.ofer.pins:
        parts.follow(head)
