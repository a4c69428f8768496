"""What assimp, the Open Asset Import Library, reads from a file: its C interface, as much as tests
ask for. The library comes as a wheel (`cmeel-assimp`)."""

from __future__ import annotations

import ctypes
import functools
import sys
from ctypes import POINTER, Structure, c_char, c_float, c_uint, c_void_p
from pathlib import Path

import numpy as np
from read_back import ReadBack

_COLOURS = _UVS = 8


class _String(Structure):
    _fields_ = [("length", c_uint), ("data", c_char * 1024)]

    def __str__(self) -> str:
        return self.data[: self.length].decode()


class _Weight(Structure):
    _fields_ = [("vertex", c_uint), ("weight", c_float)]


class _Bone(Structure):
    _fields_ = [
        ("name", _String), ("count", c_uint), ("armature", c_void_p), ("node", c_void_p),
        ("weights", POINTER(_Weight)), ("offset", c_float * 16),
    ]  # fmt: skip


class _Morph(Structure):
    _fields_ = [
        ("name", _String), ("vertices", POINTER(c_float * 3)), ("normals", c_void_p),
        ("tangents", c_void_p), ("bitangents", c_void_p), ("colours", c_void_p * _COLOURS),
        ("uvs", c_void_p * _UVS), ("count", c_uint), ("weight", c_float),
    ]  # fmt: skip


class _Mesh(Structure):
    _fields_ = [
        ("kinds", c_uint), ("vertices_count", c_uint), ("faces_count", c_uint),
        ("vertices", POINTER(c_float * 3)), ("normals", c_void_p), ("tangents", c_void_p),
        ("bitangents", c_void_p), ("colours", c_void_p * _COLOURS), ("uvs", c_void_p * _UVS),
        ("uv_widths", c_uint * _UVS), ("faces", c_void_p), ("bones_count", c_uint),
        ("bones", POINTER(POINTER(_Bone))), ("material", c_uint), ("name", _String),
        ("morphs_count", c_uint), ("morphs", POINTER(POINTER(_Morph))),
    ]  # fmt: skip


class _Node(Structure):
    pass


_Node._fields_ = [
    ("name", _String), ("transform", c_float * 16), ("parent", POINTER(_Node)),
    ("children_count", c_uint), ("children", POINTER(POINTER(_Node))),
    ("meshes_count", c_uint), ("meshes", POINTER(c_uint)), ("metadata", c_void_p),
]  # fmt: skip


class _Scene(Structure):
    _fields_ = [
        ("flags", c_uint), ("root", POINTER(_Node)), ("meshes_count", c_uint),
        ("meshes", POINTER(POINTER(_Mesh))), ("materials_count", c_uint), ("materials", c_void_p),
        ("animations_count", c_uint), ("animations", c_void_p), ("textures_count", c_uint),
    ]  # fmt: skip


@functools.cache
def library() -> ctypes.CDLL | None:
    """The library, None where it is not installed."""
    for folder in map(Path, sys.path):
        for found in sorted(folder.glob("cmeel.prefix/lib/libassimp.*")):
            lib = ctypes.CDLL(str(found))
            lib.aiImportFile.restype = POINTER(_Scene)
            lib.aiImportFile.argtypes = [ctypes.c_char_p, c_uint]
            lib.aiGetErrorString.restype = ctypes.c_char_p
            lib.aiReleaseImport.argtypes = [POINTER(_Scene)]
            return lib
    return None


def read(path: Path) -> ReadBack:
    """Meshes of a file as one, in the file's own axes and unit. Raises ValueError."""
    lib = library()
    scene = lib.aiImportFile(str(path).encode(), 0)
    if not scene:
        raise ValueError(lib.aiGetErrorString().decode())
    try:
        placed = _placed(scene.contents)
        meshes = [_mesh(scene.contents.meshes[n].contents, place) for n, place in placed]
        textures = scene.contents.textures_count
    finally:
        lib.aiReleaseImport(scene)
    keys = meshes[0].keys
    if any(each.keys != keys for each in meshes):
        raise ValueError("pieces of the mesh have other keys")
    return ReadBack(
        keys,
        np.concatenate([each.rest for each in meshes]),
        np.concatenate([each.moves for each in meshes], 1),
        tuple(dict.fromkeys(bone for each in meshes for bone in each.bones)),
        np.concatenate([each.weights for each in meshes]),
        textures,
    )


def _placed(scene: _Scene) -> list[tuple[int, np.ndarray]]:
    """(mesh, world transform (4, 4)) of every node."""
    found, waiting = [], [(scene.root.contents, np.eye(4))]
    while waiting:
        node, above = waiting.pop()
        place = above @ np.array(node.transform).reshape(4, 4)
        found += [(node.meshes[n], place) for n in range(node.meshes_count)]
        waiting += [(node.children[n].contents, place) for n in range(node.children_count)]
    return found


def _mesh(mesh: _Mesh, place: np.ndarray) -> ReadBack:
    count = mesh.vertices_count
    rest = _points(mesh.vertices, count)
    morphs = [mesh.morphs[n].contents for n in range(mesh.morphs_count)]
    moves = np.array([_points(each.vertices, count) - rest for each in morphs])
    bones = [mesh.bones[n].contents for n in range(mesh.bones_count)]
    weights = np.zeros((count, len(bones)))
    for column, bone in enumerate(bones):
        for entry in (bone.weights[n] for n in range(bone.count)):
            weights[entry.vertex, column] = entry.weight
    turn = place[:3, :3].T
    return ReadBack(
        tuple(str(each.name) for each in morphs),
        rest @ turn + place[:3, 3],
        moves.reshape(len(morphs), count, 3) @ turn,
        tuple(str(bone.name) for bone in bones),
        weights,
        0,
    )


def _points(pointer: POINTER, count: int) -> np.ndarray:
    return np.ctypeslib.as_array(ctypes.cast(pointer, POINTER(c_float)), (count, 3)).astype(float)
