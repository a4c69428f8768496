"""Every operator that changes the file is one undo step, which brings back all that was there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
import styles
import synthetic
from ofer_faces import ofer_blender
from ofer_faces.ofer_blender.operators import express, pictures
from ofer_faces.ofer_blender.rig import rig
from ofer_faces.ofer_engine.client import png as png_file
from scene_dump import differences, dump
from synthetic import write_skin

Prepare = Callable[[Path], dict[str, Any]]


@pytest.fixture
def head(tmp_path: Path) -> bpy.types.Object:
    record = synthetic.write(tmp_path)
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    return bpy.context.object


def _nothing(folder: Path) -> dict[str, Any]:
    return {}


def _an_expression(folder: Path) -> dict[str, Any]:
    bpy.ops.ofer.show(name="expression_01")
    return {}


def _another_head(folder: Path) -> dict[str, Any]:
    bpy.ops.ofer.show(name="identity_03")
    return {}


def _blend(folder: Path) -> dict[str, Any]:
    for name in ("identity_02", "identity_03"):
        bpy.ops.ofer.blend_add(name=name)
    return {}


def _pin(folder: Path) -> dict[str, Any]:
    return {"point": 40, "photo": (300.0, 200.0)}


def _pinned(folder: Path) -> dict[str, Any]:
    bpy.ops.ofer.pin(**_pin(folder))
    bpy.ops.ofer.pin(point=70, photo=(250.0, 260.0))
    return {}


def _with_part(folder: Path) -> dict[str, Any]:
    bpy.ops.ofer.take_part(part="nose", name="identity_03")
    return {"part": "nose"}


def _comparing(folder: Path) -> dict[str, Any]:
    bpy.ops.ofer.compare(count="4")
    return {}


def _for_synthetic_hair(folder: Path) -> dict[str, Any]:
    styles.write(folder / "styles")
    return {}


def _haired(folder: Path) -> dict[str, Any]:
    styles.write(folder / "styles")
    bpy.ops.ofer.add_hair()
    return {}


def _rigged(folder: Path) -> dict[str, Any]:
    bpy.ops.ofer.add_rig()
    bpy.ops.ofer.add_arkit()
    return {}


def _without_animation(folder: Path) -> dict[str, Any]:
    bpy.context.object.ofer_export.animation = False
    return {}


def _rigged_with_faults(folder: Path) -> dict[str, Any]:
    _rigged(folder)
    head = bpy.context.object
    head.data.shape_keys.key_blocks["jawOpen"].slider_max = 2.0
    head.data.shape_keys.key_blocks["jawOpen"].mute = True
    rig.rig_of(head).scale = (2, 2, 2)
    for name in rig.BONES:
        head.vertex_groups[name].add([0], 0.2, "REPLACE")
    bpy.context.view_layer.update()
    return {}


def _in_arkit_terms(folder: Path) -> dict[str, Any]:
    _rigged(folder)
    return _an_expression(folder)


def _folder(folder: Path) -> dict[str, Any]:
    return {"directory": str(synthetic.write(folder / "made", "bert").folder)}


def _presented(folder: Path) -> dict[str, Any]:
    return {**_folder(folder), "present": True}


def _file(folder: Path) -> dict[str, Any]:
    return {"filepath": str(synthetic.write(folder / "made", "bert").folder)}


def _for_this_head(folder: Path) -> dict[str, Any]:
    return {"head": bpy.context.object.name} | _folder(folder)


def _more(folder: Path) -> dict[str, Any]:
    more = synthetic.write_more(folder / "more")
    return {"head": bpy.context.object.name, "directory": str(more.folder)}


def _new_expressions(folder: Path) -> dict[str, Any]:
    file = folder / "expressions.npz"
    np.savez(file, expression_vertices=np.full((3, 120, 3), 0.1, np.float32))
    return {"head": bpy.context.object.name, "filepath": str(file)}


def _skin(folder: Path) -> dict[str, Any]:
    head = bpy.context.object
    return {"head": head.name, "directory": str(write_skin(folder / "skin")), "keep": "PACK"}


def _first_skin(folder: Path) -> dict[str, Any]:
    asked = _skin(folder)
    del asked["keep"]
    return asked


def _new_pictures(folder: Path) -> dict[str, Any]:
    picture = png_file.encode(np.full((8, 8, 3), 90, np.uint8))
    for item in bpy.context.object.ofer.identities:
        (folder / f"{item.name}.png").write_bytes(picture)
    return {"head": bpy.context.object.name, "directory": str(folder)}


def _skinned(folder: Path) -> dict[str, Any]:
    bpy.ops.ofer.wear_skin(**_skin(folder))
    return {}


def _photo(folder: Path) -> dict[str, Any]:
    path = folder / "anna.jpg"
    path.write_bytes(png_file.encode(np.full((48, 64, 3), 90, np.uint8)))
    synthetic.made_of(bpy.context.object, path)
    return {"filepath": str(path)}


def _with_photo(folder: Path) -> dict[str, Any]:
    bpy.ops.ofer.choose_photo(**_photo(folder))
    return {}


def _with_paint(folder: Path) -> dict[str, Any]:
    _with_photo(folder)
    bpy.ops.ofer.paint_hidden()
    return {}


def _two_photos(folder: Path) -> dict[str, Any]:
    file = _photo(folder)["filepath"]
    bpy.ops.ofer.choose_photo(filepath=file)
    bpy.ops.ofer.choose_photo(filepath=file, add=True)
    return {"index": 0}


def _image(folder: Path) -> dict[str, Any]:
    return {"image": bpy.data.images.new("Anna", 64, 48).name}


def _starred(folder: Path) -> dict[str, Any]:
    bpy.context.object.ofer.identities[1].favourite = True
    return {}


def _hidden(folder: Path) -> dict[str, Any]:
    bpy.context.object.ofer.identities[1].hidden = True
    return {}


def _another_pack(folder: Path) -> dict[str, Any]:
    bpy.context.scene.ofer.pack_id = "flame"
    return {}


def _saved(folder: Path) -> dict[str, Any]:
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "anna.blend"))
    return {}


PREPARED: dict[str, Prepare] = {
    "add_arkit": _nothing,
    "add_heads": _more,
    "add_rig": _nothing,
    "add_visemes": _rigged,
    "aim_eyes": _rigged,
    "bake_shown": _rigged_with_faults,
    "blend_add": lambda folder: {"name": "identity_02"},
    "blend_drop": lambda folder: _blend(folder) | {"name": "identity_02"},
    "check_export": _nothing,
    "sort_gallery": lambda folder: {"by": "WIDTH"},
    "choose_photo": _photo,
    "clear_pins": _pinned,
    "compare": lambda folder: {"count": "4"},
    "drop_photo": _photo,
    "end_compare": _comparing,
    "forget_paint": _with_paint,
    "give_part_back": _with_part,
    "add_hair": _for_synthetic_hair,
    "remove_hair": _haired,
    "hide_others": _starred,
    "insert_head": _presented,
    "keep_expression": _an_expression,
    "limit_influences": _rigged_with_faults,
    "open_reconstruction": _file,
    "paint_hidden": _with_photo,
    "photo_beside": _with_photo,
    "pick_compared": lambda folder: _comparing(folder) | {"name": "identity_03"},
    "pin": _pin,
    "export_animation": _without_animation,
    "place_face": lambda folder: _with_photo(folder) | {"box": (10, 20, 30, 40)},
    "real_size": _rigged_with_faults,
    "release_pin": lambda folder: _pinned(folder) | {"point": 40},
    "remove_hypothesis": lambda folder: {"name": "identity_02"},
    "remove_photo": _two_photos,
    "remove_skin": _skinned,
    "renew_expressions": _new_expressions,
    **{f"renew_after_{step}": _new_expressions for step in express.STEPS},
    **{f"renew_pictures_after_{step}": _new_pictures for step in pictures.STEPS},
    "replace_head": _for_this_head,
    "reset_ranges": _rigged_with_faults,
    "save_as_asset": _saved,
    "show": lambda folder: {"name": "identity_02"},
    "show_as_arkit": _in_arkit_terms,
    "show_blend": lambda folder: _blend(folder) or _another_head(folder),
    "show_photo": _two_photos,
    "step": lambda folder: {"kind": "EXPRESSION", "steps": 2},
    "take_part": lambda folder: {"part": "nose", "name": "identity_03"},
    "through_photo": _photo,
    "unhide_all": _hidden,
    "unmute_keys": _rigged_with_faults,
    "use_blend": _blend,
    "use_identity": _another_head,
    "use_image": _image,
    "use_open_pack": _another_pack,
    "wear_first_skin": _first_skin,
    "wear_skin": _skin,
}
"""How the file is made ready for each operator; gives the operator's arguments."""

