"""Whatever fails, wherever: a sentence with a next step, a trace in a log, the file as it was."""

from __future__ import annotations

import ast
import contextlib
import inspect
import itertools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest
from conftest import ROOT
from invented_faults import Fault, InventedFault, fault_at
from ofer_faces.ofer_blender import CLASSES
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_blender.engine.engine_settings import engine_settings
from ofer_faces.ofer_blender.head import previews
from ofer_faces.ofer_blender.operators import browse
from ofer_faces.ofer_blender.ui import reveal, view
from ofer_faces.ofer_engine.client import faults
from scene_dump import differences, dump
from test_undo import PREPARED

OPERATORS = [each for each in CLASSES if issubclass(each, bpy.types.Operator)]
TRIES = (1, 3, 6, 10, 17, 29, 50, 86, 147, 251, 430, 740)
"""Which call fails: each further on by seven tenths of the way."""


@pytest.fixture(autouse=True)
def _each_trace_is_new() -> None:
    faults._known.clear()


CHANGING = sorted(name for name in PREPARED if not name.startswith("renew_after_"))
"""One of several that are alike."""


@pytest.mark.parametrize("name", CHANGING)
def test_a_fault_anywhere_in_an_operator_leaves_the_file_as_it_was(
    name: str, head: bpy.types.Object, tmp_path: Path
) -> None:
    folder = tmp_path / "prepared_for_it"
    folder.mkdir()
    arguments = PREPARED[name](folder)
    operator = getattr(bpy.ops.ofer, name)
    bpy.context.view_layer.update()
    before, failed = dump(), 0
    for number in TRIES:
        with fault_at(number) as fault:
            try:
                operator(**arguments)
                said = ""
            except (RuntimeError, TypeError) as error:
                said = str(error)
        if not fault.where:
            break
        if fault.listing and not said:
            break  # Blender went on without the list
        if fault.asked or fault.listing:  # it may not be done, then, and was not
            assert differences(before, dump()) == [], fault.where
            continue
        assert "met an unexpected error (InventedFault)" in said, (fault.where, number, said)
        assert "Copy Report" in said
        assert differences(before, dump()) == [], fault.where
        assert f"InventedFault: {fault.where}" in engine_settings().faults.read_text("utf-8")
        failed += 1
    assert failed, "some function of ours was entered"
    assert said == "", "without a fault it does its work, after all those failures"
    assert not any("OFER before" in each.name for each in (*bpy.data.objects, *bpy.data.meshes))


@pytest.mark.parametrize("method", ["execute", "invoke", "modal"])
def test_every_operator_ends_in_a_sentence(method: str, head: bpy.types.Object) -> None:
    """Also those that need a window, an engine or a browser: none gets further than its fault."""
    arguments = (bpy.context,) if method == "execute" else (bpy.context, None)
    before = dump()
    for kind in (each for each in OPERATORS if hasattr(each, method)):
        name, said = kind.__name__, []
        engine_settings().faults.unlink(missing_ok=True)
        faults._known.clear()
        with fault_at(1) as fault:
            outcome = getattr(kind, method)(_Lone(kind, said), *arguments)
        if fault.where or said:
            assert outcome == {"CANCELLED"} and len(said) == 1, name
            assert "met an unexpected error (" in said[0] and "Copy Report" in said[0], name
            assert "Traceback" in engine_settings().faults.read_text("utf-8"), name
        else:
            assert name in CALLS_NOTHING
        assert differences(before, dump()) == [], name


def test_keys_mixed_by_hand_are_as_they_were_whatever_fails(head: bpy.types.Object) -> None:
    """The gallery stands on one head, and the artist has mixed two others into it."""
    keys = head.data.shape_keys.key_blocks
    keys["identity_02"].value, keys["expression_01"].value = 0.3, 0.4
    head.active_shape_key_index = 2
    bpy.context.view_layer.update()
    before, failed = dump(), 0
    for number in itertools.count(10, 2):
        with fault_at(number) as fault, contextlib.suppress(RuntimeError):
            bpy.ops.ofer.use_identity(name="identity_03")
        if not fault.where:
            break
        assert differences(before, dump()) == [], fault.where
        failed += 1
    assert failed > 3


CALLS_NOTHING = {"OFER_OT_decline_weights", "OFER_OT_choose_photo", "OFER_OT_drop_photo"}


