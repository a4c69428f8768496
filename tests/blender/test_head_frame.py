"""What the engine sends later lies on the head as it stands in its mesh now: sculpted, moved,
scaled, turned, joined with a hat; a head that it cannot lie on is refused before any work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bmesh
import bpy
import numpy as np
import pytest
import synthetic
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Matrix, Vector
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_blender.head import certainty, head_frame, helper_keys, shape_keys
from ofer_faces.ofer_blender.rig import rig
from ofer_faces.ofer_engine.client import png as png_file
from ofer_faces.ofer_engine.client.frame import to_blender
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from ofer_faces.ofer_engine.geometry import affine_map
from recording_layout import draw
from scene_dump import differences, dump
from shapes import key_points
from synthetic import write_skin
from test_skin import uvs, wear

Employ = Callable[[str], None]
OWN = 120
"""Vertices of the invented head."""
TURN = Matrix.Rotation(0.7, 4, "Z") @ Matrix.Rotation(-1.2, 4, "X")


@pytest.fixture
def record(tmp_path: Path) -> Reconstruction:
    moves = np.random.default_rng(5).normal(0, 0.003, (2, OWN, 3)).astype(np.float32)
    return synthetic.write(tmp_path, jaw_correctives=moves)


def sculpt(head: bpy.types.Object) -> np.ndarray:
    """Pull the nose out in Edit Mode, as an artist does; Blender takes every key along."""
    moved = np.zeros((len(head.data.vertices), 3), np.float32)
    head.active_shape_key_index = 0
    bpy.ops.object.mode_set(mode="EDIT")
    mesh = bmesh.from_edit_mesh(head.data)
    for vertex in mesh.verts:
        if vertex.index % 3 == 0:
            moved[vertex.index] = (0.001 * (vertex.index % 7), -0.009, 0.004)
            vertex.co += Vector(moved[vertex.index])
    bmesh.update_edit_mesh(head.data)
    bpy.ops.object.mode_set(mode="OBJECT")
    return moved


def nothing(head: bpy.types.Object) -> Matrix:
    return Matrix()


def applied(place: Matrix) -> Callable[[bpy.types.Object], Matrix]:
    def apply(head: bpy.types.Object) -> Matrix:
        head.matrix_world = place
        bpy.ops.object.transform_apply(location=True, rotation=True, scale=True)
        return place

    return apply


def origin_moved(head: bpy.types.Object) -> Matrix:
    bpy.context.scene.cursor.location = (0.1, 0.2, -0.3)
    bpy.ops.object.origin_set(type="ORIGIN_CURSOR")
    return Matrix.Translation((-0.1, -0.2, 0.3))


def moved_in_edit_mode(head: bpy.types.Object) -> Matrix:
    head.active_shape_key_index = 0
    bpy.ops.object.mode_set(mode="EDIT")
    mesh = bmesh.from_edit_mesh(head.data)
    bmesh.ops.translate(mesh, verts=mesh.verts[:], vec=(0.4, 0.0, 1.2))
    bmesh.update_edit_mesh(head.data)
    bpy.ops.object.mode_set(mode="OBJECT")
    return Matrix.Translation((0.4, 0.0, 1.2))


def parented_and_applied(head: bpy.types.Object) -> Matrix:
    parent = bpy.data.objects.new("parent", None)
    bpy.context.scene.collection.objects.link(parent)
    parent.matrix_world = Matrix.Translation((1, 2, 3)) @ TURN
    bpy.context.view_layer.update()
    head.parent = parent
    head.scale = (2, 2, 2)
    bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
    return Matrix.Scale(2, 4)


def not_applied(head: bpy.types.Object) -> Matrix:
    head.matrix_world = Matrix.Translation((1, 2, 3)) @ TURN @ Matrix.Scale(3, 4)
    bpy.context.view_layer.update()
    return Matrix()


PLACED = {
    "nothing": nothing,
    "moved": applied(Matrix.Translation((3, -2, 1))),
    "turned": applied(TURN),
    "ten times": applied(Matrix.Scale(10, 4)),
    "a hundredth": applied(Matrix.Scale(0.01, 4)),
    "all at once": applied(Matrix.Translation((0.3, 0.2, 3)) @ TURN @ Matrix.Scale(3, 4)),
    "origin": origin_moved,
    "edit mode": moved_in_edit_mode,
    "parented": parented_and_applied,
    "not applied": not_applied,
}
STRETCHED = {"stretched": applied(TURN @ Matrix.Diagonal((1.2, 1.0, 0.8, 1.0)))}


def at(place: Matrix, points: np.ndarray) -> np.ndarray:
    """(…, 3) points where the matrix brings them."""
    whole = np.array(place)
    return points @ whole[:3, :3].T + whole[:3, 3]


def turned(place: Matrix, moves: np.ndarray) -> np.ndarray:
    return moves @ np.array(place)[:3, :3].T


def close(found: np.ndarray, wanted: np.ndarray, place: Matrix) -> bool:
    """To a hundredth of a millimetre of a head of its own size."""
    scale = abs(place.to_3x3().determinant()) ** (1 / 3)
    return bool(np.abs(found - wanted).max() < 1e-5 * scale)


def answer(path: Path, record: Reconstruction, row: int) -> tuple[np.ndarray, np.ndarray]:
    """The engine's answer to `Express` for the head in a row; its movements, Blender's frame."""
    rng = np.random.default_rng(11)
    neutral = record.array("identity_vertices")[row]
    moves = rng.normal(0, 0.004, (3, OWN, 3)).astype(np.float32)
    units = rng.normal(0, 0.002, (52, OWN, 3)).astype(np.float32)
    np.savez(
        path,
        expression_vertices=neutral + moves,
        arkit_units=units,
        expression_arkit=np.full((3, 52), 0.25, np.float32),
        expression_arkit_residual=np.full(3, 0.002, np.float32),
    )
    return to_blender(moves), to_blender(units)


@pytest.mark.parametrize("sculpted", [False, True])
@pytest.mark.parametrize("how", [*PLACED, *STRETCHED])
def test_what_comes_later_fits_the_head_as_it_is(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path, how: str, sculpted: bool
) -> None:
    identities = to_blender(record.array("identity_vertices"))
    by_hand = sculpt(head) if sculpted else np.zeros((OWN, 3))
    place = (PLACED | STRETCHED)[how](head)
    bpy.ops.ofer.use_identity(name="identity_03")
    now = key_points(head)
    assert close(now["Basis"], at(place, identities[2] + by_hand), place)
    more = synthetic.write_more(tmp_path / "more")
    bpy.ops.ofer.add_heads(directory=str(more.folder), head=head.name)
    for row in (4, 5, 6):
        new = to_blender(more.array("identity_vertices")[row]) + by_hand
        assert close(key_points(head)[f"identity_{row + 1:02d}"], at(place, new), place)
    bpy.ops.ofer.add_arkit()
    for name, unit in zip(ARKIT_52, to_blender(record.array("arkit_units")), strict=True):
        assert close(key_points(head)[name] - now["Basis"], turned(place, unit), place)
    moves, units = answer(tmp_path / "answer.npz", record, 2)
    bpy.ops.ofer.renew_expressions(filepath=str(tmp_path / "answer.npz"), head=head.name)
    now = key_points(head)
    for number, move in enumerate(moves, 1):
        found = now[f"expression_{number:02d}"] - now["Basis"]
        assert close(found, turned(place, move), place)
    for name, unit in zip(ARKIT_52, units, strict=True):
        assert close(now[name] - now["Basis"], turned(place, unit), place)


@pytest.mark.parametrize("sculpted", [False, True])
@pytest.mark.parametrize("how", PLACED)
def test_the_rig_fits_the_head_as_it_is(
    head: bpy.types.Object, record: Reconstruction, how: str, sculpted: bool
) -> None:
    if sculpted:
        sculpt(head)
    bpy.ops.ofer.use_identity(name="identity_03")
    place = PLACED[how](head)
    scale = place.to_scale().x
    bpy.ops.ofer.add_rig()
    bones = rig.rig_of(head).data.bones
    joints = at(place, to_blender(record.array("identity_joints"))[2])
    for name, joint in zip(record.joints, joints, strict=True):
        assert np.abs(np.array(bones[name].head_local) - joint).max() < 1e-5 * scale
    axes = place.to_3x3().normalized()
    for name in rig.EYES:
        assert (bones[name].matrix_local.col[1].to_3d() - axes @ Vector((0, -1, 0))).length < 1e-4
        assert bones[name].length == pytest.approx(0.03 * scale, rel=1e-3)
    for name in ("jaw", *rig.EYES):
        assert (bones[name].matrix_local.col[0].to_3d() - axes @ Vector((1, 0, 0))).length < 1e-4
    down = axes @ Vector((0, -1, -1))
    tip = bones["jaw"].tail_local - bones["jaw"].head_local
    assert tip.normalized().dot(down.normalized()) > 0.5, "the jaw points ahead and down"
    sine = to_blender(record.array("jaw_correctives"))[0]
    now = key_points(head)
    assert close(now[helper_keys.JAW[0]] - now["Basis"], turned(place, sine), place)
    bpy.ops.ofer.aim_eyes(by="TARGET")
    gaze = (
        rig.aim_target(rig.rig_of(head)).location
        - (bones["eye_L"].head_local + bones["eye_R"].head_local) / 2
    )
    assert (gaze - axes @ Vector((0, -0.6, 0)) * scale).length < 1e-3 * scale


def test_an_eyeball_that_was_moved_keeps_its_bone_at_its_centre(tmp_path: Path) -> None:
    weights = synthetic._arrays()["skin_weights"]
    ball = slice(40, 60)
    weights[ball] = (0, 0, 0, 0, 1, 0)
    record = synthetic.write(tmp_path, skin_weights=weights)
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    head = bpy.context.object
    shift = np.array((0.004, -0.003, 0.002))
    shape = shape_keys.points(head.data.shape_keys.reference_key)
    shape[ball] += shift
    shape_keys.set_points(head.data.shape_keys.reference_key, shape)
    bpy.ops.ofer.add_rig()
    bones = rig.rig_of(head).data.bones
    joints = to_blender(record.array("identity_joints"))[0]
    assert np.abs(np.array(bones["eye_L"].head_local) - joints[4] - shift).max() < 1e-5
    assert np.abs(np.array(bones["eye_R"].head_local) - joints[5]).max() < 1e-5


def picture(folder: Path) -> str:
    path = folder / "anna.jpg"
    path.write_bytes(png_file.encode(np.full((480, 640, 3), 90, np.uint8)))
    return str(path)


def pixels(head: bpy.types.Object, vertices: np.ndarray) -> np.ndarray:
    """Where the scene's camera sees points of the head's object."""
    scene = bpy.context.scene
    bpy.context.view_layer.update()
    seen = [
        world_to_camera_view(scene, scene.camera, head.matrix_world @ Vector(v)) for v in vertices
    ]
    return np.array([(view.x * 640, (1 - view.y) * 480) for view in seen])


@pytest.mark.parametrize("how", PLACED)
def test_through_the_photo_the_face_is_where_it_was(
    head: bpy.types.Object, tmp_path: Path, how: str
) -> None:
    sculpt(head)
    bpy.ops.ofer.through_photo(filepath=picture(tmp_path))
    wanted = pixels(head, key_points(head)["Basis"])
    bpy.ops.ofer.through_photo()
    place = PLACED[how](head)
    bpy.ops.ofer.through_photo()
    assert np.abs(pixels(head, key_points(head)["Basis"]) - wanted).max() < 0.05, "the same camera"
    bpy.ops.ofer.through_photo()
    bpy.data.objects.remove(head.ofer.camera)
    bpy.ops.ofer.through_photo(filepath=picture(tmp_path))
    assert np.abs(pixels(head, key_points(head)["Basis"]) - wanted).max() < 0.05, "a new one"
    scale = place.to_scale().x * head.matrix_world.to_scale().x
    assert bpy.context.scene.camera.data.clip_start == pytest.approx(0.01 * scale, rel=1e-3)


def test_a_camera_that_the_artist_moved_stays(head: bpy.types.Object, tmp_path: Path) -> None:
    bpy.ops.ofer.through_photo(filepath=picture(tmp_path))
    bpy.ops.ofer.through_photo()
    head.ofer.camera.location.x += 0.05
    moved = head.ofer.camera.matrix_basis.copy()
    moved_in_edit_mode(head)
    bpy.ops.ofer.through_photo()
    assert head.ofer.camera.matrix_basis == moved


def test_drawn_without_it_the_new_head_stands_where_the_old_one_does(
    head: bpy.types.Object, record: Reconstruction
) -> None:
    PLACED["all at once"](head)
    head.location = (1, 1, 1)
    bpy.context.view_layer.update()
    old = at(head.matrix_world, key_points(head)["Basis"])
    bpy.ops.ofer.replace_head(directory=str(record.folder), head=head.name)
    new = bpy.context.object
    bpy.context.view_layer.update()
    assert new != head
    assert np.abs(at(new.matrix_world, key_points(new)["Basis"]) - old).max() < 1e-5


def test_use_this_one_back_and_forth_does_not_drift(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    sculpt(head)
    before = key_points(head)
    for _ in range(30):
        for name, row in (("identity_03", 2), ("identity_01", 0)):
            bpy.ops.ofer.use_identity(name=name)
            answer(tmp_path / "answer.npz", record, row)
            bpy.ops.ofer.renew_expressions(filepath=str(tmp_path / "answer.npz"), head=head.name)
    after = key_points(head)
    for name in ("Basis", "identity_02", "identity_03", "identity_04"):
        assert np.array_equal(after[name], before[name]), "heads come back to the bit"
    bpy.ops.ofer.renew_expressions(filepath=str(tmp_path / "answer.npz"), head=head.name)
    again = key_points(head)
    assert all(np.array_equal(after[name], again[name]) for name in after), "twice is as once"


def test_carried_over_for_long_the_expressions_do_not_drift(head: bpy.types.Object) -> None:
    before = key_points(head)
    for _ in range(100):
        for name in ("identity_02", "identity_03", "identity_04", "identity_01"):
            bpy.ops.ofer.use_identity(name=name)
    after = key_points(head)
    assert max(np.abs(after[name] - before[name]).max() for name in before) < 1e-7


def test_a_blend_of_sculpted_heads_keeps_the_sculpt(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    by_hand = sculpt(head)
    place = PLACED["all at once"](head)
    for name in ("identity_02", "identity_03"):
        bpy.ops.ofer.blend_add(name=name)
    bpy.ops.ofer.use_blend()
    identities = to_blender(record.array("identity_vertices"))
    mixed = (identities[1] + identities[2]) / 2
    assert close(key_points(head)["Basis"], at(place, mixed + by_hand), place)
    frame = head_frame.of(head)
    assert np.abs(frame.neutral - mixed).max() < 1e-7
    more = synthetic.write_more(tmp_path / "more")
    bpy.ops.ofer.add_heads(directory=str(more.folder), head=head.name)
    new = to_blender(more.array("identity_vertices")[5]) + by_hand
    assert close(key_points(head)["identity_06"], at(place, new), place)


def test_a_head_sculpted_alone_keeps_it_to_itself(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    """A sculpt on the key of one head is that head's: what is computed on it has it, others not."""
    identities = to_blender(record.array("identity_vertices"))
    by_hand = np.zeros((OWN, 3), np.float32)
    by_hand[30:50, 1] = -0.01
    key = head.data.shape_keys.key_blocks["identity_03"]
    shape_keys.set_points(key, identities[2] + by_hand)
    bpy.ops.ofer.use_identity(name="identity_03")
    moves, _ = answer(tmp_path / "answer.npz", record, 2)
    bpy.ops.ofer.renew_expressions(filepath=str(tmp_path / "answer.npz"), head=head.name)
    wanted = identities[2] + by_hand + moves[0]
    assert np.abs(key_points(head)["expression_01"] - wanted).max() < 1e-6
    bpy.ops.ofer.use_identity(name="identity_01")
    assert np.array_equal(key_points(head)["Basis"], identities[0])


