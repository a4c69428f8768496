"""What is told of a person moves the head at once, for each head shown, and leaves no trace."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import synthetic
from ofer_faces.ofer_blender.head import hints
from ofer_faces.ofer_engine.client.frame import to_blender
from ofer_faces.ofer_engine.contract import hint_places
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from ofer_faces.ofer_engine.contract.records import Hints
from recording_layout import draw
from scene_dump import differences, dump
from shapes import key_points, shown


def moved(record: Reconstruction, row: int, given_hints: Hints) -> np.ndarray:
    """(V, 3) metres, Blender frame, that the folder's arrays say."""
    values, gram, pushes = (record.array(f"hint_{name}") for name in ("values", "gram", "pushes"))
    return to_blender(hint_places.moves(given_hints, values[row].astype(float), pushes, gram))


def test_the_head_follows_at_once_and_so_do_others(
    record: Reconstruction, head: bpy.types.Object
) -> None:
    rest, keys = shown(head), key_points(head)
    said = head.ofer.hints
    said.age, said.tell_age = 70.0, True
    first, third = (record.identities[place].candidate for place in (0, 2))
    wanted = rest + moved(record, first, Hints(age=70.0))
    assert np.abs(shown(head) - wanted).max() < 1e-5
    assert np.abs(wanted - rest).max() > 1e-4
    said.build, said.tell_build = 0.9, True
    wanted = rest + moved(record, first, Hints(age=70.0, build=float(said.build)))
    assert np.abs(shown(head) - wanted).max() < 1e-5
    bpy.ops.ofer.show(name="identity_03")
    wanted = keys["identity_03"] + moved(record, third, Hints(age=70.0, build=float(said.build)))
    assert np.abs(shown(head) - wanted).max() < 1e-5
    said.tell_age = said.tell_build = False
    assert np.abs(shown(head) - keys["identity_03"]).max() < 1e-6
    assert hints.KEY not in head.data.shape_keys.key_blocks


def test_an_older_head_offers_no_hints(tmp_path: Path) -> None:
    older = synthetic.write(tmp_path / "older")
    (older.folder / "hint_pushes.npy").unlink()
    bpy.ops.ofer.insert_head(directory=str(older.folder))
    assert draw("OFER_PT_hints") == []


def test_the_panel_has_a_tick_and_a_slider_each(head: bpy.types.Object) -> None:
    drawn = [line.partition(":")[0] for line in draw("OFER_PT_hints")]
    assert {"Age", "Sex", "Build"} <= set(drawn)


def test_a_hint_is_undone_and_done_again(head: bpy.types.Object) -> None:
    bpy.ops.ed.undo_push(message="Before")
    before = dump()
    head.ofer.hints.age, head.ofer.hints.tell_age = 70.0, True
    bpy.ops.ed.undo_push(message="Tell the Age")  # as the panel does
    after = dump()
    assert differences(before, after) != []
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.redo()
    assert differences(after, dump()) == []