class _Lone:
    """An operator that Blender has not made: it knows its class, and nothing of its properties."""

    def __init__(self, kind: type, said: list[str]) -> None:
        self._kind, self._said = kind, said

    def __getattr__(self, name: str) -> Any:
        if name in ("bl_options", "bl_label", "changes_head"):
            return getattr(self._kind, name)
        raise AttributeError(name)

    def report(self, kind: set[str], text: str) -> None:
        assert kind == {"ERROR"}
        self._said.append(text)


CALLED_BY_BLENDER = {
    "tick": jobs._tick,
    "rest": jobs._rest,
    "news": jobs._show_news,
    "another file": jobs.forget,
    "undo and redo": view.leave_missing_camera,
    "pictures": previews._load_missing,
    "the tab": reveal._bring_forward,
}


@pytest.mark.parametrize("name", CALLED_BY_BLENDER)
def test_a_timer_or_handler_that_fails_says_so_and_raises_nothing(
    name: str, head: bpy.types.Object
) -> None:
    function, before, failed = CALLED_BY_BLENDER[name], dump(), 0
    for number in (2, 3, 4, 6):  # the first is the function itself
        jobs.queue.outcome.clear()
        with fault_at(number) as fault:
            assert function() is None or name == "rest"
        if fault.where:
            failed += 1
            assert f"InventedFault: {fault.where}" in engine_settings().faults.read_text("utf-8")
            failure = jobs.queue.failure
            assert (
                name == "the tab" or "met an unexpected error" in failure.message and failure.hint
            )
    assert failed or name in ("undo and redo", "rest", "the tab"), "these call only Blender"
    assert differences(before, dump()) == []


@pytest.mark.parametrize("number", [*range(1, 100, 6), 36, 37, 38, 39, 58, 59, 60, 62])
def test_a_job_does_not_stick_whatever_fails(
    number: int, employ: Callable[[str], None], photo: Path, tmp_path: Path
) -> None:
    employ("ok")
    before = dump()
    bpy.ops.ofer.choose_photo(filepath=str(photo))
    bpy.context.scene.ofer.photos.clear()
    with fault_at(number):
        try:
            bpy.ops.ofer.reconstruct(filepath=str(photo))
        except RuntimeError as error:
            assert "met an unexpected error (InventedFault)" in str(error)
            assert differences(before, dump()) == []
    assert jobs.queue.job is None and not jobs.queue.line
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    assert bpy.context.object.ofer.is_head, "the next one is made"


def test_a_reader_that_fails_ends_the_engine_and_the_job(
    employ: Callable[[str], None], photo: Path
) -> None:
    employ("ok")
    fault = Fault(1)
    threading.settrace(fault)  # of the threads that begin from now on
    try:
        with pytest.raises(RuntimeError, match="The engine stopped|unexpected error"):
            bpy.ops.ofer.reconstruct(filepath=str(photo))
    finally:
        threading.settrace(None)
    assert fault.where and jobs.queue.job is None
    bpy.ops.ofer.reconstruct(filepath=str(photo))
    assert bpy.context.object.ofer.is_head


def test_browsing_goes_back_where_using_a_head_fails(head: bpy.types.Object) -> None:
    """In the window there is no `execute` around it; the guard has the walk go back."""
    bpy.context.view_layer.update()
    before, failed = dump(), 0
    for number in (8, 12, 16, 22):
        walk = browse.Walk(head)
        walk.press("RIGHT_ARROW")
        with fault_at(number) as fault:
            try:
                outcome = walk.press("U")
            except InventedFault:
                outcome = "failed"
        if fault.where:
            assert outcome == "failed", fault.where
            walk.leave()
            bpy.context.view_layer.update()  # its bounds follow its keys only then
            failed += 1
            assert differences(before, dump()) == [], fault.where
        else:
            assert outcome == "FINISHED"
    assert failed >= 2


