"""Free room in a scene: how far something must be moved so that nothing visible stands in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np

from ..image_size import image_size

_SOLID: Final = frozenset((
    "MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "POINTCLOUD", "VOLUME", "GPENCIL",
    "GREASEPENCIL", "ARMATURE", "LATTICE",
))  # fmt: skip
_ACROSS, _UP = 0, 2


@dataclass(frozen=True, eq=False)
class Box:
    """low, high : (3,) float64, metres, along the axes of whoever asks."""

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def around(cls, points: np.ndarray) -> Box:
        """The box of points (P, 3)."""
        return cls(points.min(axis=0), points.max(axis=0))

    def holds(self, other: Box) -> bool:
        """The other lies inside."""
        return bool((self.low <= other.low).all() and (self.high >= other.high).all())

    def has_room_for(self, other: Box) -> bool:
        """The other is no larger in any direction."""
        return bool((self.high - self.low >= other.high - other.low).all())

    def joined(self, other: Box) -> Box:
        """The box of both."""
        return Box(np.minimum(self.low, other.low), np.maximum(self.high, other.high))

    def moved(self, way: np.ndarray) -> Box:
        """The same box, moved by way (3,) metres."""
        return Box(self.low + way, self.high + way)


def obstacles(
    axes: np.ndarray, spared: set[bpy.types.Object], stands: Box, wanted: Box
) -> tuple[np.ndarray, np.ndarray]:
    """(lows, highs), each (B, 3) metres: boxes of all that is visible but for `spared`.

    axes : (3, 3), its columns are the directions, in the world, along which boxes are measured.
    What surrounds `stands` and has room for `wanted`, such as a hall or a sky, is told by its
    walls.
    """
    photos = {each.ofer.photo_beside for each in bpy.data.objects if each.ofer.photo_beside}
    found = [
        _boxes(each, axes, stands, wanted)
        for each in bpy.context.evaluated_depsgraph_get().object_instances
        if each.show_self
        and (each.object.type in _SOLID or each.object.original in photos)
        and each.object.original not in spared
    ]
    none = np.empty((0, 2, 3))
    lows, highs = np.concatenate([none, *found]).swapaxes(0, 1)
    return lows, highs


def way_out(box: Box, lows: np.ndarray, highs: np.ndarray, gap: float) -> np.ndarray:
    """(3,) the shortest way aside or upwards to where a box is clear of all others by a gap."""
    low, high = box.low - gap, box.high + gap
    ways = []
    for axis in (_ACROSS, _UP):
        others = [each for each in range(3) if each != axis]
        meets = ((lows < high) & (highs > low))[:, others].all(axis=1)
        blocked = np.stack((lows[meets, axis] - high[axis], highs[meets, axis] - low[axis]), 1)
        way = np.zeros(3)
        way[axis] = min(_free(blocked, both=axis == _ACROSS), key=abs)
        ways.append(way)
    return min(ways, key=lambda way: float(np.abs(way).sum()))


def world_points(thing: bpy.types.Object) -> np.ndarray:
    """(P, 3) float64, metres, world: what is drawn of a mesh object, modifiers included, and the
    corners of its bounds: those of a subdivided mesh are of its cage."""
    shown = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    corners = np.array([tuple(corner) for corner in shown.bound_box])
    points = np.concatenate((_vertices(shown.data), corners))
    return _in_world(np.array(thing.matrix_world), points)


def _free(blocked: np.ndarray, both: bool) -> tuple[float, ...]:
    """The nearest shifts (upwards; both: downwards too) outside open intervals (B, 2)."""
    upwards = 0.0
    for start, end in blocked[np.argsort(blocked[:, 0])]:
        if start < upwards < end:
            upwards = float(end)
    if not both:
        return (upwards,)
    downwards = 0.0
    for start, end in blocked[np.argsort(-blocked[:, 1])]:
        if start < downwards < end:
            downwards = float(start)
    return upwards, downwards


def _boxes(
    instance: bpy.types.DepsgraphObjectInstance, axes: np.ndarray, stands: Box, wanted: Box
) -> np.ndarray:
    """(B, 2, 3): lowest and highest corners."""
    thing, place = instance.object, np.array(instance.matrix_world)
    bound = _frame(thing) if thing.type == "EMPTY" else [tuple(each) for each in thing.bound_box]
    corners = _in_world(place, np.array(bound)) @ axes
    whole = Box.around(corners)
    if not (whole.holds(stands) and whole.has_room_for(wanted)):
        return np.stack((whole.low, whole.high))[None]
    if thing.type == "MESH":
        return _walls(thing.data, place, axes)
    if thing.type == "ARMATURE":
        bones = [[tuple(bone.head), tuple(bone.tail)] for bone in thing.pose.bones]
        return _around_edges(_in_world(place, np.array(bones).reshape(-1, 2, 3)) @ axes)
    return np.empty((0, 2, 3))  # nothing is known of its walls


def _frame(thing: bpy.types.Object) -> list[tuple[float, float, float]]:
    """The corners of a picture that an empty shows, in its own frame: its longer side is as long as
    the empty is large."""
    pixels = image_size(thing.data) if thing.data else (0, 0)
    size = np.array(pixels if all(pixels) else (1, 1), float)
    width, height = size / size.max() * thing.empty_display_size
    left, low = np.array(tuple(thing.empty_image_offset)) * (width, height)
    return [(left + x * width, low + y * height, 0.0) for x in (0, 1) for y in (0, 1)]


def _walls(mesh: bpy.types.Mesh, place: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """(F, 2, 3): the box of each polygon; of each edge where there are none."""
    points = _in_world(place, _vertices(mesh)) @ axes
    if not mesh.polygons:
        edges = np.empty(2 * len(mesh.edges), np.int32)
        mesh.edges.foreach_get("vertices", edges)
        return _around_edges(points[edges.reshape(-1, 2)])
    corners, starts = np.empty(len(mesh.loops), np.int32), np.empty(len(mesh.polygons), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    mesh.polygons.foreach_get("loop_start", starts)
    return np.stack(
        [bound.reduceat(points[corners], starts, axis=0) for bound in (np.minimum, np.maximum)],
        axis=1,
    )


def _around_edges(ends: np.ndarray) -> np.ndarray:
    """(E, 2, 3): the boxes of edges (E, 2, 3)."""
    return np.stack((ends.min(axis=1), ends.max(axis=1)), axis=1)


def _vertices(mesh: bpy.types.Mesh) -> np.ndarray:
    values = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", values)
    return values.reshape(-1, 3)


def _in_world(place: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ place[:3, :3].T + place[:3, 3]