def hat(head: bpy.types.Object) -> np.ndarray:
    """Join a cube to the head, as Ctrl+J does; its vertices in the head's object."""
    bpy.ops.mesh.primitive_cube_add(size=0.1, location=(0, 0, 0.2))
    hat = bpy.context.object
    for each in bpy.context.selected_objects:
        each.select_set(False)
    hat.select_set(True)
    head.select_set(True)
    bpy.context.view_layer.objects.active = head
    bpy.ops.object.join()
    return key_points(head)["Basis"][OWN:]


@pytest.mark.parametrize("how", ["nothing", "all at once"])
def test_what_was_joined_to_the_head_is_carried_along(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path, how: str
) -> None:
    cube = hat(head)
    assert len(cube) == 8 and len(head.data.vertices) == OWN + 8
    place = PLACED[how](head)
    cube = at(place, cube)
    moved_hat = head.data.shape_keys.key_blocks["expression_02"]
    points = shape_keys.points(moved_hat)
    points[OWN:] += 0.5
    shape_keys.set_points(moved_hat, points)
    bpy.ops.ofer.use_identity(name="identity_03")
    more = synthetic.write_more(tmp_path / "more")
    assert bpy.ops.ofer.add_heads(directory=str(more.folder), head=head.name) == {"FINISHED"}
    assert bpy.ops.ofer.add_arkit() == {"FINISHED"}
    moves, units = answer(tmp_path / "answer.npz", record, 2)
    bpy.ops.ofer.renew_expressions(filepath=str(tmp_path / "answer.npz"), head=head.name)
    now = key_points(head)
    for number, move in enumerate(moves, 1):
        found = now[f"expression_{number:02d}"] - now["Basis"]
        assert close(found[:OWN], turned(place, move), place)
    for name, unit in zip(ARKIT_52, units, strict=True):
        assert close((now[name] - now["Basis"])[:OWN], turned(place, unit), place)
    new = to_blender(more.array("identity_vertices")[5])
    assert close(now["identity_06"][:OWN], at(place, new), place)
    for name, found in now.items():
        wanted = cube + (0.5 if name == "expression_02" else 0.0)
        assert close(found[OWN:], wanted, place), name
    bpy.ops.ofer.add_rig()
    group = head.vertex_groups["head"].index
    for vertex in head.data.vertices[OWN:]:
        assert [(entry.group, entry.weight) for entry in vertex.groups] == [(group, 1.0)]
    colours = head.data.color_attributes[certainty.LAYERS[certainty.Colouring.GUESSED]]
    assert len(colours.data) == OWN + 8


