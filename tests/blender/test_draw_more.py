"""More heads from the engine: they join the gallery, each arrival being one undo step."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_blender.head import hypotheses, pins, previews
from ofer_faces.ofer_blender.operators import draw_more
from ofer_faces.ofer_blender.operators.express import STEPS
from ofer_faces.ofer_blender.photo import mask
from ofer_faces.ofer_blender.rig import arkit_keys
from ofer_faces.ofer_engine.client import png as png_file
from ofer_faces.ofer_engine.client.frame import to_blender
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.errors import ErrorCode
from ofer_faces.ofer_engine.contract.records import HiddenRegion
from ofer_faces.ofer_engine.contract.sampling import MOST_SEED
from recording_layout import draw
from scene_dump import differences, dump
from shapes import key_points

Employ = Callable[[str], None]
pytestmark = pytest.mark.usefixtures("as_in_a_window")


def poll_until(done: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"still {jobs.queue.job}, {jobs.queue.failure}"
        time.sleep(0.02)
        jobs.queue.poll()


def idle() -> bool:
    return jobs.queue.job is None and not jobs.queue.line


def asked(tmp_path: Path) -> dict:
    return json.loads((tmp_path / "prepared" / "request.json").read_text())


def chosen_photo(tmp_path: Path, name: str = "anna.jpg") -> Path:
    """A picture of the name in the record, chosen in the panel."""
    path = tmp_path / name
    path.write_bytes(png_file.encode(np.full((48, 64, 3), 90, np.uint8)))
    synthetic.made_of(bpy.context.object, path)
    bpy.ops.ofer.choose_photo(filepath=str(path))
    return path


def test_new_heads_join_the_gallery_by_rank(
    head: bpy.types.Object, employ: Employ, tmp_path: Path
) -> None:
    employ("ok")
    bpy.ops.ofer.show("EXEC_DEFAULT", True, name="identity_02")
    old, before = key_points(head), dump()
    bpy.ops.ofer.more_like_this(strength=0.25)
    poll_until(idle)
    assert jobs.queue.failure is None
    request = asked(tmp_path)
    assert (request["rows"], request["weights"], request["strength"]) == ([3], [1.0], 0.25)
    assert Path(request["out"]) / f"{request['name']}.ofer" == Path(head.ofer.folder)
    assert (request["seed"], request["identities"], request["keep"]) == (6, 40, 10)
    names = [i.name for i in head.ofer.identities]
    assert names == [f"identity_{n:02d}" for n in (1, 5, 6, 2, 3, 4, 7)]
    assert [i.rank for i in head.ofer.identities] == [1, 2, 3, 4, 5, 6, 7]
    assert hypotheses.chosen_identity(head) == "identity_02", "what is shown stays shown"
    new = key_points(head)
    assert all(np.array_equal(new[name], old[name]) for name in old)
    assert not np.array_equal(new["identity_05"], new["identity_06"])
    assert "No. 4" in draw("OFER_PT_hypotheses")
    bpy.ops.ofer.show(name="identity_05")
    assert "No. 2 · new" in draw("OFER_PT_hypotheses")
    bpy.ops.ed.undo_push(message="Show")
    bpy.ops.ed.undo()
    bpy.ops.ed.undo()
    assert differences(before, dump()) == [], "undo right after a result arrives"
    bpy.ops.ed.redo()
    assert len(bpy.data.objects["anna"].ofer.identities) == 7


def test_a_blend_is_what_more_is_like(
    head: bpy.types.Object, employ: Employ, tmp_path: Path
) -> None:
    employ("ok")
    bpy.ops.ofer.blend_add(name="identity_01")
    bpy.ops.ofer.blend_add(name="identity_03")
    head.ofer.blend["identity_03"].weight = 0.25
    values = {k.name: k.value for k in head.data.shape_keys.key_blocks}
    bpy.ops.ofer.more_like_this()
    poll_until(idle)
    request = asked(tmp_path)
    assert request["rows"] == [2, 4] and request["weights"] == pytest.approx([0.8, 0.2])
    assert request["strength"] == pytest.approx(head.ofer.likeness)
    now = {k.name: k.value for k in head.data.shape_keys.key_blocks}
    assert {name: now[name] for name in values} == values, "the blend stays shown"


def test_new_heads_are_asked_for_under_pins_and_hints(
    head: bpy.types.Object, employ: Employ, tmp_path: Path
) -> None:
    employ("ok")
    assert "under the pins" not in " ".join(draw("OFER_PT_more"))
    head.ofer.hints.tell_age, head.ofer.hints.age = True, 33.0
    bpy.ops.ofer.pin(point=37, photo=(200.5, 150.0))
    pins.put(head, 99_999, 0, (3.0, 3.0))  # of another head: a file from elsewhere
    assert "under the pins" in " ".join(draw("OFER_PT_more"))
    bpy.ops.ofer.again()
    poll_until(idle)
    assert asked(tmp_path)["pins"] == [{"vertex": 37, "place": [200.5, 150.0], "view": 0}]
    assert asked(tmp_path)["hints"] == {"age": 33.0, "sex": None, "build": None}
    assert "identity_07" in head.ofer.identities


def test_again_takes_new_seeds_and_leaves_what_was_removed(
    head: bpy.types.Object, employ: Employ, tmp_path: Path
) -> None:
    employ("ok")
    bpy.ops.ofer.remove_hypothesis(name="identity_04")
    head.ofer.drawn, head.ofer.keep = 30, 50
    bpy.ops.ofer.again()
    poll_until(idle)
    request = asked(tmp_path)
    assert (request["strength"], request["seed"]) == (1.0, 6)
    assert (request["identities"], request["keep"]) == (30, 30)
    assert "identity_04" not in head.ofer.identities and "identity_07" in head.ofer.identities
    bpy.ops.ofer.again()
    poll_until(idle)
    assert asked(tmp_path)["seed"] == 7


def test_heads_are_seen_while_they_are_made(head: bpy.types.Object, employ: Employ) -> None:
    employ("slow")
    before = dump()
    bpy.ops.ofer.more_like_this()
    poll_until(lambda: bool(jobs.queue.job and jobs.queue.job.arrived))
    drawn = draw("OFER_PT_hypotheses")
    assert "1 of 3 are there" in drawn and drawn.count("thumbnail") == 5
    jobs._tick()
    arrived = jobs.queue.job.arrived[0]
    loaded = previews._arrived[previews._key(arrived)]
    assert tuple(loaded.image_size) == (8, 8), "read before it is drawn"
    bpy.ops.ofer.cancel()
    poll_until(idle)
    assert differences(before, dump()) == []
    assert Path(head.ofer.folder).is_dir(), "cancelling leaves the head's own folder"


def test_a_head_deleted_meanwhile_is_named(head: bpy.types.Object, employ: Employ) -> None:
    employ("ok")
    bpy.ops.ofer.more_like_this()
    bpy.data.objects.remove(head)
    poll_until(idle)
    assert "'anna' is gone" in jobs.queue.failure.message
    assert len(bpy.data.objects) == 0


def test_a_mesh_that_was_changed_takes_no_heads(head: bpy.types.Object, employ: Employ) -> None:
    employ("ok")
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.subdivide()
    bpy.ops.object.mode_set(mode="OBJECT")
    with pytest.raises(RuntimeError, match="do not fit"):
        bpy.ops.ofer.more_like_this()
    assert jobs.queue.job is None and jobs.queue.client is None, "refused before the work"
    assert len(head.ofer.identities) == 4


def test_expressions_are_computed_for_the_new_basis(
    head: bpy.types.Object, employ: Employ, tmp_path: Path
) -> None:
    employ("ok")
    bpy.ops.ofer.show(name="expression_02")
    bpy.ops.ofer.use_identity("EXEC_DEFAULT", True, name="identity_03")
    assert "carried over to identity_03" in " ".join(draw("OFER_PT_expressions"))
    before, carried = dump(), key_points(head)
    engine = np.stack(
        [carried[f"expression_{n:02d}"][:, [0, 2, 1]] * (1, 1, -1) for n in (1, 2, 3)]
    ).astype(np.float32)
    np.savez(tmp_path / "prepared" / "expressions.npz", expression_vertices=engine + 0.001)
    bpy.ops.ofer.express()
    poll_until(idle)
    assert jobs.queue.failure is None and asked(tmp_path)["rows"] == [4]
    now = key_points(head)
    assert (
        np.abs(now["expression_02"] - (carried["expression_02"] + (1e-3, -1e-3, 1e-3))).max() < 1e-6
    )
    assert all(np.array_equal(now[n], carried[n]) for n in carried if "identity" in n)
    assert head.data.shape_keys.key_blocks["expression_02"].value == 1, "the blend stays"
    assert "carried over" not in " ".join(draw("OFER_PT_expressions"))
    assert not list(Path(bpy.app.tempdir).glob("*.npz"))
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_the_52_keys_become_those_of_the_head_chosen(
    head: bpy.types.Object, employ: Employ, tmp_path: Path
) -> None:
    employ("ok")
    bpy.ops.ofer.add_arkit()
    assert head.ofer.units_of == "identity_01"
    assert "carried over" not in " ".join(draw("OFER_PT_rig"))
    head.data.shape_keys.key_blocks["jawOpen"].value = 0.5
    bpy.ops.ofer.use_identity("EXEC_DEFAULT", True, name="identity_03")
    assert "for identity_01 and carried over to identity_03" in " ".join(draw("OFER_PT_rig"))
    before, carried = dump(), key_points(head)
    computed = np.random.default_rng(3).normal(0, 0.002, (52, 120, 3)).astype(np.float32)
    weights = np.full((3, 52), 0.25, np.float32)
    np.savez(
        tmp_path / "prepared" / "expressions.npz",
        expression_vertices=np.zeros((3, 120, 3), np.float32),
        arkit_units=computed,
        expression_arkit=weights,
        expression_arkit_residual=np.full(3, 0.002, np.float32),
    )
    bpy.ops.ofer.express()
    poll_until(idle)
    assert jobs.queue.failure is None and asked(tmp_path)["units"]
    now = key_points(head)
    for name, move in zip(ARKIT_52, to_blender(computed), strict=True):
        assert np.abs(now[name] - now["Basis"] - move).max() < 1e-6
    assert all(np.array_equal(now[n], carried[n]) for n in carried if "identity" in n)
    assert head.data.shape_keys.key_blocks["jawOpen"].value == 0.5
    assert head.ofer.units_of == "identity_03"
    weights, residual = arkit_keys.weights_of(head, "expression_02")
    assert set(weights.values()) == {0.25} and abs(residual - 0.002) < 1e-6
    assert "carried over" not in " ".join(draw("OFER_PT_rig"))
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_units_are_not_asked_for_where_no_key_wants_them(
    head: bpy.types.Object, employ: Employ, tmp_path: Path
) -> None:
    employ("ok")
    bpy.ops.ofer.use_identity("EXEC_DEFAULT", True, name="identity_03")
    np.savez(tmp_path / "prepared" / "expressions.npz", expression_vertices=np.zeros((3, 120, 3)))
    bpy.ops.ofer.express()
    poll_until(idle)
    assert not asked(tmp_path)["units"] and head.ofer.units_of == ""


def test_expressions_that_fit_already_make_no_undo_step(
    head: bpy.types.Object, employ: Employ, tmp_path: Path
) -> None:
    employ("ok")
    bpy.ops.ofer.use_identity("EXEC_DEFAULT", True, name="identity_03")
    carried = key_points(head)
    engine = [carried[f"expression_{n:02d}"][:, [0, 2, 1]] * (1, 1, -1) for n in (1, 2, 3)]
    np.savez(tmp_path / "prepared" / "expressions.npz", expression_vertices=np.stack(engine))
    bpy.ops.ofer.express()
    poll_until(idle)
    assert head.ofer.expressions_of == "identity_03"
    bpy.ops.ed.undo()
    assert bpy.data.objects["anna"].ofer.basis == "identity_01", "the step before is the choice"


def awake(employ: Employ, tmp_path: Path, carried: dict[str, np.ndarray]) -> None:
    """A running engine, whose expressions will be a millimetre off those carried over."""
    employ("ok")
    bpy.ops.ofer.reconstruct(filepath=str(chosen_photo(tmp_path)))
    poll_until(idle)
    assert jobs.queue.client and jobs.queue.client.usable
    shapes = [carried[f"expression_{n:02d}"][:, [0, 2, 1]] * (1, 1, -1) for n in (1, 2, 3)]
    np.savez(tmp_path / "prepared" / "expressions.npz", expression_vertices=np.stack(shapes) + 1e-3)


@pytest.mark.parametrize("step", ["use_identity", "use_blend"])
def test_a_choice_and_what_is_computed_for_it_are_one_undo_step(
    head: bpy.types.Object, employ: Employ, tmp_path: Path, step: str
) -> None:
    awake(employ, tmp_path, key_points(head))
    bpy.context.view_layer.objects.active = head = bpy.data.objects["anna"]
    for name in ("identity_02", "identity_03"):
        bpy.ops.ofer.blend_add(name=name)
    bpy.ops.ofer.show(name="identity_03")
    bpy.ops.ofer.use_identity("EXEC_DEFAULT", True, name="identity_02")
    poll_until(idle)
    head = bpy.data.objects["anna"]
    first, before = head.ofer.expressions_of, dump()
    assert first == "identity_02"
    name = {"name": "identity_03"} if step == "use_identity" else {}
    getattr(bpy.ops.ofer, step)("EXEC_DEFAULT", True, **name)
    carried = key_points(head)["expression_01"]
    np.savez(
        tmp_path / "prepared" / "expressions.npz",
        expression_vertices=np.full((3, 120, 3), 0.1, np.float32),
    )
    poll_until(idle)
    assert jobs.queue.failure is None and head.ofer.expressions_of == head.ofer.basis
    assert not np.array_equal(key_points(head)["expression_01"], carried)
    after = dump()
    bpy.ops.ed.undo()
    assert differences(before, dump()) == [], "one step brings back the head before"
    assert bpy.data.objects["anna"].ofer.expressions_of == first
    bpy.ops.ed.redo()
    assert differences(after, dump()) == []


def test_what_was_done_before_the_expressions_came_is_a_step_of_its_own(
    head: bpy.types.Object, employ: Employ, tmp_path: Path
) -> None:
    awake(employ, tmp_path, key_points(head))
    bpy.context.view_layer.objects.active = head = bpy.data.objects["anna"]
    bpy.ops.ofer.use_identity("EXEC_DEFAULT", True, name="identity_03")
    bpy.ops.ofer.show("EXEC_DEFAULT", True, name="expression_02")
    before = dump()
    poll_until(idle)
    assert differences(before, dump())
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.undo()
    head = bpy.data.objects["anna"]
    assert head.ofer.basis == "identity_03" and hypotheses.chosen_expression(head) == "neutral"


@pytest.mark.parametrize("step", STEPS)
def test_the_steps_are_called_what_their_operators_are(step: str) -> None:
    assert getattr(bpy.types, f"OFER_OT_{step}").bl_label == STEPS[step]


def test_what_was_computed_for_a_head_left_since_is_dropped(
    head: bpy.types.Object, employ: Employ, tmp_path: Path
) -> None:
    employ("ok")
    np.savez(tmp_path / "prepared" / "expressions.npz", expression_vertices=np.zeros((3, 120, 3)))
    bpy.ops.ofer.use_identity(name="identity_03")
    bpy.ops.ofer.express()
    hypotheses.use_identity(head, "identity_02")
    kept = key_points(head)
    poll_until(idle)
    now = key_points(head)
    assert all(np.array_equal(now[name], kept[name]) for name in kept)


def test_hidden_here_draws_a_new_head_in_the_old_one_s_place(
    head: bpy.types.Object, employ: Employ, tmp_path: Path
) -> None:
    employ("ok")
    photo = chosen_photo(tmp_path)
    with pytest.raises(RuntimeError, match="Say what is hidden first"):
        bpy.ops.ofer.hidden_here()
    head.location, head.ofer.hidden_here = (1, 2, 3), {"mouth", "below_nose"}
    bpy.ops.ed.undo_push(message="Hidden")
    before = dump()
    bpy.ops.ofer.hidden_here()
    poll_until(idle)
    assert jobs.queue.failure is None
    sent = asked(tmp_path)["photos"][0]
    assert sent["path"] == str(photo) and sent["hidden"] == ["below_nose", "mouth"]
    assert sent["mask"] == ""
    new = bpy.context.object
    assert new != head and new.ofer.is_head and tuple(new.location) == (1, 2, 3)
    assert not head.visible_get() and new.visible_get()
    assert new.ofer.hidden_here == {"mouth", "below_nose"}
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


@pytest.mark.parametrize("packed", [False, True])
def test_of_a_photo_that_blender_cannot_read(
    head: bpy.types.Object, employ: Employ, tmp_path: Path, packed: bool
) -> None:
    """As HEIC, on disk or in the .blend: the engine draws without what is named; what needs
    Blender's eyes says so."""
    employ("ok")
    photo = tmp_path / "anna.jpg"
    photo.write_bytes(b"a kind that only the engine reads")
    synthetic.made_of(head, photo)
    if packed:
        image = bpy.data.images.new("anna.jpg", 4, 4)
        image.pack(data=photo.read_bytes(), data_len=photo.stat().st_size)
        image.source, image.filepath = "FILE", "//anna.jpg"
        bpy.ops.ofer.use_image(image=image.name)
    else:
        bpy.ops.ofer.choose_photo(filepath=str(photo))
    before = dump()
    for operator in (bpy.ops.ofer.paint_hidden, bpy.ops.ofer.through_photo):
        with pytest.raises(RuntimeError, match="Blender cannot read 'anna"):
            operator()
    assert differences(before, dump()) == []
    head.ofer.hidden_here = {"mouth"}
    bpy.ops.ofer.hidden_here()
    poll_until(idle)
    assert jobs.queue.failure is None and asked(tmp_path)["photos"][0]["hidden"] == ["mouth"]


