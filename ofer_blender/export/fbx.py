"""What a binary FBX file says of itself: names, counts, bones, textures, from its bytes. No bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from . import fbx_tree
from .content import Curve, FileAnimation, FileContent, FileMesh, read_of
from .fbx_tree import Record

_TICKS: Final = 46_186_158_000
"""Of an FBX file's clock in a second."""
_BONE: Final = b"LimbNode"


class FbxReader:
    """The content of one file. Raises ValueError where it is no binary FBX, or is not whole."""

    def __init__(self, path: Path) -> None:
        tree = fbx_tree.read(path)
        if not {b"Objects", b"Connections", b"GlobalSettings"} <= {each.name for each in tree.top}:
            raise ValueError(f"{path.name} ends in the middle")
        self._file = path.name
        self._above: dict[int, list[int]] = {}
        self._below: dict[int, list[int]] = {}
        with read_of(path.name):
            objects = tree.only(b"Objects").inner
            self._objects = {node.values[0]: node for node in objects if node.raw}
            factor = tree.only(b"GlobalSettings").setting(b"UnitScaleFactor")
            self._metre = (factor.values[4] if factor else 1.0) / 100
            for node in tree.only(b"Connections").inner:
                child, parent = node.values[1:3]
                self._above.setdefault(child, []).append(parent)
                self._below.setdefault(parent, []).append(child)

    def summary(self) -> FileContent:
        """What the file holds. Raises ValueError where it contradicts itself."""
        with read_of(self._file):
            return self._summary()

    def _summary(self) -> FileContent:
        videos = [node for node in self._objects.values() if node.name == b"Video"]
        inside = sum(node.array(b"Content").size > 0 for node in videos)
        bones = [node for node in self._objects.values()
                 if node.name == b"Model" and node.values[2] == _BONE]  # fmt: skip
        meshes = {number: node for number, node in self._objects.items()
                  if node.name == b"Geometry" and node.values[2] == b"Mesh"}  # fmt: skip
        stacks = [n for n, node in self._objects.items() if node.name == b"AnimationStack"]
        return FileContent(
            tuple(self._mesh(number, node) for number, node in meshes.items()),
            tuple(name_of(node) for node in bones),
            inside,
            len(videos) - inside,
            tuple(self._animation(stack, next(iter(meshes), 0)) for stack in stacks),
        )

    def _animation(self, stack: int, mesh: int) -> FileAnimation:
        """Of a stack with one layer, as Blender writes it."""
        keys = {id(each) for each in self._kinds(mesh, b"BlendShape", b"BlendShapeChannel")}
        weights: dict[str, Curve] = {}
        turns: dict[str, Curve] = {}
        for layer in self._below.get(stack, ()):
            for node in self._below.get(layer, ()):
                moved = [self._objects[n] for n in self._above[node] if n in self._objects]
                kind = name_of(self._objects[node])
                for each in moved:
                    if id(each) in keys and kind == "DeformPercent":
                        curve = self._curve(node)
                        weights[name_of(each)] = Curve(curve.times, curve.values / 100)
                    elif each.name == b"Model" and each.values[2] == _BONE and kind == "R":
                        curve = self._curve(node)
                        turns[name_of(each)] = Curve(curve.times, _quaternions(curve.values))
        return FileAnimation(name_of(self._objects[stack]), weights, turns)

    def _curve(self, node: int) -> Curve:
        """The curves of a node side by side; all have a key at each frame."""
        curves = [self._objects[n] for n in self._below.get(node, ())]
        curves = [each for each in curves if each.name == b"AnimationCurve"]
        times = curves[0].array(b"KeyTime") / _TICKS
        values = [each.array(b"KeyValueFloat").astype(float) for each in curves]
        return Curve(times, np.stack(values, axis=1))

    def _mesh(self, number: int, geometry: Record) -> FileMesh:
        points = geometry.array(b"Vertices").reshape(-1, 3)
        model = next(iter(self._above.get(number, ())), 0)
        channels = self._kinds(number, b"BlendShape", b"BlendShapeChannel")
        followed = np.zeros(len(points), int)
        for cluster in self._kinds(number, b"Skin", b"Cluster"):
            where = cluster.array(b"Indexes").astype(int)
            followed[where[cluster.array(b"Weights") > 0]] += 1
        return FileMesh(
            name_of(self._objects[model]) if model in self._objects else "",
            tuple(name_of(each) for each in channels),
            int(followed.max(initial=0)),
            tuple((np.ptp(points, axis=0) * self._scale(model) * self._metre).tolist()),
            tuple(float(each.array(b"DeformPercent")) / 100 for each in channels),
        )

    def _kinds(self, number: int, deformer: bytes, part: bytes) -> list[Record]:
        """The parts of a geometry's deformer, in the file's order."""
        of = {n for n in self._below.get(number, ()) if self._is(n, deformer)}
        parts = {n for each in of for n in self._below.get(each, ()) if self._is(n, part)}
        return [node for n, node in self._objects.items() if n in parts]

    def _is(self, number: int, kind: bytes) -> bool:
        node = self._objects.get(number)
        return node is not None and node.name == b"Deformer" and node.values[2] == kind

    def _scale(self, model: int) -> float:
        """Of a model in the world."""
        scale, seen = 1.0, set()
        while model in self._objects and model not in seen:
            seen.add(model)
            own = self._objects[model].setting(b"Lcl Scaling")
            scale *= own.values[4] if own else 1.0
            model = next((n for n in self._above.get(model, ()) if n in self._objects), 0)
        return scale


def _quaternions(degrees: np.ndarray) -> np.ndarray:
    """(F, 4) w x y z of turns about X, then Y, then Z, (F, 3)."""
    (cx, cy, cz), (sx, sy, sz) = (f(np.radians(degrees).T / 2) for f in (np.cos, np.sin))
    found = np.stack((
        cx * cy * cz + sx * sy * sz, sx * cy * cz - cx * sy * sz,
        cx * sy * cz + sx * cy * sz, cx * cy * sz - sx * sy * cz,
    ), axis=1)  # fmt: skip
    flips = np.cumprod(np.where((found[1:] * found[:-1]).sum(1) < 0, -1, 1))
    return found * np.concatenate(([1], flips))[: len(found), None]


def name_of(node: Record) -> str:
    """Its name without its class, which follows after two bytes."""
    return node.values[1].partition(b"\x00\x01")[0].decode("utf-8", "replace")