def test_what_artists_pointed_at_shape_keys_survives(head: bpy.types.Object) -> None:
    """A driver on a key, and one on something else that reads the key."""
    keys = head.data.shape_keys
    other = bpy.data.objects.new("other", None)
    curve = other.driver_add("location", 0)
    target = curve.driver.variables.new().targets[0]
    target.id_type, target.id = "KEY", keys
    target.data_path = 'key_blocks["identity_02"].value'
    keys.key_blocks["identity_03"].driver_add("value").driver.expression = "0.5"
    bpy.context.view_layer.update()  # the driver is at work
    address, before = keys.as_pointer(), dump()
    for number in (17, 21, 25, 28):  # past what asks whether it may be done
        with fault_at(number) as fault, pytest.raises(RuntimeError):
            bpy.ops.ofer.remove_hypothesis(name="identity_02")
        assert fault.where
        assert differences(before, dump()) == []
    assert head.data.shape_keys.as_pointer() == address
    assert other.animation_data.drivers[0].driver.variables[0].targets[0].id == keys


def test_everything_that_blender_calls_is_guarded() -> None:
    called = ("execute", "invoke", "modal", "draw", "check", "cancel", "poll", "poll_drop")
    for kind, name in itertools.product(CLASSES, called):
        method = inspect.getattr_static(kind, name, None)
        if method and any(name in vars(each) for each in kind.__mro__ if _is_ours(each)):
            function = method.__func__ if isinstance(method, classmethod) else method
            assert function.is_guarded, f"{kind.__name__}.{name}"
    for kind in CLASSES:
        for name, annotated in vars(kind).get("__annotations__", {}).items():
            for callback in ("update", "get", "set", "items", "poll"):
                function = annotated.keywords.get(callback)
                assert not callable(function) or function.is_guarded, f"{kind.__name__}.{name}"


def test_every_timer_handler_and_thread_is_guarded() -> None:
    """Whatever is handed over to be called later was decorated where it is defined."""
    found = 0
    rooms = (ROOT / "ofer_blender", ROOT / "ofer_engine" / "client")
    for path in sorted(path for room in rooms for path in room.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            for name in _handed_over(call):
                found += 1
                assert "faults.guarded" in _decorators(functions[name]), f"{path.name}: {name}"
    assert found >= 10


def _handed_over(call: ast.Call) -> list[str]:
    called = ast.unparse(call.func)
    if called.endswith(("timers.register", "draw_handler_add", "atexit.register")):
        given: list[ast.expr] = call.args[:1]
    elif ".handlers." in called and called.endswith(".append"):
        given = call.args
    elif called.endswith("subscribe_rna"):
        given = [word.value for word in call.keywords if word.arg == "notify"]
    elif called.endswith("Thread"):
        given = [word.value for word in call.keywords if word.arg == "target"]
    else:
        return []
    return [each.attr if isinstance(each, ast.Attribute) else each.id for each in given]


def _decorators(function: ast.FunctionDef) -> str:
    return " ".join(map(ast.unparse, function.decorator_list))


def _is_ours(kind: type) -> bool:
    return "ofer_blender" in kind.__module__


@pytest.mark.parametrize("name", ["remove_skin", "remove_hair", "add_hair"])
def test_pictures_and_hair_are_there_again_whatever_fails(
    name: str, head: bpy.types.Object, tmp_path: Path
) -> None:
    """At every call: nothing brings a removed picture back, and other points make another mesh."""
    arguments = PREPARED[name](tmp_path)
    if name == "add_hair":  # in place of what it wears
        bpy.ops.ofer.add_hair()
    before = _pictures_and_points(head)
    for number in range(1, 2000):
        with fault_at(number) as fault:
            try:
                getattr(bpy.ops.ofer, name)(**arguments)
            except RuntimeError:
                pass
        if not fault.where:
            break
        assert _pictures_and_points(head) == before, fault.where
    assert number > 10 and _pictures_and_points(head) != before, "in the end it did its work"


def _pictures_and_points(head: bpy.types.Object) -> tuple:
    """Names of the pictures, and what tells each from a new one; materials, places and points."""
    mesh = head.data
    return (
        {each.name: (each.session_uid, *each.size) for each in bpy.data.images},
        [each and each.name for each in mesh.materials],
        [each.material_index for each in mesh.polygons],
        [tuple(point.co) for key in mesh.shape_keys.key_blocks for point in key.points],
        [tuple(corner.uv) for layer in mesh.uv_layers for corner in layer.data],
        [[(each.group, each.weight) for each in vertex.groups] for vertex in mesh.vertices],
    )


def _removed(head: bpy.types.Object) -> None:
    bpy.data.objects.remove(head)


def _without_keys(head: bpy.types.Object) -> None:
    head.shape_key_clear()


def _without_mesh(head: bpy.types.Object) -> None:
    bpy.data.meshes.remove(head.data)


@pytest.mark.parametrize("theirs", [_removed, _without_keys, _without_mesh])
def test_a_handler_of_others_that_takes_the_head_away_is_told_of(
    head: bpy.types.Object, tmp_path: Path, theirs: Callable[[bpy.types.Object], None]
) -> None:
    """Blender calls it as the animation is read, from frame to frame; the head is hidden, too."""
    key = head.data.shape_keys.key_blocks["identity_02"]
    for frame, value in ((1, 0.3), (5, 0.9)):
        key.value = value
        key.keyframe_insert("value", frame=frame)
    bpy.context.scene.frame_end = 5
    head.hide_viewport = True
    scenes = len(bpy.data.scenes)

    name, left = head.name, [theirs]

    def handler(*_: object) -> None:
        if left:
            left.pop()(head)

    bpy.app.handlers.frame_change_post.append(handler)
    try:
        with pytest.raises(RuntimeError) as caught:
            bpy.ops.ofer.export_head(filepath=str(tmp_path / "x"), target="GLB")
    finally:
        bpy.app.handlers.frame_change_post.remove(handler)
    assert f"{name} was changed by another add-on or a script" in str(caught.value)
    assert "unexpected error" not in str(caught.value)
    assert len(bpy.data.scenes) == scenes
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(("x", "."))] == []


