"""What was sculpted on single expressions and units stays when the engine computes them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
from ofer_faces.ofer_blender.head import last_moves, shape_keys
from ofer_faces.ofer_blender.undo import likeness
from ofer_faces.ofer_engine.client.frame import to_blender
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from scene_dump import differences, dump
from shapes import key_points
from test_head_frame import OWN, PLACED, close, hat, sculpt, turned

EXPRESSIONS, UNITS = 3, 52


def fix(head: bpy.types.Object, name: str, seed: int) -> np.ndarray:
    """An artist's correction of one key; what it moves, (V, 3) metres, object frame."""
    key = head.data.shape_keys.key_blocks[name]
    moved = np.zeros((len(key.points), 3), np.float32)
    moved[20:60] = np.random.default_rng(seed).normal(0, 0.003, (40, 3))
    shape_keys.set_points(key, shape_keys.points(key) + moved)
    return moved


def computed(
    head: bpy.types.Object, folder: Path, record: Reconstruction, row: int
) -> tuple[np.ndarray, np.ndarray]:
    """The engine computes all for the head in a row; its movements, Blender's frame."""
    rng = np.random.default_rng(row)
    neutral = record.array("identity_vertices")[row]
    moves = rng.normal(0, 0.004, (EXPRESSIONS, OWN, 3)).astype(np.float32)
    units = rng.normal(0, 0.002, (UNITS, OWN, 3)).astype(np.float32)
    np.savez(
        folder / "answer.npz",
        identity_vertices=neutral,
        expression_vertices=neutral + moves,
        arkit_units=units,
        expression_arkit=np.full((EXPRESSIONS, UNITS), 0.25, np.float32),
        expression_arkit_residual=np.full(EXPRESSIONS, 0.002, np.float32),
    )
    bpy.ops.ofer.renew_expressions(
        "EXEC_DEFAULT", True, filepath=str(folder / "answer.npz"), head=head.name
    )
    return to_blender(moves), to_blender(units)


def moved(head: bpy.types.Object, name: str) -> np.ndarray:
    now = key_points(head)
    return now[name] - now["Basis"]


def of(name: str, units: np.ndarray) -> np.ndarray:
    return units[ARKIT_52.index(name)]


@pytest.mark.parametrize("how", ["nothing", "all at once"])
def test_corrections_stay_on_their_keys_and_on_no_other(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path, how: str
) -> None:
    bpy.ops.ofer.add_arkit()
    sculpt(head)
    place = PLACED[how](head)
    scale = place.to_scale().x
    smile = fix(head, "expression_02", 1)
    jaw = fix(head, "jawOpen", 2)
    for name, row in (("identity_03", 2), ("identity_02", 1), ("identity_01", 0)):
        bpy.ops.ofer.use_identity(name=name)
        moves, units = computed(head, tmp_path, record, row)
        for number, move in enumerate(moves, 1):
            wanted = turned(place, move) + (smile if number == 2 else 0)
            found = moved(head, f"expression_{number:02d}")
            assert np.abs(found - wanted).max() < 3e-5 * scale, (name, number)
        assert close(moved(head, "mouthClose"), turned(place, of("mouthClose", units)), place)
        found = moved(head, "jawOpen")
        assert np.abs(found - turned(place, of("jawOpen", units)) - jaw).max() < 3e-5 * scale


def test_they_do_not_creep(head: bpy.types.Object, record: Reconstruction, tmp_path: Path) -> None:
    bpy.ops.ofer.add_arkit()
    fix(head, "expression_02", 1)
    fix(head, "jawOpen", 2)
    for name, row in (("identity_03", 2), ("identity_01", 0)):
        bpy.ops.ofer.use_identity(name=name)
        computed(head, tmp_path, record, row)
    before = key_points(head)
    for _ in range(40):
        for name, row in (("identity_03", 2), ("identity_01", 0)):
            bpy.ops.ofer.use_identity(name=name)
            computed(head, tmp_path, record, row)
    after = key_points(head)
    assert max(np.abs(after[name] - before[name]).max() for name in before) < 1e-7


