"""Dragging pins over the photo: what is grabbed where the mouse is pressed, and how it follows."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from bpy_extras.view3d_utils import location_3d_to_region_2d

from ...ofer_engine.client.frame import ENGINE_TO_BLENDER
from ...ofer_engine.contract.records import CameraRecord
from ...ofer_engine.geometry.photo_views import viewpoint
from ...ofer_engine.geometry.viewpoint import Viewpoint
from ..head import lookup, packed_reconstruction, pins
from ..head.pins import Pinning
from . import head_photos, through_photo
from .face_picker import PhotoFrame, Point
from .landmarks import Landmarks

REACH: Final = 12.0
"""Screen pixels within which a press grabs a pin."""
_DEEP: Final = 0.02
"""Metres: of the points under the mouse, those so far behind the nearest are another surface."""


class PinDrag:
    """One head looked at through its main photo; it is found by its name, as an undo may come
    between two drags. Raises OferError as `head_frame.of`. grabbed : the point that follows the
    mouse, or -1."""

    def __init__(self, head: bpy.types.Object) -> None:
        self._uid = head.session_uid
        self.grabbed = -1
        self._before: Point | None = None
        self._reach = 0.0
        self._landmarks = Landmarks.of(packed_reconstruction.record(head))

    @property
    def landmarks(self) -> Landmarks | None:
        """What OFER found in the photo, where it is shown."""
        head = self.head
        return self._landmarks if head and head.ofer.landmarks else None

    @property
    def head(self) -> bpy.types.Object | None:
        """The head, if it is still there and seen through its photo."""
        head = lookup.of_uid(self._uid)
        scene = bpy.context.scene
        there = head and through_photo.is_on(scene, head) and head.data.shape_keys
        return head if there else None

    def press(self, place: Point, reach: float) -> bool:
        """Grab what lies under a place of the photo: a pin, a landmark, whose point comes there
        at once, or a point of the head. reach : photo pixels. False: nothing does.

        Raises OferError as `head_frame.of`.
        """
        head = self.head
        if head is None:
            return False
        self._pinning = Pinning.of(head)
        self._prior = self._pinning.prior(head)
        places, depth = self._seen(head)
        held = [each for each in head.ofer.pins if each.view == 0]
        apart = [float(np.hypot(*(np.array(each.place) - place))) for each in held]
        if held and min(apart) <= reach:
            pin = held[int(np.argmin(apart))]
            self.grabbed, self._before = pin.point, (pin.place[0], pin.place[1])
            start = np.array(pin.place)
        elif self.landmarks and (found := self.landmarks.near(place, reach / 2)) >= 0:
            self.grabbed, start = int(self.landmarks.vertices[found]), self.landmarks.places[found]
            self._before = None
            self._set(head, (float(start[0]), float(start[1])))
        else:
            self.grabbed, self._before = nearest(places, depth, np.array(place), reach), None
            start = places[self.grabbed]
        self._offset, self._reach = start - place, reach
        return self.grabbed >= 0

    def move(self, place: Point) -> None:
        """Bring the point that was grabbed there, and the head and the camera with it."""
        if (head := self.head) and self.grabbed >= 0:
            camera = head_photos.views(head)[0]["camera"]
            inside = (camera["width"], camera["height"])
            wanted = np.clip(np.array(place) + self._offset, 0, inside)
            if self.landmarks:
                wanted = self.landmarks.snapped(self.grabbed, wanted, self._reach / 2)
            x, y = wanted
            self._set(head, (float(x), float(y)))

    def release(self) -> None:
        """Leave it where it is: one undo step."""
        head, point, self.grabbed = self.head, self.grabbed, -1
        pin = pins.find(head, point, 0) if head else None
        if pin:
            bpy.ops.ofer.pin("EXEC_DEFAULT", True, point=point, photo=tuple(pin.place))

    def leave(self) -> None:
        """Put what is being dragged back to where it was."""
        head, point, self.grabbed = self.head, self.grabbed, -1
        if head is None or point < 0:
            return
        self.grabbed = point
        self._set(head, self._before)
        self.grabbed = -1

    def _set(self, head: bpy.types.Object, place: Point | None) -> None:
        if place is None:
            pins.release(head, self.grabbed, 0)
        else:
            pins.put(head, self.grabbed, 0, place)
        pins.show(head, self._pinning, self._prior)
        through_photo.follow(head, self._pinning.frame.placed)

    def _seen(self, head: bpy.types.Object) -> tuple[np.ndarray, np.ndarray]:
        """(V, 2) photo pixels and (V,) metres before the camera; infinite for what faces away."""
        frame = self._pinning.frame
        view = main_viewpoint(head)
        points = self._pinning.surface(head)
        normals = np.empty((len(head.data.vertices), 3), np.float32)
        head.data.vertex_normals.foreach_get("vector", normals.ravel())
        normals = normals[: frame.vertices] @ frame.placed.rotation @ ENGINE_TO_BLENDER
        eye = -view.rotation.T @ view.shift
        facing = ((eye - points) * normals).sum(1) > 0
        depth = -view.to_camera(points)[:, 2]
        return view.project(points), np.where(facing, depth, np.inf)


def nearest(places: np.ndarray, depth: np.ndarray, place: np.ndarray, reach: float) -> int:
    """Which of the points (V, 2) lies nearest to a place, of those on the nearest surface within
    reach; depth : (V,) metres before the camera, infinite where unseen. -1: none."""
    apart = np.hypot(*(places - place).T)
    near = (apart <= reach) & np.isfinite(depth)
    if not near.any():
        return -1
    near &= depth <= depth[near].min() + _DEEP
    return int(np.argmin(np.where(near, apart, np.inf)))


def main_viewpoint(head: bpy.types.Object) -> Viewpoint:
    """Where the main photo was taken from, as the pins corrected it."""
    record = CameraRecord(**head_photos.views(head)[0]["camera"])
    return viewpoint(pins.camera(head, record))


def frame(context: bpy.types.Context, region: bpy.types.Region) -> PhotoFrame | None:
    """Where the photo lies in a region that looks through the scene's camera."""
    space, scene = context.space_data, context.scene
    camera = scene.camera
    if camera is None or space is None or space.type != "VIEW_3D":
        return None
    view = space.region_3d
    if view.view_perspective != "CAMERA":
        return None
    place = camera.matrix_world
    corners = [
        location_3d_to_region_2d(region, view, place @ corner)
        for corner in camera.data.view_frame(scene=scene)
    ]
    if None in corners:
        return None
    left, right = min(c.x for c in corners), max(c.x for c in corners)
    bottom = min(c.y for c in corners)
    width, height = scene.render.resolution_x, scene.render.resolution_y
    return PhotoFrame(width, height, left, bottom, (right - left) / width)


def over(region: bpy.types.Region, area: bpy.types.Area, mouse: Point) -> bool:
    """Whether the mouse, window pixels, is over a region and not over another that lies on it, as
    the sidebar lies on the view."""
    others = [each for each in area.regions if each != region and each.width > 1]
    return _inside(region, mouse) and not any(_inside(each, mouse) for each in others)


def _inside(region: bpy.types.Region, mouse: Point) -> bool:
    x, y = mouse[0] - region.x, mouse[1] - region.y
    return 0 <= x < region.width and 0 <= y < region.height


def shown_head(context: bpy.types.Context) -> bpy.types.Object | None:
    """The head of the scene that is looked at through its photo."""
    scene = context.scene
    return next((each for each in scene.objects if through_photo.is_on(scene, each)), None)
