"""Compare, Through the Photo and Seen / Guessed: what they show, and that they leave no trace."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector
from ofer_faces.ofer_blender.head import certainty, comparison, deleted_heads, hypotheses
from ofer_faces.ofer_blender.photo import orientation, through_photo
from ofer_faces.ofer_blender.ui import view
from ofer_faces.ofer_engine.client import png as png_file
from ofer_faces.ofer_engine.contract import certainty as record_certainty
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from recording_layout import draw
from scene_dump import differences, dump
from shapes import key_points, shown


@pytest.fixture
def anna(tmp_path: Path) -> Path:
    """A picture of the size that the record speaks of."""
    path = tmp_path / "anna.jpg"
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[..., 0] = np.arange(640) % 256
    path.write_bytes(png_file.encode(pixels))
    return path


def step(operator: str, **arguments: object) -> None:
    assert getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True, **arguments) == {"FINISHED"}


def coordinates(mesh: bpy.types.Mesh) -> np.ndarray:
    values = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", values)
    return values.reshape(-1, 3)


def test_compare_shows_the_best_with_the_expression(head: bpy.types.Object) -> None:
    old = key_points(head)
    step("show", name="expression_01")
    step("compare", count="4")
    meshes = {e.ofer.compared_as: e for e in comparison.copies(head) if e.type == "MESH"}
    assert list(meshes) == [i.name for i in head.ofer.identities]
    moved = old["expression_01"] - old["Basis"]
    for name, copy in meshes.items():
        wanted = old["Basis" if name == "identity_01" else name] + moved
        assert np.abs(coordinates(copy.data) - wanted).max() <= 1e-6
        assert copy.data.shape_keys is None
        assert [m.name for m in copy.data.materials] == [m.name for m in head.data.materials]
    texts = {e.data.body for e in comparison.copies(head) if e.type == "FONT"}
    assert texts == {hypotheses.caption(i) for i in head.ofer.identities}
    places = np.array([tuple(copy.matrix_world.translation) for copy in meshes.values()])
    gaps = np.linalg.norm(places[:, None] - places[None], axis=-1) + np.eye(4)
    assert gaps.min() > head.dimensions.x, "they do not overlap"
    above = places[2:].mean(axis=0) - head.location
    assert np.allclose(above, (0, 0, 0.18 * head.dimensions.z), atol=1e-5), "it grows upwards"
    assert not head.visible_get() and hypotheses.active_head(bpy.context) == head


def test_compare_and_end_leave_nothing(head: bpy.types.Object) -> None:
    bpy.ops.ed.undo_push(message="Before")
    before = dump()
    step("compare", count="9")
    during = dump()
    step("end_compare")
    assert differences(before, dump()) == []
    bpy.ops.ed.undo()
    assert differences(during, dump()) == []
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_pages_and_picking(head: bpy.types.Object) -> None:
    for number in range(5, 12):
        head.ofer.identities.add().name = f"identity_{number:02d}"
        head.shape_key_add(name=f"identity_{number:02d}", from_mix=False)
    head.ofer.identities["identity_02"].hidden = True
    names = [i.name for i in head.ofer.identities if not i.hidden]
    assert [comparison.page(head, 4, n) for n in range(4)] == [
        names[:4], names[4:8], names[8:], names[:4],
    ]  # fmt: skip
    step("compare", count="4")
    step("compare", count="4", page=2)
    shown_now = [e.ofer.compared_as for e in comparison.copies(head) if e.type == "MESH"]
    assert shown_now == names[8:]
    second = next(e for e in comparison.copies(head) if e.ofer.compared_as == "identity_11")
    bpy.context.view_layer.objects.active = second
    assert any(line.startswith("[ofer.pick_compared] Pick") for line in draw("OFER_PT_look"))
    step("pick_compared")
    assert hypotheses.chosen_identity(head) == "identity_11"
    assert comparison.copies(head) == [] and bpy.context.object == head and head.visible_get()
    assert not bpy.ops.ofer.pick_compared.poll() and not bpy.ops.ofer.end_compare.poll()


@pytest.mark.parametrize(
    ("operator", "arguments"),
    [("show", {"name": "identity_03"}), ("step", {}), ("use_identity", {"name": "identity_02"}),
     ("blend_add", {"name": "identity_02"})],
)  # fmt: skip
def test_showing_another_head_ends_comparing(
    head: bpy.types.Object, operator: str, arguments: dict
) -> None:
    step("compare", count="4")
    before = dump()
    step(operator, **arguments)
    assert comparison.copies(head) == [] and head.visible_get() and bpy.context.object == head
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_a_copy_that_the_artist_deleted_is_no_obstacle(head: bpy.types.Object) -> None:
    before = dump()
    step("compare", count="4")
    bpy.data.objects.remove(comparison.copies(head)[0])
    step("end_compare")
    left = [line for line in differences(before, dump()) if "/meshes/" not in line]
    assert left == [], "but for the mesh of the copy, which was the artist's to remove"


def test_through_the_photo_and_back(head: bpy.types.Object, anna: Path) -> None:
    scene = bpy.context.scene
    own = bpy.data.objects.new("Own", bpy.data.cameras.new("Own"))
    scene.collection.objects.link(own)
    scene.camera, head.location = own, (0.3, -0.2, 1.0)
    bpy.ops.ed.undo_push(message="Before")
    before = dump()
    step("through_photo", filepath=str(anna))
    camera, picture = head.ofer.camera, through_photo.picture(head)
    assert scene.camera == camera
    assert (scene.render.resolution_x, scene.render.resolution_y) == (640, 480)
    assert picture.image.filepath == str(anna) and picture.image.packed_file is None
    assert picture.display_depth == "FRONT" and 0 < picture.alpha < 1
    bpy.context.view_layer.update()
    x, y, z = (float(v) for v in (head.data.vertices[5].co))
    engine = np.array((x, z, -y)) + (0.01, 0.02, -0.8)  # the record's camera is not turned
    wanted = (310 - 700 * engine[0] / engine[2], 250 + 700 * engine[1] / engine[2])
    seen = world_to_camera_view(scene, camera, head.matrix_world @ head.data.vertices[5].co)
    assert np.allclose((seen.x * 640, (1 - seen.y) * 480), wanted, atol=0.02)
    assert any(line.startswith("Opacity of the Photo") for line in draw("OFER_PT_look"))
    step("through_photo")
    assert scene.camera == own and scene.render.resolution_x == 1920
    assert not camera.data.show_background_images, "the camera stays for renders, its photo hidden"
    step("through_photo")
    assert head.ofer.camera == camera and len(camera.data.background_images) == 1
    for _ in range(3):
        bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_the_camera_follows_the_head(head: bpy.types.Object, anna: Path) -> None:
    step("through_photo", filepath=str(anna))
    bpy.context.view_layer.update()
    offset = head.matrix_world.inverted() @ head.ofer.camera.matrix_world
    head.location, head.rotation_euler = (1, 2, 3), (0.1, 0.5, 1.2)
    bpy.context.view_layer.update()
    again = head.matrix_world.inverted() @ head.ofer.camera.matrix_world
    assert np.abs(np.array(offset) - np.array(again)).max() < 1e-5


def test_a_photo_that_is_not_there_changes_nothing(head: bpy.types.Object, tmp_path: Path) -> None:
    before = dump()
    with pytest.raises(RuntimeError, match=r"anna\.jpg is not in the Photo panel"):
        bpy.ops.ofer.through_photo()
    with pytest.raises(RuntimeError, match=r"no photo 'gone\.jpg'"):
        bpy.ops.ofer.through_photo(filepath=str(tmp_path / "gone.jpg"))
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(RuntimeError, match="cannot read"):
        bpy.ops.ofer.through_photo(filepath=str(tmp_path / "text.jpg"))
    assert differences(before, dump()) == []


def exif(kind: int, order: str) -> bytes:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, kind, 0)
    return mark + struct.pack(order + "IH", 8, 1) + entry + b"\0\0\0\0"


@pytest.mark.parametrize("kind", range(1, 9))
def test_orientation_is_read(tmp_path: Path, kind: int) -> None:
    body = b"Exif\0\0" + exif(kind, "<" if kind % 2 else ">")
    other = b"\xff\xe0" + struct.pack(">H", 16) + bytes(14)
    jpeg = b"\xff\xd8" + other + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    (tmp_path / "a.jpg").write_bytes(jpeg + b"\xff\xda")
    assert orientation.orientation(tmp_path / "a.jpg") == kind
    (tmp_path / "a.tif").write_bytes(exif(kind, ">"))
    assert orientation.orientation(tmp_path / "a.tif") == kind
    for length in range(len(jpeg)):  # cut anywhere, it is upright or right, never an exception
        (tmp_path / "cut.jpg").write_bytes(jpeg[:length])
        assert orientation.orientation(tmp_path / "cut.jpg") in (1, kind)


def test_turning_a_picture_upright_is_what_exif_means() -> None:
    upright = np.arange(6).reshape(2, 3)
    stored = {  # EXIF 2.32: which edges the stored first row and column are
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.T, 6: np.rot90(upright), 7: upright[::-1, ::-1].T, 8: np.rot90(upright, -1),
    }  # fmt: skip
    for kind, pixels in stored.items():
        quarters, mirrored = orientation.turn(kind)
        turned = np.rot90(pixels[:, ::-1] if mirrored else pixels, -quarters)
        assert np.array_equal(turned, upright), kind


def test_a_lying_photo_is_shown_standing(head: bpy.types.Object, tmp_path: Path) -> None:
    image = bpy.data.images.new("lying", 480, 640)
    image.filepath_raw, image.file_format = str(tmp_path / "lying.jpg"), "JPEG"
    image.save()
    path = tmp_path / "lying.jpg"
    body = b"Exif\0\0" + exif(6, ">")
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:])
    step("through_photo", filepath=str(path))
    picture = through_photo.picture(head)
    assert picture.rotation == pytest.approx(math.pi / 2)
    assert picture.scale == pytest.approx(640 / 480) and not picture.use_flip_x


def _colours(head: bpy.types.Object, mode: certainty.Colouring) -> np.ndarray:
    layer = head.data.color_attributes[certainty.LAYERS[mode]]
    values = np.empty((len(layer.data), 4), np.float32)
    layer.data.foreach_get("color", values.ravel())
    return values


def test_what_is_told_becomes_colour(record: Reconstruction, head: bpy.types.Object) -> None:
    decided = record_certainty.decided(record)
    rgba = _colours(head, certainty.Colouring.GUESSED)
    assert certainty.mode_of(head) == certainty.Colouring.GUESSED
    assert np.all(rgba[:, 3] == 1)
    order = np.argsort(decided)
    warmth = (rgba[:, 0] - rgba[:, 2])[order]
    assert np.all(np.diff(warmth) <= 1e-6), "the less is told, the warmer"
    assert rgba[order[0], 0] > rgba[order[0], 2] and rgba[order[-1], 2] > rgba[order[-1], 0]


def test_what_is_covered_is_red_however_closely_the_heads_agree(
    tmp_path: Path, record: Reconstruction
) -> None:
    spread = np.full(len(record.array("prior_spread")), 0.0001, np.float32)
    covered = np.arange(len(spread)) % 2
    changed = {"shape_spread": spread, "vertex_visible": (1.0 - covered).astype(np.float32)}
    folder = synthetic.write(tmp_path / "covered", **changed).folder
    bpy.ops.ofer.insert_head(directory=str(folder))
    rgba = _colours(bpy.context.object, certainty.Colouring.GUESSED)
    red = rgba[:, 0] > rgba[:, 2]
    assert np.array_equal(red, covered == 1)


def test_millimetres_are_a_second_mode(record: Reconstruction, head: bpy.types.Object) -> None:
    space = next(a for a in bpy.context.screen.areas if a.type == "VIEW_3D").spaces.active
    spread = record.array("shape_spread")
    rgba = _colours(head, certainty.Colouring.MILLIMETRES)
    warmth = (rgba[:, 0] - rgba[:, 2])[np.argsort(spread)]
    assert np.all(np.diff(warmth) >= -1e-6)
    assert head.ofer.guessed_most == pytest.approx(np.percentile(spread, 85), rel=1e-5)
    bpy.ops.ofer.seen_guessed(mode="MILLIMETRES")
    assert certainty.mode_of(head) == certainty.Colouring.MILLIMETRES
    assert any("or more" in line for line in draw("OFER_PT_look"))
    bpy.ops.ofer.seen_guessed()
    assert certainty.mode_of(head) == certainty.Colouring.GUESSED and view.shows_colours(space)
    bpy.ops.ofer.seen_guessed()
    assert not view.shows_colours(space)


def test_parts_are_said_to_be_decided_or_guessed(tmp_path: Path, record: Reconstruction) -> None:
    count = len(record.array("prior_spread"))
    changed = {
        "vertex_visible": (record.array("part_masks")[0] > 0).astype(np.float32),
        "shape_spread": np.full(count, 0.0005, np.float32),
        "prior_spread": np.full(count, 0.003, np.float32),
    }
    folder = synthetic.write(tmp_path / "nose", **changed).folder
    bpy.ops.ofer.insert_head(directory=str(folder))
    bpy.ops.ofer.seen_guessed()
    lines = draw("OFER_PT_look")
    assert "Nose: decided, ±0.5 mm" in lines
    assert any(line.endswith("guessed, ±0.5 mm") for line in lines)
    assert not any("sure" in line for line in draw("OFER_PT_hypotheses"))


def test_a_head_of_an_older_release_tells_what_is_seen(tmp_path: Path) -> None:
    older = synthetic.write(tmp_path / "older")
    for name in ("shape_spread", "prior_spread", "part_masks"):
        (older.folder / f"{name}.npy").unlink()
    bpy.ops.ofer.insert_head(directory=str(older.folder))
    head, visible = bpy.context.object, older.array("vertex_visible")
    rgba = _colours(head, certainty.Colouring.GUESSED)
    assert np.all(np.diff((rgba[:, 0] - rgba[:, 2])[np.argsort(visible)]) <= 1e-6)
    assert head.ofer.certainty.people == 0 and len(head.ofer.certainty.parts) == 0
    bpy.ops.ofer.seen_guessed()
    assert any("of the face is seen" in line for line in draw("OFER_PT_look"))


def test_colours_are_the_view_s_only(head: bpy.types.Object) -> None:
    space = next(a for a in bpy.context.screen.areas if a.type == "VIEW_3D").spaces.active
    before, usual = dump(), (space.shading.type, space.shading.color_type)
    bpy.ops.ofer.seen_guessed()
    assert (space.shading.type, space.shading.color_type) == ("SOLID", "VERTEX")
    assert any("the photo decides" in line for line in draw("OFER_PT_look"))
    bpy.ops.ofer.seen_guessed()
    assert (space.shading.type, space.shading.color_type) == usual
    assert differences(before, dump()) == []
    for layer in certainty.LAYERS.values():
        head.data.color_attributes.remove(head.data.color_attributes[layer])
    assert not bpy.ops.ofer.seen_guessed.poll()


def test_views_come_back(head: bpy.types.Object, anna: Path) -> None:
    space = next(a for a in bpy.context.screen.areas if a.type == "VIEW_3D").spaces.active
    region = space.region_3d
    region.view_perspective, region.view_location = "PERSP", (1, 2, 3)
    region.view_distance = 4.0
    step("compare", count="4")
    assert region.view_distance != 4.0
    assert (region.view_rotation @ Vector((0, 0, -1))).y == pytest.approx(1), "from the front"
    assert region.view_perspective == "ORTHO"
    step("end_compare")
    assert tuple(region.view_location) == (1, 2, 3) and region.view_distance == 4.0
    step("through_photo", filepath=str(anna))
    assert region.view_perspective == "CAMERA"
    bpy.ops.ed.undo()
    assert region.view_perspective == "PERSP", "no view looks through a camera that is undone"
    assert shown(bpy.data.objects["anna"]).shape == (120, 3)


def test_a_new_head_stands_on_what_would_hide_it(record: Reconstruction) -> None:
    bpy.ops.mesh.primitive_cube_add(size=2)
    bpy.ops.mesh.primitive_cube_add(size=0.8, location=(0, 0, 1.2))
    bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(record.folder))
    head = bpy.context.object
    lowest = record.array("identity_vertices")[..., 1].min()  # of all its shapes: none sinks in
    assert head.location.z + lowest == pytest.approx(1.6) and tuple(head.location)[:2] == (0, 0)
    space = next(a for a in bpy.context.screen.areas if a.type == "VIEW_3D").spaces.active
    region = space.region_3d
    assert (region.view_location - head.location).length < head.dimensions.z
    assert region.view_perspective == "PERSP" and region.view_distance < 1.0
    bpy.context.scene.cursor.location = (0, 5, 0)
    bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(record.folder))
    assert tuple(bpy.context.object.location) == (0, 5, 0)


def _scene_state(scene: bpy.types.Scene) -> tuple[object, int, int]:
    return scene.camera, scene.render.resolution_x, scene.render.resolution_y


def test_two_heads_seen_through_their_photos_give_the_camera_back(
    head: bpy.types.Object, record: Reconstruction, anna: Path
) -> None:
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("mine", bpy.data.cameras.new("mine"))
    before = _scene_state(scene)
    bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(record.folder))
    other = bpy.context.object
    for each in (head, other, head):
        bpy.context.view_layer.objects.active = each
        step("through_photo", filepath=str(anna))
        assert through_photo.is_on(scene, each) and scene.camera == each.ofer.camera
    assert not through_photo.is_on(scene, other)
    step("through_photo")
    assert _scene_state(scene) == before


def test_each_scene_gets_its_own_camera_back(head: bpy.types.Object, anna: Path) -> None:
    first, second = bpy.context.scene, bpy.data.scenes.new("second")
    second.collection.objects.link(head)
    first.render.resolution_x, second.render.resolution_x = 1920, 640
    before = _scene_state(first), _scene_state(second)
    for scene in (first, second, first):
        bpy.context.window.scene = scene
        bpy.context.view_layer.objects.active = head
        step("through_photo", filepath=str(anna))
    assert _scene_state(first) == before[0], "the third call left it"
    bpy.context.window.scene = second
    bpy.context.view_layer.objects.active = head
    head.ofer.through_photo = True  # it was left in the other scene
    step("through_photo")
    assert _scene_state(second) == before[1]


def test_a_camera_and_a_size_chosen_meanwhile_stay(head: bpy.types.Object, anna: Path) -> None:
    scene = bpy.context.scene
    step("through_photo", filepath=str(anna))
    scene.camera = bpy.data.objects.new("chosen", bpy.data.cameras.new("chosen"))
    scene.render.resolution_x = 4096
    chosen = _scene_state(scene)
    assert not through_photo.is_on(scene, head)
    step("through_photo", filepath=str(anna))
    step("through_photo")
    assert _scene_state(scene) == chosen
    step("through_photo", filepath=str(anna))
    scene.render.resolution_x = 2048
    step("through_photo")
    assert (scene.camera, scene.render.resolution_x) == (chosen[0], 2048)


@pytest.mark.parametrize("gone", ["head", "camera"])
def test_the_camera_comes_back_though_the_head_or_the_photos_camera_is_gone(
    gone: str, head: bpy.types.Object, anna: Path
) -> None:
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("mine", bpy.data.cameras.new("mine"))
    before = _scene_state(scene)
    step("through_photo", filepath=str(anna))
    bpy.data.objects.remove(head if gone == "head" else head.ofer.camera)
    bpy.context.view_layer.update()
    if gone == "head":
        assert deleted_heads.clean_up() is None  # as the timer calls it
    else:
        step("through_photo", filepath=str(anna))
        step("through_photo")
    assert _scene_state(scene) == before