def test_what_a_script_took_from_the_basis_alone_is_on_no_key(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    """Blender takes all keys along when the Basis is sculpted; scripts may not."""
    bpy.ops.ofer.add_arkit()
    basis = head.data.shape_keys.reference_key
    shape = shape_keys.points(basis)
    shape[30:60] += (0.0, -0.0091, 0.002)
    shape_keys.set_points(basis, shape)
    head.data.vertices.foreach_set("co", shape.ravel())
    jaw = fix(head, "jawOpen", 2)
    moves, units = computed(head, tmp_path, record, 0)
    for number, move in enumerate(moves, 1):
        assert np.abs(moved(head, f"expression_{number:02d}") - move).max() < 1e-6
    assert np.abs(moved(head, "jawOpen") - of("jawOpen", units) - jaw).max() < 3e-5


def test_a_new_computation_of_the_same_changes_nothing_and_is_one_undo_step(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    bpy.ops.ofer.add_arkit()
    fix(head, "expression_01", 5)
    bpy.ops.ofer.use_identity("EXEC_DEFAULT", True, name="identity_03")
    before = dump()
    computed(head, tmp_path, record, 2)
    after = dump()
    computed(head, tmp_path, record, 2)
    assert differences(after, dump()) == []
    for wanted in (after, before):
        bpy.ops.ed.undo()
        assert differences(wanted, dump()) == []


def test_units_taken_away_and_added_again(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    """Some keys are the engine's latest then, others the reconstruction's: none is taken for an
    artist's work."""
    bpy.ops.ofer.add_arkit()
    bpy.ops.ofer.use_identity(name="identity_03")
    computed(head, tmp_path, record, 2)
    for name in ("jawOpen", "mouthLeft"):
        head.shape_key_remove(head.data.shape_keys.key_blocks[name])
    bpy.ops.ofer.add_arkit()
    bpy.ops.ofer.use_identity(name="identity_02")
    _, units = computed(head, tmp_path, record, 1)
    for name in ("jawOpen", "mouthLeft", "mouthClose"):
        assert np.abs(moved(head, name) - of(name, units)).max() < 1e-5


def test_with_a_hat_on(head: bpy.types.Object, record: Reconstruction, tmp_path: Path) -> None:
    hat(head)
    jaw = fix(head, "expression_03", 3)[:OWN]
    bpy.ops.ofer.use_identity(name="identity_03")
    moves, _ = computed(head, tmp_path, record, 2)
    assert np.abs(moved(head, "expression_03")[:OWN] - moves[2] - jaw).max() < 3e-5
    assert not moved(head, "expression_03")[OWN:].any()


def _cut(kept: bytes) -> bytes:
    return kept[:40]


def _larger(kept: bytes) -> bytes:
    return kept[:8] + b"\xff\xff\xff\xff" + kept[12:]


def _no_step(kept: bytes) -> bytes:
    return kept[:4] + np.float32(np.nan).tobytes() + kept[8:]


@pytest.mark.parametrize("spoil", [_cut, _larger, _no_step, lambda kept: b"", lambda kept: "text"])
def test_a_spoiled_property_says_nothing(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path, spoil: Callable
) -> None:
    bpy.ops.ofer.use_identity(name="identity_03")
    computed(head, tmp_path, record, 2)
    assert last_moves.read(head, OWN) is not None
    likeness.keep(head, last_moves.PROPERTY, spoil(bytes(head[last_moves.PROPERTY])))
    assert last_moves.read(head, OWN) is None
    bpy.ops.ofer.use_identity(name="identity_02")
    moves, _ = computed(head, tmp_path, record, 1)
    assert np.abs(moved(head, "expression_01") - moves[0]).max() < 1e-6


def test_moves_are_kept_whole_through_saving(
    head: bpy.types.Object, record: Reconstruction, tmp_path: Path
) -> None:
    computed(head, tmp_path, record, 0)
    before = last_moves.read(head, OWN)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "anna.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "anna.blend"))
    after = last_moves.read(bpy.data.objects["anna"], OWN)
    assert np.array_equal(before.expressions, after.expressions)
    assert np.array_equal(before.units, after.units)
    assert np.abs(before.units).max() > 0.005
