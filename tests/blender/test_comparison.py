"""Compare among other objects: nothing stands in anything, modifiers are kept, all comes back."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector
from ofer_faces.ofer_blender.head import (
    comparison,
    deleted_heads,
    hypotheses,
    modifiers,
    shape_keys,
)
from ofer_faces.ofer_blender.rig import rig
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from recording_layout import draw
from scene_dump import differences, dump
from test_rig import evaluated
from test_shaping import anew


def box(thing: bpy.types.Object) -> tuple[np.ndarray, np.ndarray]:
    """Its corners in the world, as it is shown."""
    bpy.context.view_layer.update()
    shown = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    corners = np.array([tuple(thing.matrix_world @ Vector(c)) for c in shown.bound_box])
    return corners.min(0), corners.max(0)


def apart(one: bpy.types.Object, other: bpy.types.Object) -> bool:
    (low, high), (other_low, other_high) = box(one), box(other)
    return bool((low >= other_high).any() or (other_low >= high).any())


def compare(**arguments: object) -> None:
    assert bpy.ops.ofer.compare("EXEC_DEFAULT", True, **arguments) == {"FINISHED"}


def bodies(head: bpy.types.Object) -> dict[str, bpy.types.Object]:
    return {e.ofer.compared_as: e for e in comparison.copies(head) if e.type == "MESH"}


def all_apart(head: bpy.types.Object) -> None:
    """No copy stands in another, nor in anything that is visible."""
    there = comparison.copies(head)
    solid = ("MESH", "CURVE", "FONT", "ARMATURE")
    others = [e for e in bpy.context.visible_objects if e not in there and e.type in solid]
    copies = list(bodies(head).values())
    assert len(copies) > 1
    for one, other in combinations(copies, 2):
        assert apart(one, other), (one.name, other.name)
    for copy in there:
        for other in others:
            assert apart(copy, other), (copy.name, other.name)


def cube(place: tuple[float, float, float], size: float = 0.2) -> bpy.types.Object:
    bpy.ops.mesh.primitive_cube_add(size=size, location=place)
    return bpy.context.object


def beside(head: bpy.types.Object, record: Reconstruction) -> None:
    for x in (-0.3, 0.25):
        cube((x, 0, 0))


def above_and_below(head: bpy.types.Object, record: Reconstruction) -> None:
    cube((0, 0, 0.3))
    cube((0, 0, -0.3))


def all_around(head: bpy.types.Object, record: Reconstruction) -> None:
    for x in (-0.6, -0.3, 0.3, 0.6):
        for z in (0.0, 0.35, 0.7):
            cube((x, 0.02, z))


def a_row_of_heads(head: bpy.types.Object, record: Reconstruction) -> None:
    for _ in range(2):
        bpy.ops.ofer.insert_head(directory=str(record.folder))


def a_hat(head: bpy.types.Object, record: Reconstruction) -> None:
    hat = cube((0, 0, 0.15), 0.16)
    hat.parent = head


def a_plinth(head: bpy.types.Object, record: Reconstruction) -> None:
    cube((0, 0, -1.14), 2.0)


def a_floor(head: bpy.types.Object, record: Reconstruction) -> None:
    bpy.ops.mesh.primitive_plane_add(size=20, location=(0, 0, -0.131))


def text_and_a_curve(head: bpy.types.Object, record: Reconstruction) -> None:
    bpy.ops.object.text_add(location=(0.1, 0, 0), rotation=(1.57, 0, 0))
    bpy.ops.curve.primitive_bezier_circle_add(radius=0.2, location=(1.3, 0, 0))


def its_own_rig(head: bpy.types.Object, record: Reconstruction) -> None:
    bpy.context.view_layer.objects.active = head
    bpy.ops.ofer.add_rig()


SCENES = (beside, above_and_below, all_around, a_row_of_heads, a_hat, a_plinth, a_floor,
          text_and_a_curve, its_own_rig)  # fmt: skip


@pytest.mark.parametrize("scene", SCENES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("count", ["4", "9"])
def test_room_is_made_among_other_objects(
    head: bpy.types.Object, record: Reconstruction, scene: Callable, count: str
) -> None:
    scene(head, record)
    for each in bpy.context.selected_objects:
        each.select_set(False)
    head.select_set(True)
    bpy.context.view_layer.objects.active = head
    head.modifiers.new("Smooth", "SUBSURF").levels = 1
    bpy.ops.ed.undo_push(message="Before")
    bpy.context.view_layer.update()
    before = dump()
    compare(count=count)
    all_apart(head)
    assert bpy.ops.ofer.end_compare("EXEC_DEFAULT", True) == {"FINISHED"}
    assert differences(before, dump()) == []


def test_without_obstacles_they_stand_where_the_head_is(head: bpy.types.Object) -> None:
    middle = np.mean(box(head), axis=0)
    cube((0, 0, 50))
    light = bpy.data.objects.new("light", bpy.data.lights.new("light", "POINT"))
    bpy.context.scene.collection.objects.link(light)
    bpy.context.view_layer.objects.active = head
    compare(count="4")
    corners = np.concatenate([box(each) for each in bodies(head).values()])
    aside = (corners.min(0) + corners.max(0)) / 2 - middle
    assert abs(aside[0]) < 0.01 and abs(aside[1]) < 0.01
    all_apart(head)


def test_in_a_room_they_stay_in_the_room(head: bpy.types.Object) -> None:
    walls = cube((0, 0, 0), 6.0)
    table = cube((0.5, 0, 0), 0.4)
    bpy.context.view_layer.objects.active = head
    compare(count="9")
    low, high = box(walls)
    for copy in bodies(head).values():
        copy_low, copy_high = box(copy)
        assert (copy_low > low).all() and (copy_high < high).all()
        assert apart(copy, table)


def test_a_hidden_object_is_no_obstacle(head: bpy.types.Object) -> None:
    for each in (cube((0.3, 0, 0)), cube((-0.3, 0, 0))):
        each.hide_set(True)
    bpy.context.view_layer.objects.active = head
    compare(count="4")
    across = [each.matrix_world.translation.x for each in bodies(head).values()]
    assert np.mean(across) == pytest.approx(0, abs=1e-6)


def test_the_photo_beside_the_head_stays_in_sight(head: bpy.types.Object) -> None:
    photo = bpy.data.objects.new("beside", None)
    photo.empty_display_type, photo.data = "IMAGE", bpy.data.images.new("photo", 40, 20)
    photo.empty_display_size, photo.empty_image_offset = 0.4, (-0.5, -0.5)
    photo.location, photo.rotation_euler = (-0.35, 0, 0), (1.5707963, 0, 0)
    bpy.context.scene.collection.objects.link(photo)
    bpy.context.view_layer.objects.active = head
    for is_its, clear in ((False, False), (True, True)):
        head.ofer.photo_beside = photo if is_its else None
        compare(count="9")
        lows = np.array([box(each)[0] for each in bodies(head).values()])
        highs = np.array([box(each)[1] for each in bodies(head).values()])
        covered = (lows[:, 0] < -0.15) & (highs[:, 0] > -0.55) & (lows[:, 2] < 0.1)
        covered &= highs[:, 2] > -0.1
        assert covered.any() != clear
        bpy.ops.ofer.end_compare()


@pytest.mark.parametrize("scale", [0.01, 10.0])
def test_scaled_heads_stand_apart_too(head: bpy.types.Object, scale: float) -> None:
    head.scale = (scale, scale, scale)
    bpy.context.view_layer.update()
    compare(count="4")
    all_apart(head)
    low, high = (
        np.min([box(e)[0] for e in bodies(head).values()], axis=0),
        np.max([box(e)[1] for e in bodies(head).values()], axis=0),
    )
    width = box(next(iter(bodies(head).values())))
    assert (high - low)[0] < 2.5 * (width[1] - width[0])[0], "no farther than they must"


@pytest.mark.parametrize("applied", [False, True])
def test_a_head_that_lies_is_compared_lying(head: bpy.types.Object, applied: bool) -> None:
    """Side by side as its face looks, whichever way the mesh was turned."""
    head.rotation_euler = (0, 0, np.pi / 2)
    if applied:
        bpy.ops.object.transform_apply(location=False, rotation=True, scale=False)
    bpy.context.view_layer.update()
    compare(count="4")
    first, second = list(bodies(head).values())[:2]
    way = second.matrix_world.translation - first.matrix_world.translation
    assert way.normalized().y == pytest.approx(1, abs=1e-4), "its left is along +Y now"
    all_apart(head)


def test_an_artists_key_moves_the_copies_as_it_moves_the_head(head: bpy.types.Object) -> None:
    keys = head.data.shape_keys.key_blocks
    for name, other, away in (("sneer", "Basis", 0.02), ("fix", "sneer", 0.03)):
        key = head.shape_key_add(name=name, from_mix=False)
        shape = shape_keys.points(keys[other])
        shape_keys.set_points(key, shape + np.array((0, -away, 0), np.float32))
        key.relative_key = keys[other]
    half = head.vertex_groups.new(name="half")
    half.add(range(0, len(head.data.vertices), 2), 0.5, "REPLACE")
    head.data.shape_keys.key_blocks["fix"].vertex_group = half.name
    head.data.shape_keys.key_blocks["fix"].value = 1.0
    shown = evaluated(head) - np.array(head.matrix_world.translation)
    compare()
    points = np.empty(shown.size, np.float32)
    bodies(head)[head.ofer.basis].data.vertices.foreach_get("co", points)
    assert np.abs(points.reshape(-1, 3) - shown).max() < 1e-6


def test_modifiers_are_kept_on_the_copies(head: bpy.types.Object) -> None:
    smooth = head.modifiers.new("Smooth", "SUBSURF")
    smooth.levels = 2
    thick = head.modifiers.new("Thick", "SOLIDIFY")
    thick.thickness, thick.show_viewport = 0.02, False
    head.modifiers.new("Only the lips", "SMOOTH").vertex_group = "jaw"
    shown = len(evaluated(head))
    bpy.ops.ed.undo_push(message="Before")
    before = dump()
    compare(count="4")
    for copy in bodies(head).values():
        kept = [(m.name, m.type, m.show_viewport) for m in copy.modifiers]
        assert kept == [(m.name, m.type, m.show_viewport) for m in head.modifiers]
        assert copy.modifiers["Smooth"].levels == 2
        assert copy.modifiers["Only the lips"].vertex_group == "jaw" in copy.vertex_groups
        assert len(copy.data.vertices) == 120 and len(evaluated(copy)) == shown
    first = bodies(head)["identity_01"]
    way = first.matrix_world.translation - head.matrix_world.translation
    bpy.ops.ofer.end_compare("EXEC_DEFAULT", True)
    assert differences(before, dump()) == []
    bpy.ops.ed.undo()
    head = bpy.data.objects["anna"]
    first = bodies(head)["identity_01"]
    shape = evaluated(first) - np.array(way)
    bpy.ops.ofer.end_compare()
    assert np.abs(shape - evaluated(head)).max() < 1e-5, "the best head looks as it did"


def test_a_posed_rig_shows_on_the_copies_where_they_stand(head: bpy.types.Object) -> None:
    bpy.ops.ofer.add_rig()
    armature = rig.rig_of(head)
    armature.pose.bones["head"].rotation_euler = (0.6, 0.2, 0.4)
    armature.pose.bones["jaw"].rotation_euler.x = 0.3
    head.modifiers.new("Smooth", "SUBSURF").levels = 1
    bpy.context.view_layer.update()
    assert modifiers.bound(head) == 1
    wanted = {}
    for item in head.ofer.identities:
        bpy.ops.ofer.show(name=item.name)
        wanted[item.name] = evaluated(head)
    bpy.ops.ofer.show(name="identity_03")
    bpy.ops.ed.undo_push(message="Before")
    bpy.context.view_layer.update()
    before = dump()
    compare(count="4")
    for name, copy in bodies(head).items():
        assert [m.name for m in copy.modifiers] == ["Smooth"]
        way = np.array(copy.matrix_world.translation - head.matrix_world.translation)
        assert np.abs(evaluated(copy) - way - wanted[name]).max() < 1e-5
    assert hypotheses.identity_values(head)["identity_03"] == 1.0
    bpy.ops.ofer.end_compare("EXEC_DEFAULT", True)
    assert differences(before, dump()) == []


def test_a_lattice_far_away_still_shapes_the_copies(head: bpy.types.Object) -> None:
    lattice = bpy.data.objects.new("lattice", bpy.data.lattices.new("lattice"))
    bpy.context.scene.collection.objects.link(lattice)
    lattice.scale = (0.4, 0.4, 0.4)
    lattice.data.points[0].co_deform.z -= 0.5
    head.modifiers.new("Cage", "LATTICE").object = lattice
    bpy.context.view_layer.update()
    wanted = evaluated(head)
    compare(count="4")
    copy = bodies(head)["identity_01"]
    way = np.array(copy.matrix_world.translation - head.matrix_world.translation)
    assert np.abs(evaluated(copy) - way - wanted).max() < 1e-5


def test_nodes_are_told_apart_by_what_they_look_at(head: bpy.types.Object) -> None:
    def nodes(name: str, socket: str) -> bpy.types.Modifier:
        tree = bpy.data.node_groups.new(name, "GeometryNodeTree")
        for way, kind in (("INPUT", "NodeSocketGeometry"), ("INPUT", socket),
                          ("OUTPUT", "NodeSocketGeometry")):  # fmt: skip
            tree.interface.new_socket("Socket", in_out=way, socket_type=kind)
        ends = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
        tree.links.new(ends[0].outputs[0], ends[1].inputs[0])
        modifier = head.modifiers.new(name, "NODES")
        modifier.node_group = tree
        return modifier

    nodes("by itself", "NodeSocketFloat")
    assert modifiers.bound(head) == 0
    compare(count="4")
    assert all([m.name for m in e.modifiers] == ["by itself"] for e in bodies(head).values())
    bpy.ops.ofer.end_compare()
    nodes("towards another", "NodeSocketObject")
    nodes("after it", "NodeSocketFloat")
    assert modifiers.bound(head) == 2
    compare(count="4")
    assert all([m.name for m in e.modifiers] == ["after it"] for e in bodies(head).values())


def test_what_was_selected_is_selected_again(head: bpy.types.Object) -> None:
    other = cube((2, 0, 0))
    bpy.ops.ofer.add_rig.poll()
    bpy.context.view_layer.objects.active = head
    head.select_set(False)
    assert bpy.context.selected_objects == [other]
    bpy.ops.ed.undo_push(message="Before")
    before = dump()
    compare(count="4")
    compare(count="4", page=1)
    bpy.ops.ofer.end_compare("EXEC_DEFAULT", True)
    assert differences(before, dump()) == []
    for each in bpy.context.selected_objects:
        each.select_set(False)
    before = dump()
    compare(count="4")
    bpy.ops.ofer.end_compare("EXEC_DEFAULT", True)
    assert bpy.context.selected_objects == [] and bpy.context.object == head
    assert differences(before, dump()) == []


def test_a_collection_instance_is_an_obstacle(head: bpy.types.Object) -> None:
    inside = bpy.data.collections.new("inside")
    part = bpy.data.objects.new("part", cube((0, 0, 0)).data)
    bpy.data.objects.remove(bpy.context.object)
    inside.objects.link(part)
    instance = bpy.data.objects.new("instance", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", inside
    instance.matrix_world = Matrix.Translation((0.3, 0, 0))
    bpy.context.scene.collection.objects.link(instance)
    bpy.context.view_layer.objects.active = head
    compare(count="4")
    for copy in bodies(head).values():
        low, high = box(copy)
        assert low[0] >= 0.4 or high[0] <= 0.2 or low[2] >= 0.1 or high[2] <= -0.1


def test_what_an_artist_made_of_the_copies_stays(head: bpy.types.Object) -> None:
    bpy.ops.ofer.compare(count="4")
    copies = [each for each in comparison.copies(head) if each.type == "MESH"]
    assert len(copies) == 4
    bpy.ops.object.select_all(action="DESELECT")
    copies[0].select_set(True)
    bpy.context.view_layer.objects.active = copies[0]
    bpy.ops.object.duplicate()
    duplicate = bpy.context.object
    copies[1].name = "the one I like"
    copies[2].data.vertices[7].co.x += 0.01
    sculpted, points = copies[2], [tuple(each.co) for each in copies[2].data.vertices]
    gone = copies[0].name, copies[3].name
    bpy.ops.ofer.end_compare()
    assert not head.hide_get() and not comparison.copies(head)
    left = [each for each in bpy.data.objects if each != head]
    assert {each.name for each in left} == {duplicate.name, "the one I like", sculpted.name}
    assert not set(gone) & set(bpy.data.objects.keys())
    assert [tuple(each.co) for each in sculpted.data.vertices] == points
    bpy.context.view_layer.objects.active = duplicate
    assert hypotheses.active_head(bpy.context) is None, "it stands for no head any more"
    bpy.context.view_layer.objects.active = head
    bpy.ops.ofer.compare(count="4")
    assert sum(each.type == "MESH" for each in comparison.copies(head)) == 4
    bpy.ops.ofer.end_compare()
    assert {each.name for each in bpy.data.objects} == {each.name for each in (head, *left)}


def test_a_copy_that_an_artist_dressed_stays(head: bpy.types.Object) -> None:
    bpy.ops.ofer.compare(count="4")
    copies = [each for each in comparison.copies(head) if each.type == "MESH"]
    hat = bpy.data.objects.new("hat", None)
    bpy.context.scene.collection.objects.link(hat)
    hat.parent = copies[0]
    hat.location = (0, 0, 0.2)
    copies[1].modifiers.new("Lattice", "LATTICE")
    copies[2].data.materials.append(bpy.data.materials.new("gold"))
    bpy.context.view_layer.update()
    place, kept = hat.matrix_world.copy(), {each.name for each in copies[:3]}
    bpy.ops.ofer.end_compare()
    bpy.context.view_layer.update()
    assert {each.name for each in bpy.data.objects} == kept | {head.name, "hat"}
    assert hat.parent and hat.matrix_world == place


def test_with_nothing_active_the_way_back_is_open(head: bpy.types.Object) -> None:
    """As after the copy that was clicked is deleted."""
    compare(count="4")
    bpy.data.objects.remove(bpy.context.object)
    assert bpy.context.object is None
    assert "Click one of the heads." in draw("OFER_PT_look")
    with pytest.raises(RuntimeError, match="Select one of the heads that are compared first"):
        bpy.ops.ofer.pick_compared()
    bpy.ops.ofer.pick_compared(name="identity_03")
    assert not head.ofer.comparing and head.data.shape_keys.key_blocks["identity_03"].value == 1


@pytest.mark.parametrize("scene", [False, True])
def test_ended_in_another_view_layer_the_head_is_shown_where_it_was(
    head: bpy.types.Object, scene: bool
) -> None:
    began = bpy.context.view_layer
    compare(count="4")
    other = bpy.data.scenes.new("other") if scene else bpy.context.scene
    if scene:
        other.collection.objects.link(head)
        bpy.context.window.scene = other
    else:
        bpy.context.window.view_layer = other.view_layers.new("second")
    bpy.context.view_layer.objects.active = head
    bpy.ops.ofer.end_compare()
    assert not head.hide_get(view_layer=began) and not head.hide_get()
    assert began.objects.active == head and head.select_get(view_layer=began)
    assert bpy.context.view_layer.objects.active == head


def test_a_head_that_left_the_scene_where_it_was_compared_is_shown_where_it_is(
    head: bpy.types.Object,
) -> None:
    compare(count="4")
    began = bpy.context.scene
    other = bpy.data.scenes.new("other")
    other.collection.objects.link(head)
    bpy.context.window.scene = other
    began.collection.objects.unlink(head)
    bpy.context.view_layer.objects.active = head
    assert list(began.view_layers[0].objects.selected)  # which makes Blender list them
    bpy.ops.ed.undo_push(message="Moved")
    assert bpy.ops.ofer.end_compare() == {"FINISHED"}
    assert not head.ofer.comparing and not head.hide_get()
    assert bpy.context.view_layer.objects.active == head
    assert not any(each.ofer.compared_with for each in bpy.data.objects)


@pytest.mark.parametrize("way", ["deleted", "removed"])
def test_a_compared_head_takes_its_copies_along(head: bpy.types.Object, way: str) -> None:
    """Deleted as an artist does, or removed by a script, which leaves no pointer to it."""
    cube((2, 0, 0))
    bpy.context.view_layer.objects.active = head
    compare(count="4")
    sculpted = bodies(head)["identity_02"]
    sculpted.data.vertices[7].co.x += 0.01
    bpy.ops.object.select_all(action="DESELECT")
    head.hide_set(False)
    head.select_set(True)
    bpy.ops.ed.undo_push(message="Before")
    bpy.context.view_layer.update()
    before, name = dump(), sculpted.name
    if way == "deleted":
        bpy.ops.object.delete("EXEC_DEFAULT", True)
    else:
        bpy.data.objects.remove(head)
    bpy.context.view_layer.update()
    assert deleted_heads.clean_up() is None  # as the timer calls it
    for _ in range(2):
        assert {each.name for each in bpy.data.objects} == {"Cube", name}
        assert not bpy.data.objects[name].ofer.compared_as
        bpy.ops.ed.undo()
        bpy.context.view_layer.update()
        assert differences(before, dump()) == []
        bpy.ops.ed.redo()


def test_a_head_that_another_scene_shows_keeps_its_copies(head: bpy.types.Object) -> None:
    compare(count="4")
    bpy.data.scenes.new("other").collection.objects.link(head)
    bpy.context.scene.collection.objects.unlink(head)
    bpy.context.view_layer.update()
    comparison.remove_abandoned()
    assert len(bodies(head)) == 4


def test_copies_that_an_undo_brings_back_stay(head: bpy.types.Object) -> None:
    """They would come and go for ever."""
    compare(count="4")
    bpy.data.objects.remove(head)
    bpy.ops.ed.undo_push(message="Removed by a script")
    bpy.context.view_layer.update()
    bpy.ops.ofer.remove_abandoned("EXEC_DEFAULT", True)
    bpy.ops.ed.undo()
    bpy.context.view_layer.update()
    comparison.remove_abandoned()
    assert len(bpy.data.objects) == 8
    bpy.ops.ed.undo()
    assert bpy.data.objects["anna"].ofer.comparing == 4


def test_a_head_appended_while_it_was_compared_is_the_active_one_again(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    """Of two of one name; what was active is remembered by its name in another file."""
    compare(count="4")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "compared.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    for _ in range(2):
        with bpy.data.libraries.load(str(tmp_path / "compared.blend")) as (_there, asked):
            asked.objects = ["anna"]
        (appended,) = asked.objects
        bpy.context.scene.collection.objects.link(appended)
        bpy.context.view_layer.objects.active = appended
        bpy.ops.ofer.end_compare()
        assert bpy.context.object == appended and not appended.hide_get()


@pytest.mark.parametrize("rigged", [False, True])
@pytest.mark.parametrize("done", ["hint", "pin", "part", "exaggerate", "all"])
def test_each_copy_is_what_that_head_looks_like_when_it_is_shown(
    record: Reconstruction, done: str, rigged: bool
) -> None:
    acts = ("hint", "part", "pin", "another pin", "exaggerate") if done == "all" else (done,)
    head = anew(record, "express", *acts)
    if rigged:
        bpy.ops.ofer.add_rig()
        bpy.context.view_layer.objects.active = head
    wanted = {}
    for name in comparison.page(head, 4, 0):
        bpy.ops.ofer.show(name=name)
        wanted[name] = evaluated(head) - np.array(head.matrix_world.translation)
    bpy.ops.ed.undo_push(message="Before")
    before = dump()
    compare()
    for name, copy in bodies(head).items():
        made = evaluated(copy) - np.array(copy.matrix_world.translation)
        assert np.abs(made - wanted[name]).max() < 1e-6, name
    bpy.ops.ofer.end_compare("EXEC_DEFAULT", True)
    assert differences(before, dump()) == []