def test_a_head_joined_to_a_hat_is_told_of(head: bpy.types.Object) -> None:
    """Of two objects, Blender keeps what is noted on the active one alone."""
    bpy.ops.mesh.primitive_cube_add(size=0.1, location=(0, 0, 0.2))
    hat = bpy.context.object
    assert not any("not its gallery" in line for line in draw("OFER_PT_hypotheses"))
    head.select_set(True)
    bpy.ops.object.join()
    assert bpy.context.object == hat and len(hat.data.vertices) == OWN + 8
    said = " ".join(draw("OFER_PT_hypotheses"))
    assert "join with the head as the active object" in said
    for operator in ("use_identity", "add_arkit", "add_rig", "export_head", "more_like_this"):
        with pytest.raises(RuntimeError, match="has a head's keys, but not its gallery"):
            getattr(bpy.ops.ofer, operator)()


def test_another_head_joined_to_it_is_carried_along(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    """Its vertices have keys of the same names, and keep them."""
    arrays = {"identity_vertices": record.array("identity_vertices") * 1.1}
    other = synthetic.write(tmp_path, "bert", **arrays)
    bpy.ops.ofer.insert_head(directory=str(other.folder))
    bpy.context.object.matrix_world.identity()
    bpy.context.view_layer.objects.active = head
    head.select_set(True)
    bpy.ops.object.join()
    theirs = to_blender(other.array("identity_vertices"))
    assert bpy.ops.ofer.use_identity(name="identity_03") == {"FINISHED"}
    assert bpy.ops.ofer.add_arkit() == {"FINISHED"}
    now, mine = key_points(head), to_blender(record.array("identity_vertices"))
    for name, row in (("Basis", 2), ("identity_01", 0), ("identity_02", 1)):
        assert close(now[name][:OWN], mine[row], Matrix())
        assert close(now[name][OWN:], theirs[row], Matrix())
    for name, unit in zip(ARKIT_52, to_blender(record.array("arkit_units")), strict=True):
        moves = now[name] - now["Basis"]
        assert close(moves[:OWN], unit, Matrix()) and not moves[OWN:].any()


@pytest.mark.parametrize("named", ["jawOpen", "all 52"])
@pytest.mark.parametrize("how", ["nothing", "all at once"])
def test_a_beard_with_units_of_its_own_moves_with_the_head(
    head: bpy.types.Object, record: Reconstruction, how: str, named: str
) -> None:
    """Its keys have the names of the head's, which does not have them yet."""
    place = PLACED[how](head)
    bpy.ops.mesh.primitive_cube_add(size=0.1, location=(0, 0, 0.2))
    beard = bpy.context.object
    beard.shape_key_add(name="Basis")
    for name in ARKIT_52 if named == "all 52" else [named]:
        for point in beard.shape_key_add(name=name, from_mix=False).data:
            point.co.z += 0.05
    head.select_set(True)
    bpy.context.view_layer.objects.active = head
    bpy.ops.object.join()
    assert bpy.ops.ofer.add_arkit() == {"FINISHED"}
    now = key_points(head)
    for name, unit in zip(ARKIT_52, to_blender(record.array("arkit_units")), strict=True):
        moved = now[name] - now["Basis"]
        assert close(moved[:OWN], turned(place, unit), place), name
        raised = 0.05 if named in ("all 52", name) else 0.0
        assert np.abs(moved[OWN:] - (0, 0, raised)).max() < 1e-5, name
    assert not bpy.ops.ofer.add_arkit.poll()


def test_a_skin_covers_the_head_alone(head: bpy.types.Object, tmp_path: Path) -> None:
    folder = write_skin(tmp_path / "skin")
    hat(head)
    before = uvs(head)
    assert wear(head, folder) == {"FINISHED"}
    own = sum(len(polygon.vertices) for polygon in head.data.polygons[:-6])
    assert np.array_equal(uvs(head)[own:], before[own:])
    assert (uvs(head)[160:own] == np.float32((0.25, 0.75))).all()


def a_vertex_deleted(head: bpy.types.Object) -> None:
    edit(head, lambda mesh: bmesh.ops.delete(mesh, geom=[mesh.verts[5]], context="VERTS"))


def a_vertex_deleted_and_a_hat_joined(head: bpy.types.Object) -> None:
    a_vertex_deleted(head)
    hat(head)
    assert len(head.data.vertices) > OWN


def merged(head: bpy.types.Object) -> None:
    edit(head, lambda mesh: bmesh.ops.pointmerge(mesh, verts=mesh.verts[30:32],
                                                 merge_co=mesh.verts[30].co))  # fmt: skip


def subdivided(head: bpy.types.Object) -> None:
    edit(head, lambda mesh: bmesh.ops.subdivide_edges(mesh, edges=mesh.edges[40:41], cuts=1))


def reordered(head: bpy.types.Object) -> None:
    def turn_round(mesh: bmesh.types.BMesh) -> None:
        for vertex in mesh.verts:
            vertex.index = OWN - 1 - vertex.index
        mesh.verts.sort()

    edit(head, turn_round)


def two_swapped(head: bpy.types.Object) -> None:
    def swap(mesh: bmesh.types.BMesh) -> None:
        mesh.verts[60].index, mesh.verts[75].index = 75, 60
        mesh.verts.sort()

    edit(head, swap)


def separated(head: bpy.types.Object) -> None:
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="DESELECT")
    mesh = bmesh.from_edit_mesh(head.data)
    mesh.faces.ensure_lookup_table()
    for face in mesh.faces[60:70]:
        face.select = True
    mesh.select_flush_mode()
    bmesh.update_edit_mesh(head.data)
    bpy.ops.mesh.separate(type="SELECTED")
    bpy.ops.object.mode_set(mode="OBJECT")


