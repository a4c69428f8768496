"""What a program found in an exported head, and whether that is what was sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from mathutils.kdtree import KDTree
from ofer_faces.ofer_blender.export.glb import GlbReader

SAME_PLACE = 5e-5
"""Metres within which a vertex of the file may be a vertex of the head."""


@dataclass(frozen=True, eq=False)
class ReadBack:
    """keys : names in the file's order; rest : (N, 3) and moves : (K, N, 3), in metres and glTF's
    axes unless said otherwise; bones : names; weights : (N, B); textures : pictures in the file."""

    keys: tuple[str, ...]
    rest: np.ndarray
    moves: np.ndarray
    bones: tuple[str, ...]
    weights: np.ndarray
    textures: int

    @property
    def influences(self) -> int:
        """Most bones of a vertex."""
        return int((self.weights > 0).sum(1).max(initial=0))

    @property
    def off_one(self) -> float:
        """How far the weights of a vertex are from summing to one, at most."""
        return float(np.abs(self.weights.sum(1) - 1).max(initial=0))


def by_its_bytes(path: Path) -> ReadBack:
    """Of a GLB, with nobody's help."""
    reader = GlbReader(path)
    file = reader.summary()
    (mesh,) = file.meshes
    moves = [reader.displacement(mesh.name, key) for key in mesh.keys]
    rest = reader.positions(mesh.name)
    primitives = reader.document["meshes"][0]["primitives"]
    weights = [
        np.hstack([reader.values(a[n]) for n in sorted(a) if n.startswith("WEIGHTS_")])
        for a in (each["attributes"] for each in primitives)
        if "WEIGHTS_0" in a
    ]
    return ReadBack(
        mesh.keys, rest, np.array(moves).reshape(-1, len(rest), 3), file.joints,
        np.concatenate(weights) if weights else np.zeros((len(rest), 0)), file.images,
    )  # fmt: skip


def by_blender_beside(path: Path) -> ReadBack:
    """Imported into a scene of its own, and taken away again."""
    there = {each.name for each in bpy.data.objects}
    window = bpy.context.window
    theirs, scene = window.scene, bpy.data.scenes.new("read back")
    window.scene = scene
    try:
        import_file(path)
        return _seen([each for each in bpy.data.objects if each.name not in there])
    finally:
        window.scene = theirs
        for each in [each for each in bpy.data.objects if each.name not in there]:
            bpy.data.objects.remove(each)
        bpy.data.scenes.remove(scene)


def by_blender(path: Path) -> ReadBack:
    """Imported into an empty Blender."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    import_file(path)
    return _seen(list(bpy.data.objects))


def _seen(objects: list[bpy.types.Object]) -> ReadBack:
    mesh = _mesh(objects)
    armatures = [each for each in objects if each.type == "ARMATURE"]
    bones = armatures[0].data.bones.keys() if armatures else []
    keys = list(mesh.data.shape_keys.key_blocks)[1:] if mesh.data.shape_keys else []
    rest = _column(mesh.data.vertices, len(mesh.data.vertices))
    moves = np.array([_column(key.points, len(rest)) - rest for key in keys])
    weights = np.zeros((len(rest), len(mesh.vertex_groups)))
    for vertex in mesh.data.vertices:
        for entry in vertex.groups:
            weights[vertex.index, entry.group] = entry.weight
    return ReadBack(
        tuple(key.name for key in keys),
        _placed(mesh, rest),
        _y_up(moves.reshape(-1, len(rest), 3) @ np.array(mesh.matrix_world)[:3, :3].T),
        tuple(bones),
        weights,
        sum(image.source == "FILE" and image.size[0] > 0 for image in bpy.data.images),
    )


def picture_places(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Imported into an empty Blender: (L, 3) metres, glTF's axes, the vertex of every polygon
    corner, and (L, 2) its place in the picture."""
    mesh = _imported(path)
    loops = mesh.data.loops
    vertex, uv = np.empty(len(loops), np.int32), np.empty(len(loops) * 2, np.float32)
    loops.foreach_get("vertex_index", vertex)
    mesh.data.uv_layers[0].uv.foreach_get("vector", uv)
    places = _placed(mesh, _column(mesh.data.vertices, len(mesh.data.vertices)))
    return places[vertex], uv.reshape(-1, 2)


def _imported(path: Path) -> bpy.types.Object:
    """The one mesh of a file, imported into an empty Blender."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    import_file(path)
    return _mesh(list(bpy.data.objects))


def import_file(path: Path) -> None:
    """Into this Blender."""
    match path.suffix:
        case ".glb":
            bpy.ops.import_scene.gltf(filepath=str(path), merge_vertices=False)
        case ".fbx":
            bpy.ops.import_scene.fbx(filepath=str(path))
        case ".usdc":
            bpy.ops.wm.usd_import(filepath=str(path))
        case ".obj":
            bpy.ops.wm.obj_import(filepath=str(path))


def _mesh(objects: list[bpy.types.Object]) -> bpy.types.Object:
    (mesh,) = (each for each in objects if each.type == "MESH" and each.data.polygons
               and "Ico" not in each.name)  # fmt: skip
    return mesh


def differences(
    seen: ReadBack, rest: np.ndarray, moves: np.ndarray, used: np.ndarray, scale: float = 1.0
) -> tuple[float, float]:
    """Metres by which places and movements differ at most.

    rest : (V, 3) and moves : (K, V, 3), those sent; used : (U,) vertices that polygons use; scale :
    of the file's unit in metres. Seams split vertices: each of the file must be one that was sent,
    and each that was sent must be there.
    """
    places, ways = seen.rest * scale, seen.moves * scale
    tree = _tree(rest)
    found, worst, apart = set(), 0.0, 0.0
    for number, place in enumerate(places):
        near = [vertex for _, vertex, _ in tree.find_range(place, SAME_PLACE)]
        if not near:
            apart = max(apart, tree.find(place)[2])
            continue
        found.update(near)
        off = np.linalg.norm(moves[:, near] - ways[:, number, None], axis=2).max(0, initial=0)
        worst = max(worst, float(off.min()))
    if lost := set(used.tolist()) - found:
        apart = max(apart, len(lost))
    return apart, worst


def nearest(rest: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(N,) int: which of rest (V, 3) lies nearest to each of places (N, 3)."""
    tree = _tree(rest)
    return np.array([tree.find(place)[1] for place in places])


def _tree(points: np.ndarray) -> KDTree:
    tree = KDTree(len(points))
    for number, place in enumerate(points):
        tree.insert(place, number)
    tree.balance()
    return tree


def _column(points: bpy.types.bpy_prop_collection, count: int) -> np.ndarray:
    values = np.empty(count * 3, np.float32)
    points.foreach_get("co", values)
    return values.reshape(-1, 3).astype(float)


def _placed(mesh: bpy.types.Object, points: np.ndarray) -> np.ndarray:
    """Points of a mesh (N, 3) in the world, glTF's axes."""
    turn = np.array(mesh.matrix_world)
    return _y_up(points @ turn[:3, :3].T + turn[:3, 3])


def _y_up(points: np.ndarray) -> np.ndarray:
    return np.stack((points[..., 0], points[..., 2], -points[..., 1]), -1)