def test_the_panel_offers_regions_that_the_engine_knows(head: bpy.types.Object) -> None:
    offered = head.ofer.bl_rna.properties["hidden_here"].enum_items.keys()
    assert set(offered) <= set(HiddenRegion) and len(offered) == 5
    drawn = " ".join(draw("OFER_PT_hidden"))
    assert "ofer.paint_hidden" in drawn and "ofer.hidden_here" in drawn


def test_paint_becomes_the_mask(head: bpy.types.Object, employ: Employ, tmp_path: Path) -> None:
    employ("ok")
    photo = chosen_photo(tmp_path)
    bytes_before = photo.read_bytes()
    bpy.ops.ofer.paint_hidden("EXEC_DEFAULT", True)
    copy = head.ofer.mask
    assert tuple(copy.size) == (64, 48)
    image = bpy.data.images[photo.name]
    assert mask.write(head, image) is None, "nothing is painted yet"
    pixels = np.array(copy.pixels[:], np.float32).reshape(48, 64, 4)
    pixels[:12, 40:, 0] = 1.0  # Blender's first row is the lowest
    copy.pixels.foreach_set(pixels.ravel())
    written = mask.write(head, image)
    seen = bpy.data.images.load(str(written.path))
    grey = np.array(seen.pixels[:], np.float32).reshape(48, 64, seen.channels)[..., 0]
    assert np.array_equal(grey > 0.5, pixels[..., 0] == 1.0)
    written.discard()
    bpy.ops.ofer.hidden_here()
    poll_until(idle)
    sent = asked(tmp_path)["photos"][0]
    assert sent["mask"].endswith(".png") and not Path(sent["mask"]).exists(), "deleted afterwards"
    assert photo.read_bytes() == bytes_before


