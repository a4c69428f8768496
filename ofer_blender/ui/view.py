"""How looking changes a 3D view, and brings it back: shading, place and camera.

Views are no part of undo, so what a view was like before is kept with its screen.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Euler, Matrix, Quaternion, Vector

from ...ofer_engine.client import faults
from ..head.free_space import Box
from ..translations import CONTEXT

_FRONT: Final = Euler((1.5707964, 0.0, 0.0)).to_quaternion()
"""Looking along +Y at a head that faces -Y."""
_THREE_QUARTER: Final = Euler((1.48, 0.0, 0.26)).to_quaternion()
_FILLED, _FILLED_BY_ONE = 0.88, 0.7
"""Part of the view's height or width that several heads, or a single one, may take."""
_given: Final[list[str]] = []
"""Where a new head turned the views last."""
_SENSOR: Final = 72.0
"""Millimetres that a 3D view's lens throws its longer side on: twice a camera's 36."""


class OFER_PG_screen(bpy.types.PropertyGroup):
    """What the views of a screen were like before OFER changed them."""

    shading: bpy.props.StringProperty(name="Shading")
    colour: bpy.props.StringProperty(name="Colour")
    perspective: bpy.props.StringProperty(name="Perspective")
    location: bpy.props.FloatVectorProperty(name="Location", size=3, translation_context=CONTEXT)
    rotation: bpy.props.FloatVectorProperty(name="Rotation", size=4)
    distance: bpy.props.FloatProperty(name="Distance")


def of(context: bpy.types.Context) -> bpy.types.SpaceView3D | None:
    """The 3D view that was clicked in, or the first of the screen; None in background mode."""
    if context.area and context.area.type == "VIEW_3D":
        return context.area.spaces.active
    areas = context.screen.areas if context.screen else ()
    return next((area.spaces.active for area in areas if area.type == "VIEW_3D"), None)


def shows_colours(space: bpy.types.SpaceView3D) -> bool:
    """It draws the mesh's colours."""
    return space.shading.type == "SOLID" and space.shading.color_type == "VERTEX"


def show_colours(space: bpy.types.SpaceView3D) -> None:
    """Draw the mesh's colours, remembering what was drawn before."""
    before = space.id_data.ofer
    before.shading, before.colour = space.shading.type, space.shading.color_type
    space.shading.type, space.shading.color_type = "SOLID", "VERTEX"


def hide_colours(space: bpy.types.SpaceView3D) -> None:
    """Draw again what was drawn before the colours."""
    before = space.id_data.ofer
    space.shading.color_type = before.colour or "MATERIAL"
    space.shading.type = before.shading or "SOLID"


def look_from_front(context: bpy.types.Context, axes: np.ndarray, box: Box) -> None:
    """Face what fills a box from the front, without perspective, so that all of it is seen from
    the same side; the view is remembered.

    axes : (3, 3), columns in the world: left, back and up of what is looked at; box : along them.
    """
    if space := of(context):
        remember(space)
        centre, size = Vector((box.low + box.high) / 2), Vector(box.high - box.low)
        _aim(context, space, Matrix(axes).to_4x4(), _FRONT, centre, size / _FILLED)
        space.region_3d.view_perspective = "ORTHO"


def face(context: bpy.types.Context, head: bpy.types.Object) -> None:
    """Turn the 3D view to a new head, a little from its left, near enough to fill the view."""
    if space := of(context):
        stands = head.matrix_basis  # in the world: a new head has no parent, and was only just set
        _aim(context, space, stands, _THREE_QUARTER, middle(head), head.dimensions / _FILLED_BY_ONE)
        _given[:] = [place(context)]


def face_from_front(
    context: bpy.types.Context, head: bpy.types.Object, low: Vector, high: Vector
) -> None:
    """Turn the 3D view to the front of a new head, with room for what stands beside it.

    low, high : corners of what is to be seen, metres, in the head's frame.
    """
    if space := of(context):
        centre, size = (low + high) / 2, (high - low) / _FILLED
        _aim(context, space, head.matrix_basis, _FRONT, centre, size)
        _given[:] = [place(context)]