PLAYED_ELSEWHERE = {
    "attach_to_armature": "needs a body: test_body",
    "bridge_neck": "needs a body with a mesh: test_body",
    "browse": "modal: what its keys do is in test_gallery, the story in the window ends it",
    "choose_face": "needs faces that an engine found: test_getting_in",
    "clean_motion": "needs a motion: test_performance",
    "import_take": "needs the 52 units and a take: test_take",
    "play_performance": "needs a performance: test_performance",
    "remove_abandoned": "joins the step of Blender's own Delete: test_comparison",
    "retarget_motion": "needs a motion and another mesh: test_performance",
}
WITHOUT_REDO = {"paint_hidden"}
"""Blender keeps the pixels of a new picture in no undo step: redo brings it back, to be painted on
anew (test_draw_more)."""


def changing() -> set[str]:
    """Names of all operators that make an undo step."""
    return {
        each.bl_idname.removeprefix("ofer.")
        for each in ofer_blender.CLASSES
        if issubclass(each, bpy.types.Operator)
        and {"UNDO", "UNDO_GROUPED"} & set(getattr(each, "bl_options", ()))
    }


def test_every_changing_operator_is_tried() -> None:
    assert changing() == set(PREPARED) | set(PLAYED_ELSEWHERE)


@pytest.mark.parametrize("name", PREPARED)
def test_undo_restores_and_redo_repeats(head: bpy.types.Object, tmp_path: Path, name: str) -> None:
    arguments = PREPARED[name](tmp_path)
    bpy.ops.ed.undo_push(message="Before")
    before = dump()
    assert getattr(bpy.ops.ofer, name)("EXEC_DEFAULT", True, **arguments) == {"FINISHED"}
    after = dump()
    assert differences(before, after), "it changed something"
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.redo()
    if name not in WITHOUT_REDO:
        assert differences(after, dump()) == []