def _group_with_a_socket(name: str) -> tuple[bpy.types.NodeTree, str]:
    """Geometry nodes that take an object, and the identifier of that input."""
    group = bpy.data.node_groups.new("self", "GeometryNodeTree")
    group.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    group.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    socket = group.interface.new_socket(name, in_out="INPUT", socket_type="NodeSocketObject")
    ends = [group.nodes.new(f"NodeGroup{each}") for each in ("Input", "Output")]
    group.links.new(ends[0].outputs[0], ends[1].inputs[0])
    return group, socket.identifier


WHO: dict[str, Callable[[bpy.types.Object], tuple[Any, bpy.types.ID]]] = {
    "head": lambda head: (head, head),
    "mesh": lambda head: (head.data, head.data),
    "keys": lambda head: (head.data.shape_keys, head.data.shape_keys),
    "material": lambda head: (head.data.materials[0], head.data.materials[0]),
    "rig": lambda head: (head.parent, head.parent),
    "pose bone": lambda head: (head.parent.pose.bones["head"], head.parent),
    "nodes": lambda head: (head.modifiers["self"], head),
}
"""Who points, and at which datablock: itself, or its own."""


@pytest.mark.parametrize("where", WHO)
def test_what_points_at_itself_is_no_hindrance_and_leaves_nothing(
    where: str, head: bpy.types.Object
) -> None:
    assert bpy.ops.ofer.add_rig() == {"FINISHED"}
    group, name = _group_with_a_socket("me")
    if where == "nodes":
        head.modifiers.new("self", "NODES").node_group = group
    else:
        name = "me"
    owner, thing = WHO[where](head)
    owner[name] = thing

    def points_still() -> bool:
        owner, thing = WHO[where](head)
        return owner.get(name) == thing

    assert points_still()
    counts = len(bpy.data.objects), len(bpy.data.meshes), len(bpy.data.materials)
    for step in ("show", "use_identity"):
        assert getattr(bpy.ops.ofer, step)(name="identity_03") == {"FINISHED"}
        assert points_still()
    with pytest.raises(RuntimeError, match="no hypothesis"):
        bpy.ops.ofer.show(name="nobody")
    assert points_still(), "a refusal takes nothing away"
    with fault_at(60), pytest.raises(RuntimeError, match="InventedFault"):
        bpy.ops.ofer.use_identity(name="identity_02")
    assert points_still(), "nor does a failure in the midst"
    assert (len(bpy.data.objects), len(bpy.data.meshes), len(bpy.data.materials)) == counts


def test_an_operator_that_cannot_clean_up_has_done_its_work(
    head: bpy.types.Object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("cannot be removed")

    monkeypatch.setattr("ofer_faces.ofer_blender.undo.objects_before.drop", fail)
    assert bpy.ops.ofer.show(name="identity_03") == {"FINISHED"}
    assert head.data.shape_keys.key_blocks["identity_03"].value == 1.0
    assert "cannot be removed" in engine_settings().faults.read_text("utf-8")