def mirrored(head: bpy.types.Object) -> None:
    head.scale.x = -1
    bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)


def flattened(head: bpy.types.Object) -> None:
    head.scale.y = 0.0
    bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)


def absolute_keys(head: bpy.types.Object) -> None:
    head.data.shape_keys.use_relative = False


def no_number(head: bpy.types.Object) -> None:
    head.data.shape_keys.reference_key.data[60].co = (float("nan"),) * 3
    head.data.update()
    bpy.context.view_layer.update()


def edit(head: bpy.types.Object, change: Callable[[bmesh.types.BMesh], object]) -> None:
    bpy.ops.object.mode_set(mode="EDIT")
    mesh = bmesh.from_edit_mesh(head.data)
    mesh.verts.ensure_lookup_table()
    mesh.edges.ensure_lookup_table()
    change(mesh)
    bmesh.update_edit_mesh(head.data)
    bpy.ops.object.mode_set(mode="OBJECT")


SPOILED = {
    a_vertex_deleted: "was changed",
    a_vertex_deleted_and_a_hat_joined: "was changed",
    merged: "was changed",
    subdivided: "was changed",
    reordered: "was changed",
    two_swapped: "was changed",
    separated: "was changed",
    mirrored: "was mirrored",
    flattened: "was flattened",
    no_number: "place is no number",
    absolute_keys: "absolute shape keys",
}
WORK = ("more_like_this", "again", "express", "add_arkit", "add_rig")


