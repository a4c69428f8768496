"""Whether a reconstruction's record can be true, apart from its arrays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from .records import Addition, CameraRecord, Hypothesis, Mode, PinRecord, View

if TYPE_CHECKING:
    from .reconstruction import Reconstruction

_MOST_VIEWS: Final = 64
_MOST_HYPOTHESES: Final = 100_000
_MOST_JOINTS: Final = 1000
_MOST_PARTS: Final = 255
_LONGEST_SIDE: Final = 1_000_000
"""Pixels."""
_FARTHEST: Final = 10_000.0
"""Metres."""
_LONGEST_NAME: Final = 1000
MOST_PINS: Final = 200
"""Of a draw; each costs two rows of a system that is solved at once."""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def makes_sense(record: Reconstruction) -> bool:
    """Names are those that their places give, numbers can be, and counts agree."""
    views, draws = len(record.views), len(record.additions) + 1
    return (
        1 <= views <= _MOST_VIEWS
        and all(map(_is_view, record.views))
        and 1 <= len(record.identities)
        and _are_hypotheses("identity", record.identities, views, draws)
        and _are_hypotheses("expression", record.expressions, views, draws)
        and _is_tree(record.joints, record.joint_parents)
        and 1 <= len(record.parts) <= _MOST_PARTS
        and all(map(_is_addition, record.additions))
        and all(are_pins(addition.pins, record.views) for addition in record.additions)
        and _is_name(record.name)
        and all(map(_is_name, (*record.parts, *record.joints, *record.expression_names)))
        and record.settings.mode in tuple(Mode)
        and min(record.settings.identities, record.settings.keep, record.settings.steps) >= 1
        and record.settings.expressions >= 0
        and 0 <= record.settings.guidance <= 1
    )


def name_of(kind: str, number: int) -> str:
    """What the hypothesis of a kind at a place, from 1, is called; its picture is, too."""
    return f"{kind}_{number:02d}"


def are_pins(pins: Sequence[PinRecord], views: Sequence[View]) -> bool:
    """At most MOST_PINS, each at a place inside its photo; the head may have fewer points."""
    return len(pins) <= MOST_PINS and all(
        pin.vertex >= 0
        and 0 <= pin.view < len(views)
        and len(pin.place) == 2
        and 0 <= pin.place[0] <= views[pin.view].camera.width
        and 0 <= pin.place[1] <= views[pin.view].camera.height
        for pin in pins
    )


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_NAME and "/" not in text


def _is_view(view: View) -> bool:
    photo, face = view.photo, view.face
    return (
        _is_name(photo.name)
        and _DIGEST.fullmatch(photo.sha256) is not None
        and _are_sides(photo.width, photo.height)
        and len(face.box) == 4
        and min(face.box[2:]) > 0
        and 0 <= face.confidence <= 1
        and _is_camera(view.camera)
    )


def _are_sides(width: int, height: int) -> bool:
    return 1 <= width <= _LONGEST_SIDE and 1 <= height <= _LONGEST_SIDE


def _is_camera(camera: CameraRecord) -> bool:
    sizes = (len(camera.centre), len(camera.rotation), len(camera.translation))
    if sizes != (2, 9, 3):
        return False
    turn = np.reshape(camera.rotation, (3, 3))
    return (
        0 < camera.focal <= 1000 * _LONGEST_SIDE
        and _are_sides(camera.width, camera.height)
        and max(map(abs, camera.centre)) <= 10 * _LONGEST_SIDE
        and max(map(abs, camera.translation)) <= _FARTHEST
        and max(map(abs, camera.rotation)) <= 2
        and bool(np.allclose(turn @ turn.T, np.eye(3), atol=1e-3))
        and bool(np.linalg.det(turn) > 0)
    )


def _are_hypotheses(kind: str, items: Sequence[Hypothesis], views: int, draws: int) -> bool:
    return len(items) <= _MOST_HYPOTHESES and all(
        item.name == name_of(kind, number)
        and item.rank >= 1
        and item.candidate >= 0
        and 0 <= item.draw < draws
        and 0 <= item.view < views
        for number, item in enumerate(items, 1)
    )


def _is_tree(joints: Sequence[str], parents: Sequence[int]) -> bool:
    """Every joint hangs on an earlier one, or on none."""
    return (
        1 <= len(joints) == len(parents) <= _MOST_JOINTS
        and len(set(joints)) == len(joints)
        and all(-1 <= parent < place for place, parent in enumerate(parents))
    )


def _is_addition(addition: Addition) -> bool:
    return (
        1 <= len(addition.rows) == len(addition.weights)
        and min(addition.rows) >= 0
        and min(addition.identities, addition.keep, addition.steps) >= 1
        and 0 <= addition.strength <= 1
        and 0 <= addition.guidance <= 1
        and addition.first >= 0
    )
