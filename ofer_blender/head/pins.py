"""Pins on a head: points set to places in its photos, and the two keys that bring them there.

`pins` moves the head without expression, `pins_expression` the expression that its main photo
shows; both add to whatever is shown, and are computed anew for each head of the gallery. All that
is needed travels in the .blend.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.frame import ENGINE_TO_BLENDER, to_blender
from ...ofer_engine.contract.reconstruction import Reconstruction
from ...ofer_engine.contract.record_sense import MOST_PINS, are_pins
from ...ofer_engine.contract.records import CameraRecord, PinRecord
from ...ofer_engine.geometry.modes import principal_modes
from ...ofer_engine.geometry.photo_pose import LandmarkedPhoto
from ...ofer_engine.geometry.photo_views import photo_views
from ...ofer_engine.geometry.pins import Pin, Prior
from . import head_frame, helper_keys, shape_keys
from .head_frame import HeadFrame

KEYS: Final = (helper_keys.PINS, helper_keys.PINS_EXPRESSION)
_MODES: Final = 64
_SHOWS: Final = 1e-6
"""Metres that something moves, where an expression is shown at all."""


@dataclass(frozen=True, eq=False)
class Pinning:
    """What pins need of a head's reconstruction. frame : where the head stands in its mesh;
    modes : (R, V, 3); views : of each photo; both metres, engine frame."""

    frame: HeadFrame
    modes: np.ndarray
    views: tuple[LandmarkedPhoto, ...]

    @classmethod
    def of(cls, head: bpy.types.Object) -> Pinning:
        """Raises OferError as `head_frame.of`."""
        frame = head_frame.of(head)
        return cls(frame, _modes(frame.record), tuple(photo_views(frame.record)))

    def holds(self, pin: bpy.types.PropertyGroup) -> bool:
        """It is of this head and its photos: a file from elsewhere may hold any numbers."""
        recorded = PinRecord(pin.point, tuple(pin.place), pin.view)
        return pin.point < self.frame.vertices and are_pins([recorded], self.frame.record.views)

    def held(self, head: bpy.types.Object) -> list[bpy.types.PropertyGroup]:
        """The head's own pins, of too many the last ones: a file may hold any number."""
        return [each for each in head.ofer.pins if self.holds(each)][-MOST_PINS:]

    def recorded(self, head: bpy.types.Object) -> tuple[PinRecord, ...]:
        """The head's pins for the engine."""
        held = self.held(head)
        return tuple(PinRecord(each.point, tuple(each.place), each.view) for each in held)

    def shown(
        self, head: bpy.types.Object, without: tuple[str, ...] = KEYS
    ) -> tuple[np.ndarray, np.ndarray]:
        """(V, 3) of the head shown without expression, and (V, 3) what else is shown moves it, both
        without some keys; metres, engine frame."""
        keys, neutral, moves = head.data.shape_keys, self.frame.basis.astype(np.float64), 0.0
        without = helper_keys.names(head, without)
        shaping = helper_keys.names(head, (helper_keys.PARTS, helper_keys.HINTS))
        for key in keys.key_blocks[1:]:
            if key.value and not key.mute and key.name not in without:
                move = key.value * shape_keys.movement(head, key)
                if key.name in head.ofer.identities or key.name in shaping:
                    neutral += move
                else:
                    moves = moves + move
        back = np.linalg.inv(self.frame.placed.linear).T @ ENGINE_TO_BLENDER
        own = slice(self.frame.vertices)
        others = np.broadcast_to(moves, neutral.shape)[own]
        return (neutral[own] - self.frame.placed.offset) @ back, others @ back

    def surface(self, head: bpy.types.Object) -> np.ndarray:
        """(V, 3) of all that is shown, pins too; metres, engine frame."""
        neutral, moves = self.shown(head)
        placed, basis = self.frame.placed, self.frame.basis
        back = np.linalg.inv(placed.linear).T @ ENGINE_TO_BLENDER
        for name in KEYS:
            key = helper_keys.get(head, name)
            if key and not key.mute:
                own = (shape_keys.points(key) - basis)[: self.frame.vertices]
                moves = moves + key.value * own @ back
        return neutral + moves

    def prior(self, head: bpy.types.Object) -> tuple[Prior, np.ndarray]:
        """What is known of the head shown, without its pins, and (V, 3) metres, engine frame, of
        the main photo's expression where none is shown, else of 0."""
        neutral, moves = self.shown(head)
        main, *rest = self.views
        if np.abs(moves).max(initial=0.0) > _SHOWS:
            main, added = replace(main, expression=moves), np.zeros_like(moves)
        else:
            added = main.expression
        return Prior.of(neutral, self.modes, (main, *rest)), added


def show(
    head: bpy.types.Object,
    pinning: Pinning | None = None,
    known: tuple[Prior, np.ndarray] | None = None,
) -> None:
    """Bring the head to its pins; without any, as it was before the first.

    pinning, known : what `Pinning.of` and its `prior` give, where they were asked already.
    Raises OferError as `head_frame.of`.
    """
    if not head.ofer.pins:
        for name in KEYS:
            helper_keys.remove(head, name)
        return
    pinning = pinning or Pinning.of(head)
    prior, added = known or pinning.prior(head)
    held = pinning.held(head)
    answer = prior.given([Pin(e.point, np.array(e.place), e.view) for e in held])
    expression = added + answer.expressions[0]
    for name, moves in zip(KEYS, (answer.moves, expression), strict=True):
        key = helper_keys.ensure(head, name)
        shape_keys.set_points(key, pinning.frame.moved(to_blender(moves)))
    for each, deviations in zip(held, answer.deviations.tolist(), strict=True):
        each.deviations = deviations
    view = answer.viewpoints[0]
    head.ofer.pinned_camera = [*view.rotation.ravel(), *view.shift]
    head.data.update()


def put(head: bpy.types.Object, point: int, view: int, place: tuple[float, float]) -> None:
    """Set a point to a place in a photo, pixels; the head is not moved yet."""
    pin = find(head, point, view) or head.ofer.pins.add()
    pin.point, pin.view, pin.place = point, view, place


def release(head: bpy.types.Object, point: int, view: int) -> bool:
    """Take a pin out; false where there is none. The head is not moved yet."""
    for number, each in enumerate(head.ofer.pins):
        if (each.point, each.view) == (point, view):
            head.ofer.pins.remove(number)
            return True
    return False


def find(head: bpy.types.Object, point: int, view: int) -> bpy.types.PropertyGroup | None:
    """The pin of a point in a photo."""
    found = (e for e in head.ofer.pins if (e.point, e.view) == (point, view))
    return next(found, None)


def camera(head: bpy.types.Object, record: CameraRecord) -> CameraRecord:
    """The main photo's camera as the pins corrected it."""
    if not head.ofer.pins:
        return record
    values = tuple(head.ofer.pinned_camera)
    turn = np.array(values[:9]).reshape(3, 3)
    if not np.allclose(turn @ turn.T, np.eye(3), atol=1e-3):  # a file from elsewhere
        return record
    return replace(record, rotation=values[:9], translation=values[9:])


def _modes(record: Reconstruction) -> np.ndarray:
    """(R, V, 3) of the folder; where an older one has none, of the heads that it keeps."""
    if record.has("identity_modes"):
        return record.array("identity_modes").astype(np.float32)
    return principal_modes(record.array("identity_vertices"), _MODES).astype(np.float32)