def place(context: bpy.types.Context) -> str:
    """Where the 3D views of a screen stand, to be compared by `is_where`; empty without any."""
    areas = context.screen.areas if context.screen else ()
    regions = [each.spaces.active.region_3d for each in areas if each.type == "VIEW_3D"]
    stands = [(*each.view_location, *each.view_rotation, each.view_distance) for each in regions]
    return " ".join(f"{value:.4f}" for each in stands for value in each)


def is_where(context: bpy.types.Context, stood: str) -> bool:
    """The views stand where they stood then, or where the last new head turned them."""
    return place(context) in (stood, *_given)


def _aim(
    context: bpy.types.Context,
    space: bpy.types.SpaceView3D,
    place: Matrix,
    turn: Quaternion,
    centre: Vector,
    size: Vector,
) -> None:
    """Look at a point of the head's frame so that `size` fits into the view beside its sidebar.

    place : the head's, in the world.
    """
    width, height, covered = _room(context, space)
    longer = max(width, height)
    seen = _SENSOR / space.lens  # metres along the longer side, for each metre of distance
    distance = max(size.z * longer / height, size.x * longer / (width - covered)) / seen
    rotation = place.to_quaternion() @ turn
    aside = rotation @ Vector((covered / 2 / longer * seen * distance, 0.0, 0.0))
    region = space.region_3d
    region.view_perspective, region.view_rotation = "PERSP", rotation
    region.view_location = place @ centre + aside
    region.view_distance = distance


def _room(context: bpy.types.Context, space: bpy.types.SpaceView3D) -> tuple[int, int, int]:
    """(width, height, width covered by the sidebar) of a view, in pixels."""
    area = next(each for each in context.screen.areas if each.spaces.active == space)
    regions = {region.type: region for region in area.regions}
    window, sidebar = regions["WINDOW"], regions["UI"]
    width, height = max(window.width, 1), max(window.height, 1)
    overlaps = space.show_region_ui and sidebar.x < window.x + window.width
    covered = sidebar.width if overlaps and sidebar.width < width / 2 else 0
    return width, height, covered


def look_through_camera(space: bpy.types.SpaceView3D) -> None:
    """Look through the scene's camera, remembering the view."""
    remember(space)
    space.region_3d.view_perspective = "CAMERA"


def remember(space: bpy.types.SpaceView3D) -> None:
    """Keep where the view stands, for `look_back`."""
    before, region = space.id_data.ofer, space.region_3d
    before.perspective, before.distance = region.view_perspective, region.view_distance
    before.location, before.rotation = region.view_location, region.view_rotation


def look_back(space: bpy.types.SpaceView3D) -> None:
    """Go back to where the view stood before; stay where nothing was remembered."""
    before, region = space.id_data.ofer, space.region_3d
    if not before.perspective:
        return
    region.view_perspective, region.view_distance = before.perspective, before.distance
    region.view_location, region.view_rotation = before.location, before.rotation
    before.perspective = ""


def middle(head: bpy.types.Object) -> Vector:
    """Middle of the head's bounds, in its own frame."""
    return sum((Vector(corner) for corner in head.bound_box), Vector()) / 8


@bpy.app.handlers.persistent
@faults.guarded()
def leave_missing_camera(*_: object) -> None:
    """After an undo that took the camera away, no view may look through it."""
    for window in bpy.context.window_manager.windows:
        if window.scene.camera is None:
            for area in window.screen.areas:
                space = area.spaces.active
                if area.type == "VIEW_3D" and space.region_3d.view_perspective == "CAMERA":
                    look_back(space)
                    if space.region_3d.view_perspective == "CAMERA":
                        space.region_3d.view_perspective = "PERSP"


CLASSES: Final = (OFER_PG_screen,)


def register() -> None:
    bpy.types.Screen.ofer = bpy.props.PointerProperty(type=OFER_PG_screen)
    bpy.app.handlers.undo_post.append(leave_missing_camera)
    bpy.app.handlers.redo_post.append(leave_missing_camera)


def unregister() -> None:
    bpy.app.handlers.redo_post.remove(leave_missing_camera)
    bpy.app.handlers.undo_post.remove(leave_missing_camera)
    del bpy.types.Screen.ofer
