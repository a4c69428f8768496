"""What an artist's hand adds to a head, brought to what is shown: hints, then parts, then pins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

from . import helper_keys, hints, hypotheses, parts, pins, shape_keys

_KEYS = (helper_keys.HINTS, helper_keys.PARTS, *pins.KEYS)


def follow(head: bpy.types.Object) -> None:
    """After another head, or another mixture of heads, is shown."""
    hints.follow(head)
    parts.follow(head)


def follow_expression(head: bpy.types.Object) -> None:
    """After another expression is shown, which pins alone go by."""
    if head.ofer.pins:
        parts.follow(head)


@contextmanager
def kept(head: bpy.types.Object) -> Iterator[None]:
    """Other heads may be shown within; what is shown now comes back, to the bit."""
    settings, keys = head.ofer, head.data.shape_keys.key_blocks
    identities = hypotheses.identity_values(head)
    most = {name: keys[name].slider_max for name in identities}
    shapes = {name: shape_keys.points(keys[name]) for name in helper_keys.names(head, _KEYS)}
    times, camera = settings.exaggerated, list(settings.pinned_camera)
    deviations = [each.deviations for each in settings.pins]
    try:
        yield
    finally:
        hypotheses.set_identities(head, identities)
        for name, end in most.items():
            keys[name].slider_max = end
        for name in helper_keys.names(head, _KEYS):
            if name in shapes:
                keys[name].points.foreach_set("co", shapes[name].ravel())
            else:
                helper_keys.remove(head, name)
        settings.exaggerated, settings.pinned_camera = times, camera
        for each, before in zip(settings.pins, deviations, strict=True):
            each.deviations = before
        head.data.update()
