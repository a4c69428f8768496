"""A head that talks, and where its vertices are at five times by programs that play its file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
import pytest
import read_back
from ofer_faces.ofer_blender.export.glb import GlbReader
from ofer_faces.ofer_blender.rig import rig

HERE = Path(__file__).parent
RATE = 30
FIRST, LAST = 3, 33
SECONDS = (0.0, 0.2, 0.5, 0.8, 1.0)
FRAMES = tuple(FIRST + each * RATE for each in SECONDS)


@dataclass(frozen=True, eq=False)
class Played:
    """rest : (N, 3) metres, glTF's axes; places : (T, N, 3), where they are at the times."""

    rest: np.ndarray
    places: np.ndarray


def animate(head: bpy.types.Object) -> None:
    """From frame 3 to 33: it talks, nods and looks around, by keys, bones, a driver and a track."""
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = RATE, 1.0
    keys, armature = head.data.shape_keys, rig.rig_of(head)
    for frame, value in ((FIRST, 0.1), (12, 0.9), (LAST, 0.3)):
        for name in ("jawOpen", "mouthSmileLeft"):
            keys.key_blocks[name].value = value
            keys.key_blocks[name].keyframe_insert("value", frame=frame)
    keys.animation_data.action.name = "talking"
    driver = keys.key_blocks["browInnerUp"].driver_add("value").driver
    driver.expression = "frame / 50"
    keys.key_blocks["mouthSmileRight"].value = 0.4  # stands still
    armature.location, armature.rotation_euler = (1, 2, 3), (0, 0, 0.5)
    for frame, angle in ((5, 0.0), (20, 0.5), (30, -0.3)):
        for name in ("head", "neck", "eye_L"):
            armature.pose.bones[name].rotation_euler = (angle, angle / 2, -angle / 3)
            armature.pose.bones[name].keyframe_insert("rotation_euler", frame=frame)
    armature.pose.bones["jaw"].rotation_euler.x = 0.1
    armature.pose.bones["jaw"].location.y = 0.01
    armature.animation_data.action.name = "nodding"
    track = armature.animation_data.nla_tracks.new()
    track.strips.new("nod", 5, armature.animation_data.action)
    armature.animation_data.action = None


def in_the_scene(head: bpy.types.Object) -> Played:
    """What the artist sees, in the head's own frame; modifiers that round it must be off."""
    rest = read_back._column(head.data.shape_keys.reference_key.points, len(head.data.vertices))
    return Played(read_back._y_up(rest), _seen(head, FRAMES, placed=False))


def by_blender(path: Path) -> Played:
    """Imported into an empty Blender."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    render = bpy.context.scene.render
    render.fps, render.fps_base = RATE, 1.0
    read_back.import_file(path)
    mesh = read_back._mesh(list(bpy.data.objects))
    basis = mesh.data.shape_keys.reference_key.points
    rest = read_back._placed(mesh, read_back._column(basis, len(mesh.data.vertices)))
    first = 1.0 if path.suffix == ".fbx" else 0.0  # that importer begins at 1
    return Played(rest, _seen(mesh, [first + each * RATE for each in SECONDS], placed=True))


def by_its_bytes(path: Path) -> Played:
    """Of a GLB, with nobody's help: keys, then bones, as the format says."""
    reader = GlbReader(path)
    file = reader.summary()
    mesh, (animation,) = file.meshes[0], file.animations
    rest = reader.positions(mesh.name).astype(float)
    moves = np.array([reader.displacement(mesh.name, key) for key in mesh.keys], float)
    nodes, skin = reader.document["nodes"], reader.document["skins"][0]
    parts = [each["attributes"] for each in reader.document["meshes"][0]["primitives"]]
    joints = np.concatenate([reader.values(each["JOINTS_0"]) for each in parts]).astype(int)
    weights = np.concatenate([reader.values(each["WEIGHTS_0"]) for each in parts]).astype(float)
    inverse = reader.values(skin["inverseBindMatrices"]).reshape(-1, 4, 4).swapaxes(1, 2)
    parents = {child: n for n, node in enumerate(nodes) for child in node.get("children", ())}
    played = reader.document["animations"][0]

    def local(number: int, time: float) -> np.ndarray:
        node = nodes[number]
        own = {"translation": (0, 0, 0), "rotation": (0, 0, 0, 1), "scale": (1, 1, 1)}
        own |= {name: node[name] for name in own if name in node}
        for channel in played["channels"]:
            name = channel["target"]["path"]
            if channel["target"]["node"] == number and name in own:
                sampler = played["samplers"][channel["sampler"]]
                at, values = reader.values(sampler["input"])[:, 0], reader.values(sampler["output"])
                own[name] = [np.interp(time, at, column) for column in values.T]
        return _matrix(own["translation"], own["rotation"], own["scale"])

    def world(number: int, time: float) -> np.ndarray:
        above = world(parents[number], time) if number in parents else np.eye(4)
        return above @ local(number, time)

    places = []
    for time in SECONDS:
        shape = rest.copy()
        for key, move in zip(mesh.keys, moves, strict=True):
            if key in animation.weights:
                shape += animation.weights[key].at(time)[0] * move
        turns = np.array([world(n, time) @ inverse[k] for k, n in enumerate(skin["joints"])])
        blended = np.einsum("nj,njab->nab", weights, turns[joints])
        places.append(np.einsum("nab,nb->na", blended[:, :3, :3], shape) + blended[:, :3, 3])
    return Played(rest, np.array(places))


def by_usd(path: Path, out: Path) -> Played:
    """In a process of its own: Blender brings another copy of that library."""
    command = [sys.executable, str(HERE / "usd_player.py"), str(path), str(out)]
    done = subprocess.run([*command, *map(str, SECONDS)], capture_output=True, text=True,
                          timeout=300)  # fmt: skip
    if done.returncode == 3:
        pytest.skip("usd-core is not installed: `python3 install.py test`")
    assert done.returncode == 0, done.stderr
    arrays = np.load(out)
    turn = (lambda p: p) if str(arrays["up"]) == "Y" else (lambda p: p[..., [0, 2, 1]] * (1, 1, -1))
    return Played(turn(arrays["rest"]), turn(arrays["places"]))


def off(wanted: Played, seen: Played) -> float:
    """Metres by which a vertex of a file is elsewhere at some time, at most. Each is one of those
    that were sent, by its place at rest; seams split them, and some lie in one place."""
    tree, worst = read_back._tree(wanted.rest), 0.0
    for number, place in enumerate(seen.rest):
        near = [vertex for _, vertex, _ in tree.find_range(place, read_back.SAME_PLACE)]
        if not near:
            return float("inf")
        away = np.linalg.norm(wanted.places[:, near] - seen.places[:, number, None], axis=2).max(0)
        worst = max(worst, float(away.min()))
    return worst


def _seen(mesh: bpy.types.Object, frames: Sequence[float], *, placed: bool) -> np.ndarray:
    found = []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame), subframe=frame % 1)
        graph = bpy.context.evaluated_depsgraph_get()
        evaluated = mesh.evaluated_get(graph)
        points = read_back._column(evaluated.data.vertices, len(mesh.data.vertices))
        found.append(read_back._placed(evaluated, points) if placed else read_back._y_up(points))
    return np.array(found)


def _matrix(place: tuple, turn: tuple, scale: tuple) -> np.ndarray:
    x, y, z, w = np.array(turn) / np.linalg.norm(turn)
    found = np.eye(4)
    found[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    found[:3, :3] *= scale
    found[:3, 3] = place
    return found