def test_forgetting_the_paint(head: bpy.types.Object, tmp_path: Path) -> None:
    assert not bpy.ops.ofer.forget_paint.poll()
    chosen_photo(tmp_path)
    bpy.ops.ed.undo_push(message="Photo")
    before = dump()
    bpy.ops.ofer.paint_hidden("EXEC_DEFAULT", True)
    painting = dump()
    bpy.ops.ofer.forget_paint("EXEC_DEFAULT", True)
    assert head.ofer.mask is None
    bpy.ops.ed.undo()
    assert differences(painting, dump()) == []
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.redo()
    head, image = bpy.data.objects["anna"], bpy.data.images["anna.jpg"]
    assert mask.write(head, image) is None, "redo brings the copy back without its pixels"
    bpy.ops.ofer.paint_hidden("EXEC_DEFAULT", True)
    assert np.allclose(head.ofer.mask.pixels[:3], 90 / 255, atol=1e-3)


def test_without_an_engine_the_buttons_say_why(head: bpy.types.Object, tmp_path: Path) -> None:
    for operator in ("more_like_this", "again", "hidden_here", "express"):
        with pytest.raises(RuntimeError, match="press Set Up Engine"):
            getattr(bpy.ops.ofer, operator)()
    bpy.ops.ofer.use_identity(name="identity_02")
    assert jobs.queue.client is None, "choosing starts no engine"


def test_a_damaged_answer_changes_nothing(
    head: bpy.types.Object, employ: Employ, tmp_path: Path
) -> None:
    employ("ok")
    (tmp_path / "prepared" / "expressions.npz").write_bytes(b"no array")
    bpy.ops.ofer.use_identity(name="identity_02")
    before = dump()
    bpy.ops.ofer.express()
    poll_until(idle)
    assert jobs.queue.failure.code == ErrorCode.RECONSTRUCTION_DAMAGED
    more = tmp_path / "prepared" / "more" / "anna.ofer"
    shutil.copy(more / "uv.npy", more / "identity_vertices.npy")
    bpy.ops.ofer.again()
    poll_until(idle)
    assert jobs.queue.failure.code == ErrorCode.RECONSTRUCTION_DAMAGED
    assert differences(before, dump()) == []


def test_the_seed_after_the_largest_is_0() -> None:
    assert [draw_more.next_seed(MOST_SEED, draws) for draws in range(2)] == [0, 1]
    assert draw_more.next_seed(5, 2) == 8
