"""A head that is another file's, in part or in whole: each operator does what the file keeps, or
says no in a sentence and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import pytest
from ofer_faces.ofer_blender.head import linked
from ofer_faces.ofer_blender.rig import bone_rings, rig
from scene_dump import differences, dump
from test_found_again import HEADLESS
from test_undo import PREPARED

NOT_OF_THE_HEAD = {
    "choose_photo", "drop_photo", "insert_head", "open_reconstruction", "place_face",
    "remove_photo", "show_photo", "use_image", "use_open_pack",
}  # fmt: skip
OFFERED = sorted(
    name
    for name in set(PREPARED) - NOT_OF_THE_HEAD - set(HEADLESS)
    if not name.startswith("renew_")  # which come by themselves
)


def in_another_file(folder: Path, *names: str) -> list[bpy.types.Object]:
    """Objects of these names, linked into an empty file from what was there before."""
    library = str(folder / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=library)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.objects = list(names)
    return list(wanted.objects)


def shown(thing: bpy.types.Object) -> bpy.types.Object:
    """It in the scene, active."""
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.view_layer.objects.active = thing
    bpy.context.view_layer.update()
    return thing


def _override(head: bpy.types.Object) -> bpy.types.Object:
    return head.override_create()


def _with_an_overridden_mesh(head: bpy.types.Object) -> bpy.types.Object:
    copy = head.copy()
    copy.data = head.data.override_create()
    return copy


def _copy(head: bpy.types.Object) -> bpy.types.Object:
    return head.copy()


WAYS = [_override, _with_an_overridden_mesh, _copy]


@pytest.mark.parametrize("way", WAYS)
def test_no_operator_is_offered(
    head: bpy.types.Object, tmp_path: Path, way: Callable[..., bpy.types.Object]
) -> None:
    bpy.ops.ofer.add_rig()
    made = shown(way(in_another_file(tmp_path, "anna")[0]))
    assert made.ofer.is_head and linked.is_linked(made)
    before = dump()
    for name in OFFERED:
        with pytest.raises(RuntimeError, match="linked from another file: make it local first"):
            getattr(bpy.ops.ofer, name)("EXEC_DEFAULT", True)
    assert differences(before, dump()) == []


@pytest.mark.parametrize("name", HEADLESS)
def test_an_answer_for_an_overridden_mesh_is_refused(
    head: bpy.types.Object, tmp_path: Path, name: str
) -> None:
    arguments = PREPARED[name](tmp_path)
    made = shown(_with_an_overridden_mesh(in_another_file(tmp_path, "anna")[0]))
    before = dump()["shape_keys"]
    with pytest.raises(RuntimeError, match="linked from another file"):
        getattr(bpy.ops.ofer, name)("EXEC_DEFAULT", True, **arguments | {"head": made.name})
    assert differences(before, dump()["shape_keys"]) == []


def test_pictures_for_what_is_no_head_any_more_are_left(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    arguments = PREPARED["renew_pictures_after_heads"](tmp_path)
    bpy.data.objects.remove(head)
    bpy.data.objects.new("anna", None)
    assert bpy.ops.ofer.renew_pictures_after_heads(**arguments) == {"CANCELLED"}


@pytest.mark.parametrize("operator", ["aim_eyes", "real_size", "import_take"])
def test_a_rig_of_another_file_is_not_changed(
    head: bpy.types.Object, tmp_path: Path, operator: str
) -> None:
    bpy.ops.ofer.add_arkit()
    bpy.ops.ofer.add_rig()
    rig.rig_of(head).scale = (2, 2, 2)
    theirs, armature = in_another_file(tmp_path, "anna", "anna rig")
    own = theirs.copy()
    own.data = theirs.data.copy()
    shown(armature)
    shown(own)
    take = tmp_path / "take.csv"
    take.write_text("Timecode,BlendshapeCount,JawOpen,HeadYaw\n00:00:00:00,61,0.5,0.4\n"
                    "00:00:00:01,61,0.4,0.2\n")  # fmt: skip
    before = dump()
    arguments = {"filepath": str(take)} if operator == "import_take" else {}
    with pytest.raises(RuntimeError, match=r"anna rig is linked from another file: .*override"):
        getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True, **arguments)
    left = [each for each in differences(before, dump()) if "animation_data" not in each]
    assert left == []  # but for an empty place for animation, which does nothing


@pytest.mark.parametrize(
    "name", ["add_hair", "add_rig", "aim_eyes", "photo_beside", "replace_head"]
)
def test_what_comes_to_a_head_in_an_overridden_collection_goes_into_the_scene(
    head: bpy.types.Object, tmp_path: Path, name: str
) -> None:
    arguments = PREPARED[name](tmp_path)
    group = bpy.data.collections.new("Set")
    bpy.context.scene.collection.children.link(group)
    for each in list(bpy.context.scene.collection.objects):
        group.objects.link(each)
        bpy.context.scene.collection.objects.unlink(each)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    photo = bpy.context.scene.ofer.photos[0].filepath if name == "photo_beside" else ""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.collections = ["Set"]
    scene, layer = bpy.context.scene, bpy.context.view_layer
    wanted.collections[0].override_hierarchy_create(scene, layer, do_fully_editable=True)
    own = bpy.data.objects["anna", None]
    own.make_local(clear_liboverride=True)
    own.data = own.data.copy()
    assert own.users_collection[0].override_library and not linked.is_linked(own)
    layer.objects.active = own
    if name == "photo_beside":
        bpy.ops.ofer.choose_photo(filepath=photo)
    before = set(bpy.data.objects)
    result = getattr(bpy.ops.ofer, name)("EXEC_DEFAULT", True, **arguments)
    assert result == {"FINISHED"}
    made = {each for each in set(bpy.data.objects) - before if each.name != bone_rings.RING}
    assert made <= set(scene.objects)


def test_eyes_are_aimed_by_a_rig_that_is_overridden(head: bpy.types.Object, tmp_path: Path) -> None:
    """The head is this file's, its rig another's with what was changed of it; saved and opened
    again, the eyes still look at the target, and leave it where angles are wanted."""
    bpy.ops.ofer.add_rig()
    names = head.name, rig.rig_of(head).name
    mine, theirs = in_another_file(tmp_path, *names)
    shown(mine).make_local()
    mine.data.make_local()
    changed = theirs.override_create(remap_local_usages=True)
    bpy.context.scene.collection.objects.link(changed)
    mine = bpy.context.view_layer.objects.active
    assert not linked.is_linked(mine) and rig.rig_of(mine).override_library
    bpy.ops.ofer.aim_eyes("EXEC_DEFAULT", True, by="TARGET")
    again = str(tmp_path / "again.blend")
    bpy.ops.wm.save_as_mainfile(filepath=again)
    bpy.ops.wm.open_mainfile(filepath=again)
    armature = rig.rig_of(bpy.context.view_layer.objects.active)
    target = rig.aim_target(armature)
    assert armature.override_library and target is not None and target.library is None
    bpy.ops.ofer.aim_eyes("EXEC_DEFAULT", True, by="ANGLES")
    assert rig.aim_target(armature) is None
