"""Pins: the point comes to its place, the rest follows, and all of it is undone pin by pin."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
import synthetic
from ofer_faces.ofer_blender.head import helper_keys, hypotheses, packed_reconstruction, pins
from ofer_faces.ofer_blender.head.pins import Pinning
from ofer_faces.ofer_blender.photo import pin_drag, pin_overlay
from ofer_faces.ofer_blender.photo.face_picker import PhotoFrame
from ofer_faces.ofer_blender.photo.landmarks import Landmarks
from ofer_faces.ofer_engine.client import png as png_file
from ofer_faces.ofer_engine.client.frame import ENGINE_TO_BLENDER
from ofer_faces.ofer_engine.contract.record_sense import MOST_PINS
from ofer_faces.ofer_engine.geometry.photo_views import viewpoint
from ofer_faces.ofer_engine.geometry.pins import IMPROBABLE, Pin
from ofer_faces.ofer_engine.handlers import draft
from scene_dump import differences, dump
from shapes import shown

POINT = 37


@pytest.fixture
def anna(tmp_path: Path) -> Path:
    """A picture of the size that the record speaks of."""
    path = tmp_path / "anna.png"
    path.write_bytes(png_file.encode(np.full((480, 640, 3), 90, np.uint8)))
    return path


def step(operator: str, **arguments: object) -> None:
    assert getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True, **arguments) == {"FINISHED"}


def place_of(head: bpy.types.Object, point: int) -> np.ndarray:
    """(2,) pixels of the photo where a point is seen as it is shown."""
    view = pin_drag.main_viewpoint(head)
    return view.project(shown(head)[point] @ ENGINE_TO_BLENDER)


def pin_aside(head: bpy.types.Object, *shift: float, point: int = POINT) -> np.ndarray:
    """Pin a point some pixels from where it is seen."""
    place = place_of(head, point) + shift
    step("pin", point=point, photo=tuple(place))
    return place


def test_a_pinned_point_comes_to_its_place_and_the_rest_follows(head: bpy.types.Object) -> None:
    rest = shown(head)
    place = pin_aside(head, 6.0, -3.0)
    moved = np.linalg.norm(shown(head) - rest, axis=1)
    assert np.linalg.norm(place_of(head, POINT) - place) < 1.0
    assert (moved > 1e-4).mean() > 0.5, "not the point alone"
    assert head.data.shape_keys.key_blocks[helper_keys.PINS].value == 1.0
    assert 0 < head.ofer.pins[0].deviations < IMPROBABLE


def test_a_point_pinned_where_it_is_seen_by_the_best_camera_stays(head: bpy.types.Object) -> None:
    pin_aside(head, 0.0, 0.0)
    before = shown(head)
    pin_aside(head, 0.0, 0.0)
    assert np.abs(shown(head) - before).max() < 2e-4


def test_what_no_head_does_bends_this_one_there_alone(head: bpy.types.Object) -> None:
    place = pin_aside(head, 90.0, 0.0)
    assert head.ofer.pins[0].deviations > IMPROBABLE
    assert np.linalg.norm(place_of(head, POINT) - place) < 1.0
    assert pin_overlay.colour(head.ofer.pins[0].deviations) != pin_overlay.colour(0.0)


def test_every_head_of_the_gallery_obeys(head: bpy.types.Object) -> None:
    place = pin_aside(head, 6.0, -3.0)
    for name in ("identity_03", "identity_02"):
        step("show", name=name)
        assert np.linalg.norm(place_of(head, POINT) - place) < 1.0
    step("use_identity", name="identity_02")
    assert np.linalg.norm(place_of(head, POINT) - place) < 1.0


def test_undo_takes_one_pin_and_clearing_all(head: bpy.types.Object) -> None:
    bpy.ops.ed.undo_push(message="Before")
    before = dump()
    pin_aside(head, 4.0, 0.0)
    one = dump()
    pin_aside(bpy.context.object, 0.0, 4.0, point=70)
    bpy.ops.ed.undo()
    assert differences(one, dump()) == []
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.redo()
    head = bpy.context.object
    step("clear_pins")
    assert not head.ofer.pins
    assert not set(pins.KEYS) & set(head.data.shape_keys.key_blocks.keys())


def of_two_photos(folder: Path) -> bpy.types.Object:
    """A head that a second photo shows from the side."""
    turn = np.array(((0.8, 0, 0.6), (0, 1, 0), (-0.6, 0, 0.8)))
    first = synthetic._record(folder / "both.ofer", "both")
    arrays = synthetic._arrays()
    (view,) = first.views
    aside = replace(view.camera, rotation=tuple(turn.ravel()))
    found = np.arange(len(arrays["evidence_vertices"]))
    seen = viewpoint(aside).project(arrays["identity_vertices"][0].astype(float)[found])
    for name in (
        "evidence_deviation", "evidence_visible", "expression_shift", "context_expression",
    ):  # fmt: skip
        arrays[name] = np.concatenate((arrays[name], arrays[name]))
    arrays["evidence_points"] = np.stack((arrays["evidence_points"][0], seen.astype(np.float32)))
    pictures = {e.name: synthetic._png(e.rank) for e in (*first.identities, *first.expressions)}
    both = replace(first, views=(view, replace(view, camera=aside)))
    record = draft.write(both, arrays, pictures)
    step("insert_head", directory=str(record.folder))
    return bpy.context.object


def test_pins_of_two_photos_hold_together_in_any_order(tmp_path: Path) -> None:
    head = of_two_photos(tmp_path)
    views = [each.viewpoint for each in Pinning.of(head).views]
    rest = shown(head) @ ENGINE_TO_BLENDER
    asked = {
        (point, view): tuple(views[view].project(rest[point]) + aside)
        for point, view, aside in ((37, 0, (5, 0)), (37, 1, (3, -2)), (70, 1, (-2, 4)))
    }
    bpy.ops.ed.undo_push(message="Before")
    ends = []
    for order in permutations(asked):
        states = [dump()]
        for point, view in order:
            step("pin", point=point, photo=asked[point, view], view=view)
            states.append(dump())
        ends.append(shown(bpy.context.object))
        for before in states[-2::-1]:
            bpy.ops.ed.undo()
            assert differences(before, dump()) == []
    assert max(np.abs(each - ends[0]).max() for each in ends) < 1e-5
    for point, view in asked:
        step("pin", point=point, photo=asked[point, view], view=view)
    head = bpy.context.object
    pinning = Pinning.of(head)
    prior, _ = pinning.prior(head)
    answer = prior.given([Pin(e.point, np.array(e.place), e.view) for e in head.ofer.pins])
    neutral, _ = pinning.shown(head)
    for (point, view), place in asked.items():
        photo = pinning.views[view]
        surface = neutral + answer.moves + photo.expression + answer.expressions[view]
        after = np.linalg.norm(answer.viewpoints[view].project(surface[point]) - place)
        assert after < 1.0, (point, view)
    step("release_pin", point=37, view=1)
    assert {(each.point, each.view) for each in head.ofer.pins} == {(37, 0), (70, 1)}


def test_releasing_one_leaves_the_other(head: bpy.types.Object) -> None:
    rest = shown(head)
    place = pin_aside(head, 4.0, 0.0)
    only = shown(head)
    pin_aside(head, 0.0, 9.0, point=70)
    step("release_pin", point=70)
    assert np.abs(shown(head) - only).max() < 1e-6
    assert np.linalg.norm(place_of(head, POINT) - place) < 1.0
    step("release_pin", point=POINT)
    assert np.abs(shown(head) - rest).max() < 1e-6


def test_pins_work_after_reopening_without_the_folder(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    pin_aside(head, 4.0, 0.0)
    wanted = shown(head)
    bpy.ops.ofer.clear_pins()
    file = tmp_path / "anna.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    folder = Path(head.ofer.folder)
    folder.rename(folder.with_name("moved"))
    bpy.ops.wm.open_mainfile(filepath=str(file))
    head = bpy.context.object
    pin_aside(head, 4.0, 0.0)
    assert np.abs(shown(head) - wanted).max() < 1e-6


def test_an_older_reconstruction_is_pinned_by_the_heads_that_it_keeps(tmp_path: Path) -> None:
    record = synthetic.write(tmp_path)
    (record.folder / "identity_modes.npy").unlink()
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    head = bpy.context.object
    place = pin_aside(head, 1.0, 0.0)
    assert np.linalg.norm(place_of(head, POINT) - place) < 1.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"point": 5000, "photo": (3, 3)}, "number of a vertex"),
        ({"photo": (3, 3)}, "number of a vertex"),
        ({"point": 3, "photo": (-5, 3)}, "inside the photo"),
        ({"point": 3}, "inside the photo"),
        ({"point": 3, "photo": (float("nan"), 3)}, "inside the photo"),
        ({"point": 3, "photo": (5, 3), "view": 4}, "fewer photos"),
    ],
)
def test_a_pin_that_cannot_be_is_refused(
    head: bpy.types.Object, arguments: dict, said: str
) -> None:
    before = dump()
    with pytest.raises(RuntimeError, match=said):
        bpy.ops.ofer.pin(**arguments)
    assert differences(before, dump()) == []


def test_dragging_follows_the_mouse_and_is_left_without_a_trace(
    head: bpy.types.Object, anna: Path
) -> None:
    step("through_photo", filepath=str(anna))
    rest, start = shown(head), place_of(head, POINT)
    drag = pin_drag.PinDrag(head)
    assert not drag.press((2.0, 2.0), 4.0), "there is no head"
    assert drag.press(tuple(start), 12.0)
    point = drag.grabbed
    drag.move(tuple(start + (5.0, 2.0)))
    assert np.abs(shown(head) - rest).max() > 1e-4
    drag.leave()
    assert np.abs(shown(head) - rest).max() < 1e-6 and not head.ofer.pins
    drag.press(tuple(start), 12.0)
    drag.move(tuple(start + (5.0, 2.0)))
    drag.release()
    assert [each.point for each in head.ofer.pins] == [point]
    assert drag.press(tuple(head.ofer.pins[0].place), 4.0) and drag.grabbed == point


def test_a_pin_dragged_off_the_photo_stays_at_its_edge(head: bpy.types.Object, anna: Path) -> None:
    step("through_photo", filepath=str(anna))
    drag, start = pin_drag.PinDrag(head), place_of(head, POINT)
    assert drag.press(tuple(start), 12.0)
    drag.move((9000.0, start[1]))
    drag.release()
    assert head.ofer.pins[0].place[0] == 640.0
    bpy.ops.ed.undo()
    assert not bpy.context.object.ofer.pins


def offered(head: bpy.types.Object) -> Landmarks:
    """What OFER found in the photo of the egg, moved onto its surface."""
    record = packed_reconstruction.record(head)
    return Landmarks.of(record)


def test_a_click_on_a_landmark_brings_its_point_there(head: bpy.types.Object, anna: Path) -> None:
    step("through_photo", filepath=str(anna))
    bpy.ops.ed.undo_push(message="Before")
    before, found = dump(), offered(head)
    place = found.places[0] + (1.0, -1.0)
    drag = pin_drag.PinDrag(head)
    assert drag.press(tuple(place), 6.0) and drag.grabbed == found.vertices[0]
    drag.release()
    pin = head.ofer.pins[0]
    assert pin.point == found.vertices[0]
    assert np.allclose(pin.place, found.places[0], atol=1e-3)
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []


def test_a_point_snaps_to_its_landmark_and_only_where_they_are_shown(
    head: bpy.types.Object, anna: Path
) -> None:
    step("through_photo", filepath=str(anna))
    found = offered(head)
    vertex, at = int(found.vertices[0]), found.places[0]
    for shown_too, wanted in ((True, at), (False, at + (1.5, 0.0))):
        head.ofer.landmarks = shown_too
        drag = pin_drag.PinDrag(head)
        drag.grabbed, drag._offset, drag._reach = vertex, np.zeros(2), 6.0
        drag._pinning = pins.Pinning.of(head)
        drag._prior = drag._pinning.prior(head)
        drag.move((9.0, 9.0))
        assert np.allclose(head.ofer.pins[0].place, (9.0, 9.0), atol=1e-3), "far from its own"
        drag.move(tuple(at + (1.5, 0.0)))
        assert np.allclose(head.ofer.pins[0].place, wanted, atol=1e-3)
        drag.leave()


def test_a_landmark_that_is_hidden_is_not_offered(head: bpy.types.Object, tmp_path: Path) -> None:
    everything = synthetic.write(tmp_path / "other")
    seen = everything.array("evidence_visible")
    seen[:, 1::2] = 0.2
    seen[:, ::2] = 0.9
    record = synthetic.write(tmp_path, evidence_visible=seen)
    found = Landmarks.of(record)
    assert found.vertices.tolist() == record.array("evidence_vertices")[::2].tolist()
    assert Landmarks.of(record).near((-50.0, -50.0), 5.0) == -1


def test_the_mouse_takes_the_nearest_point_of_the_surface_in_front() -> None:
    places = np.array(((10.0, 10.0), (11.0, 10.0), (10.2, 10.0), (10.1, 10.0)))
    depth = np.array((0.5, 0.5, 0.7, np.inf))
    assert pin_drag.nearest(places, depth, np.array((10.2, 10.0)), 5.0) == 0
    assert pin_drag.nearest(places, depth, np.array((50.0, 10.0)), 5.0) == -1


def test_the_camera_of_the_photo_goes_where_the_pins_say(
    head: bpy.types.Object, anna: Path
) -> None:
    step("through_photo", filepath=str(anna))
    camera, before = head.ofer.camera, head.ofer.camera.matrix_world.copy()
    for point in (30, 50, 70, 90):
        pin_aside(head, 3.0, 2.0, point=point)
    bpy.context.view_layer.update()
    assert camera.matrix_world != before
    step("clear_pins")
    bpy.context.view_layer.update()
    assert np.allclose(camera.matrix_world, before, atol=1e-6)


def test_pins_are_greyed_without_pins(head: bpy.types.Object) -> None:
    assert not bpy.ops.ofer.clear_pins.poll() and not bpy.ops.ofer.drag_pins.poll()
    assert hypotheses.active_head(bpy.context) == head


def test_pins_that_no_head_can_have_do_nothing(head: bpy.types.Object) -> None:
    for point, view, place in ((9000, 0, (1, 1)), (3, 7, (1, 1)), (3, 0, (float("nan"), 1))):
        pins.put(head, point, view, place)
    head.ofer.pinned_camera = [float("nan")] * 12
    rest = shown(head)
    step("show", name="identity_02")
    assert np.isfinite(shown(head)).all() and np.abs(shown(head) - rest).max() < 0.1
    assert np.isfinite(pin_drag.main_viewpoint(head).rotation).all()


def _region(x: int, y: int, width: int, height: int) -> SimpleNamespace:
    return SimpleNamespace(x=x, y=y, width=width, height=height)


def test_a_press_over_the_sidebar_is_the_sidebar_s() -> None:
    view, sidebar = _region(10, 20, 800, 600), _region(610, 20, 200, 600)
    tools = _region(9, 19, 1, 1)
    area = SimpleNamespace(regions=[view, tools, sidebar])
    assert pin_drag.over(view, area, (400, 300))
    assert pin_drag.over(view, area, (10, 20)), "what is closed has a size of one pixel"
    assert not pin_drag.over(view, area, (700, 300)), "the sidebar lies on the view there"
    assert not pin_drag.over(view, area, (400, 700))


def test_a_miss_on_the_photo_is_told_from_a_press_beside_it() -> None:
    frame = PhotoFrame(100, 50, left=200.0, bottom=300.0, scale=2.0)
    for inside in ((200, 300), (400, 400), (300, 350)):
        assert frame.holds(inside)
    for outside in ((199, 350), (401, 350), (300, 299), (300, 401)):
        assert not frame.holds(outside)


def test_a_file_with_thousands_of_pins_and_parts_holds_nobody_up(head: bpy.types.Object) -> None:
    step("pin", point=POINT, photo=(300.0, 200.0))
    for number in range(4000):
        taken = head.ofer.parts.add()
        taken.name, taken.identity = "nose", f"identity_0{number % 4 + 1}"
        pin = head.ofer.pins.add()
        pin.point, pin.place = number % 120, (100.0 + number % 40, 200.0)
    assert len(Pinning.of(head).held(head)) == MOST_PINS
    step("show", name="identity_02")
    assert np.isfinite(shown(head)).all()


def test_a_camera_that_is_none_and_a_copy_of_itself(head: bpy.types.Object) -> None:
    """As a file from elsewhere may say."""
    head.ofer.camera = head.ofer.compared_with = head
    head.ofer.through_photo, head.ofer.comparing = True, 4
    step("pin", point=POINT, photo=(300.0, 200.0))
    step("show", name="identity_02")
    assert head.name in bpy.context.scene.objects
    step("clear_pins")