@pytest.mark.parametrize("spoil", SPOILED, ids=lambda each: each.__name__)
def test_a_head_that_nothing_fits_is_refused_before_any_work(
    head: bpy.types.Object, employ: Employ, tmp_path: Path, spoil: Callable
) -> None:
    employ("ok")
    spoil(head)
    bpy.context.view_layer.objects.active = head
    said = SPOILED[spoil]
    before = dump()
    for operator in WORK:
        with pytest.raises(RuntimeError, match=said):
            getattr(bpy.ops.ofer, operator)()
    if said == "was changed":
        with pytest.raises(RuntimeError, match=said):
            bpy.ops.ofer.make_skin(filepath=picture(tmp_path))
    assert jobs.queue.job is None and jobs.queue.client is None, "the engine was not even started"
    assert differences(before, dump()) == []
    bpy.ops.ofer.use_identity(name="identity_02")
    assert head.ofer.basis == "identity_02", "the keys that are there can still be used"


def test_a_deleted_basis_is_named_before_any_work(head: bpy.types.Object, employ: Employ) -> None:
    """Blender lets the next key take its place, which would be taken for the head before it."""
    employ("ok")
    for name in ("identity_03", "identity_04"):
        bpy.ops.ofer.blend_add(name=name)
    head.active_shape_key_index = 0
    bpy.ops.object.shape_key_remove()
    assert head.data.shape_keys.reference_key.name == "identity_02"
    before = dump()
    wishes = {name: {} for name in (*WORK, "use_blend")}
    wishes |= {"use_identity": {"name": "identity_03"}, "compare": {"count": "4"}}
    for operator, wish in wishes.items():
        with pytest.raises(RuntimeError, match="The Basis of anna was deleted"):
            getattr(bpy.ops.ofer, operator)(**wish)
    assert jobs.queue.job is None and differences(before, dump()) == []


