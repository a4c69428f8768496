"""Whatever fails, wherever: a sentence with a next step, a trace in a log, the file as it was."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import bpy
import pytest
from conftest import ROOT
from invented_faults import fault_at
from ofer_faces.ofer_blender import CLASSES, faults
from ofer_faces.ofer_blender.engine_settings import engine_settings
from scene_dump import differences, dump
from test_undo import PREPARED, changing

OPERATORS = [each for each in CLASSES if issubclass(each, bpy.types.Operator)]
TRIES = (1, 2, 3, 5, 8, 12, 18, 27, 41, 62, 93, 140, 210, 315, 473, 710)
"""Which call fails: each further on by half of the way."""


@pytest.fixture(autouse=True)
def _each_trace_is_new() -> None:
    faults._known.clear()


@pytest.mark.parametrize("name", sorted(changing() & set(PREPARED)))
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
        assert "in a way nobody foresaw (InventedFault)" in said, (fault.where, number, said)
        assert "Copy Report" in said
        assert differences(before, dump()) == [], fault.where
        assert f"InventedFault: {fault.where}" in engine_settings().faults.read_text("utf-8")
        failed += 1
    assert failed, "some function of ours was entered"
    assert said == "", "without a fault it does its work, after all those failures"
    assert not any("OFER before" in each.name for each in (*bpy.data.objects, *bpy.data.meshes))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_everything_that_blender_calls_is_guarded(kind: type) -> None:
    called = ("execute", "invoke", "modal", "draw", "check", "cancel", "poll", "poll_drop")
    for name in called:
        method = inspect.getattr_static(kind, name, None)
        if method and any(name in vars(each) for each in kind.__mro__ if _is_ours(each)):
            function = method.__func__ if isinstance(method, classmethod) else method
            assert function.is_guarded, f"{kind.__name__}.{name}"
    for name, annotated in vars(kind).get("__annotations__", {}).items():
        for callback in ("update", "get", "set", "items", "poll"):
            function = annotated.keywords.get(callback)
            assert not callable(function) or function.is_guarded, f"{kind.__name__}.{name}"


def test_every_timer_handler_and_thread_is_guarded() -> None:
    """Whatever is handed over to be called later was decorated where it is defined."""
    found = 0
    for path in sorted((ROOT / "ofer_blender").rglob("*.py")):
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