def test_what_is_spoiled_while_the_engine_works_is_refused_when_it_comes(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    more = synthetic.write_more(tmp_path / "more")
    answer(tmp_path / "answer.npz", record, 0)
    reordered(head)
    before = dump()
    with pytest.raises(RuntimeError, match="was changed"):
        bpy.ops.ofer.add_heads(directory=str(more.folder), head=head.name)
    with pytest.raises(RuntimeError, match="was changed"):
        bpy.ops.ofer.renew_expressions(filepath=str(tmp_path / "answer.npz"), head=head.name)
    assert differences(before, dump()) == []


def test_faces_added_or_turned_into_triangles_are_no_obstacle(head: bpy.types.Object) -> None:
    def more_faces(mesh: bmesh.types.BMesh) -> None:
        mesh.faces.ensure_lookup_table()
        bmesh.ops.triangulate(mesh, faces=mesh.faces[50:60])
        mesh.verts.new((0, 0, 1))

    edit(head, more_faces)
    assert bpy.ops.ofer.add_arkit() == {"FINISHED"}
    assert bpy.ops.ofer.add_rig() == {"FINISHED"}


def test_a_head_cut_at_the_neck_is_still_seen_through_its_photo(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    a_vertex_deleted(head)
    assert bpy.ops.ofer.through_photo(filepath=picture(tmp_path)) == {"FINISHED"}
    bpy.ops.ofer.through_photo()
    PLACED["all at once"](head)
    before = dump()
    with pytest.raises(RuntimeError, match="was changed"):
        bpy.ops.ofer.through_photo()
    assert differences(before, dump()) == []


def test_no_camera_sees_a_mirrored_head_as_the_photo_does(tmp_path: Path) -> None:
    shapes = synthetic._arrays()["identity_vertices"]
    shapes[0] = synthetic._egg()[0]  # the same from both sides
    record = synthetic.write(tmp_path, identity_vertices=shapes)
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    mirrored(bpy.context.object)
    with pytest.raises(RuntimeError, match="was mirrored"):
        bpy.ops.ofer.through_photo(filepath=picture(tmp_path))


@pytest.mark.parametrize("applied", [False, True])
def test_no_camera_sees_a_stretched_head_as_the_photo_does(
    head: bpy.types.Object, tmp_path: Path, applied: bool
) -> None:
    head.scale = (1, 1, 1.4)
    bpy.context.view_layer.update()
    if applied:
        bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
    before = dump()
    with pytest.raises(RuntimeError, match="was stretched"):
        bpy.ops.ofer.through_photo(filepath=picture(tmp_path))
    assert differences(before, dump()) == []


@pytest.mark.parametrize("replace", ["cleared", "another"])
def test_keys_that_are_not_of_the_mesh_are_named(head: bpy.types.Object, replace: str) -> None:
    """As a script leaves them that writes another mesh into the head's."""
    mesh = head.data
    mesh.clear_geometry()
    if replace == "another":
        mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    bpy.context.view_layer.update()
    before = dump()
    for asked in (
        bpy.ops.ofer.compare,
        bpy.ops.ofer.use_blend,
        lambda: bpy.ops.ofer.use_identity(name="identity_02"),
        lambda: bpy.ops.ofer.blend_add(name="identity_02"),
    ):
        with pytest.raises(RuntimeError, match="The shape keys of this head are not of its mesh"):
            asked()
    assert differences(before, dump()) == []


def test_scaled_to_nothing_and_back_the_camera_sees_it_as_ever(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    bpy.ops.ofer.through_photo(filepath=picture(tmp_path))
    bpy.context.view_layer.update()
    wanted = np.array(head.ofer.camera.matrix_world)
    bpy.ops.ofer.through_photo()
    bpy.data.objects.remove(head.ofer.camera)
    head.scale = (0, 0, 0)
    bpy.context.view_layer.update()
    bpy.ops.ofer.through_photo(filepath=picture(tmp_path))
    head.scale = (1, 1, 1)
    bpy.context.view_layer.update()
    np.testing.assert_allclose(np.array(head.ofer.camera.matrix_world), wanted, atol=1e-6)


@pytest.mark.parametrize("operator", ["through_photo", "compare"])
def test_a_scale_that_is_no_number_is_named(
    head: bpy.types.Object, tmp_path: Path, operator: str
) -> None:
    bpy.ops.ofer.choose_photo(filepath=picture(tmp_path))
    head.scale.x = float("nan")
    bpy.context.view_layer.update()
    before = dump()
    arguments = {"filepath": picture(tmp_path)} if operator == "through_photo" else {}
    with pytest.raises(RuntimeError, match="is turned or scaled by what is no number"):
        getattr(bpy.ops.ofer, operator)(**arguments)
    assert differences(before, dump()) == []


def test_without_its_reconstruction_a_head_is_rigged_as_it_was_drawn(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    del head["ofer_kept"]
    head.ofer.folder = str(tmp_path / "gone.ofer")
    bpy.ops.ofer.add_rig()
    joints = to_blender(record.array("identity_joints"))[0]
    for name, joint in zip(record.joints, joints, strict=True):
        bone = rig.rig_of(head).data.bones[name]
        assert np.abs(np.array(bone.head_local) - joint).max() < 1e-4


def test_a_gallery_that_lost_the_basis_is_named(head: bpy.types.Object, employ: Employ) -> None:
    employ("ok")
    head.ofer.identities.remove(head.ofer.identities.find("identity_01"))
    with pytest.raises(RuntimeError, match="does not hold the head 'identity_01'"):
        bpy.ops.ofer.express()
    assert jobs.queue.job is None


def test_an_answer_that_is_none_changes_nothing(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    path = tmp_path / "answer.npz"
    answer(path, record, 0)
    whole = path.read_bytes()
    spoiled = [whole[: len(whole) // 2], b"", b"no array", whole[:30]]
    before = dump()
    for content in spoiled:
        path.write_bytes(content)
        with pytest.raises(RuntimeError, match="cannot be read"):
            bpy.ops.ofer.renew_expressions(filepath=str(path), head=head.name)
    for shapes in (np.zeros((3, 60, 3)), np.full((3, OWN, 3), np.nan), np.zeros((3, OWN, 3), int),
                   np.float64(1), np.array(["a"])):  # fmt: skip
        np.savez(path, expression_vertices=shapes)
        with pytest.raises(RuntimeError, match="cannot be read"):
            bpy.ops.ofer.renew_expressions(filepath=str(path), head=head.name)
    assert differences(before, dump()) == []


@pytest.mark.parametrize("broad", [False, True])
def test_a_map_is_found_under_any_sculpt(broad: bool) -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(0, 0.1, (5000, 3))
    linear = 3 * np.array(Matrix.Rotation(2.0, 3, Vector((1, 2, 3))))
    sculpted = points + (rng.normal(0, 0.001, points.shape) if broad else 0)
    if not broad:
        sculpted[:3500] += rng.normal(0, 0.01, (3500, 3)) + (0, -0.009, 0.02)
    found = affine_map.find(points, sculpted @ linear.T + (3, -2, 1))
    assert np.abs(found.linear - linear).max() < (5e-3 if broad else 1e-6)
    still = affine_map.find(points, sculpted)
    assert np.array_equal(still.linear, np.eye(3)) and not still.offset.any(), "not moved at all"
