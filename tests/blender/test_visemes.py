"""Visemes on a head: as keys, in its files, and after its units were renewed."""

from __future__ import annotations

import json
from pathlib import Path

import bpy
import numpy as np
import pytest
from ofer_faces.ofer_blender.export.glb import GlbReader
from ofer_faces.ofer_blender.export.plan import Keys, Plan
from ofer_faces.ofer_blender.export.presets import PRESETS, Target
from ofer_faces.ofer_blender.export.shapes import chosen
from ofer_faces.ofer_blender.head import hypotheses, shape_keys
from ofer_faces.ofer_blender.rig import visemes
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.files.sidecar import sidecar_of
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from ofer_faces.ofer_engine.contract.visemes import VISEMES, VRCHAT, VisemeSet
from recording_layout import draw
from shapes import key_points
from test_rig import evaluated

META = tuple(VISEMES[VisemeSet.META])


@pytest.fixture
def head(record: Reconstruction) -> bpy.types.Object:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_arkit()
    return hypotheses.active_head(bpy.context)


@pytest.mark.parametrize("kind", list(VisemeSet))
def test_each_is_the_sum_of_its_units(head: bpy.types.Object, kind: VisemeSet) -> None:
    had = list(head.data.shape_keys.key_blocks.keys())
    head.data.shape_keys.key_blocks["jawOpen"].value = 0.7  # what is shown does not matter
    bpy.ops.ofer.add_visemes(kind=kind)
    points = key_points(head)
    assert list(points) == [*had, *VISEMES[kind]]
    basis = points["Basis"]
    for name, weights in VISEMES[kind].items():
        wanted = basis + sum((points[unit] - basis) * w for unit, w in weights.items())
        assert np.abs(points[name] - wanted).max() < 1e-6
        assert head.data.shape_keys.key_blocks[name].value == 0


def test_a_unit_that_is_relative_to_another_key_counts_as_it_is_shown(
    head: bpy.types.Object,
) -> None:
    keys = head.data.shape_keys.key_blocks
    unit, other = keys["mouthFunnel"], keys["jawOpen"]
    away = shape_keys.points(other) - shape_keys.points(keys["Basis"])
    shape_keys.set_points(unit, shape_keys.points(unit) + away)
    unit.relative_key = other
    bpy.ops.ofer.add_visemes(kind="META")
    keys = head.data.shape_keys.key_blocks
    name, weights = next(
        each for each in VISEMES[VisemeSet.META].items() if "mouthFunnel" in each[1]
    )
    for part, weight in weights.items():
        keys[part].value = weight
    wanted = evaluated(head)
    for part in weights:
        keys[part].value = 0.0
    keys[name].value = 1.0
    assert np.abs(evaluated(head) - wanted).max() < 1e-6


def test_the_other_set_can_be_added_and_none_twice(head: bpy.types.Object) -> None:
    bpy.ops.ofer.add_visemes(kind="META")
    bpy.ops.ofer.add_visemes(kind="META")
    bpy.ops.ofer.add_visemes(kind="MICROSOFT")
    names = head.data.shape_keys.key_blocks.keys()
    assert len(names) == len(set(names)) and len(visemes.present(head)) == 37
    assert not bpy.ops.ofer.add_visemes.poll()


def test_without_the_52_the_button_is_grey(record: Reconstruction) -> None:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    assert "[ofer.add_visemes] Add Visemes" in draw("OFER_PT_rig")
    assert not bpy.ops.ofer.add_visemes.poll()


@pytest.mark.parametrize("target", [each for each in Target if PRESETS[each].keys])
def test_they_travel_under_their_programs_names(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    bpy.ops.ofer.add_visemes(kind="META")
    found = chosen(head, Plan(target, tmp_path / "out"))
    spoken = tuple(VRCHAT.values()) if target is Target.VRCHAT else META
    assert tuple(name for _, name in found)[52:] == spoken
    assert [source for source, _ in found] == [*ARKIT_52, *META]
    few = chosen(head, Plan(target, tmp_path / "out", Keys.HYPOTHESES))
    assert not {source for source, _ in few} & set(META)


def test_a_file_has_them_and_their_weights(head: bpy.types.Object, tmp_path: Path) -> None:
    bpy.ops.ofer.add_rig()
    bpy.ops.ofer.add_visemes(kind="META")
    bpy.ops.ofer.export_head(filepath=str(tmp_path / "out"), target="GLB")
    path = tmp_path / "out.glb"
    reader = GlbReader(path)
    (mesh,) = reader.summary().meshes
    assert mesh.keys == (*ARKIT_52, *META)
    wanted = 0.6 * reader.displacement(mesh.name, "jawOpen")
    for unit in ("mouthUpperUpLeft", "mouthUpperUpRight"):
        wanted += 0.1 * reader.displacement(mesh.name, unit)
    for unit in ("mouthLowerDownLeft", "mouthLowerDownRight"):
        wanted += 0.15 * reader.displacement(mesh.name, unit)
    assert np.abs(reader.displacement(mesh.name, "viseme_aa") - wanted).max() < 1e-5
    sidecar = json.loads(sidecar_of(path).read_text("utf-8"))["visemes"]
    assert sidecar["meta"]["viseme_aa"]["jawOpen"] == 0.6 and len(sidecar["microsoft"]) == 22
    bpy.ops.ofer.check_export(filepath=str(path))
    said = {line.text: line.level for line in head.ofer_export.findings}
    assert said["15 visemes are exported."] == "good"
    assert not any("Keys of your own" in text for text in said)


def test_they_go_along_with_renewed_units(head: bpy.types.Object) -> None:
    """What was sculpted on one of them stays."""
    bpy.ops.ofer.add_visemes(kind="META")
    keys = head.data.shape_keys.key_blocks
    keys["viseme_aa"].points[7].co.z += 0.002
    before, had = visemes.moves(head), key_points(head)
    jaw = shape_keys.points(keys["jawOpen"])
    jaw[:, 2] -= 0.001
    shape_keys.set_points(keys["jawOpen"], jaw)
    visemes.follow(head, before)
    now = key_points(head)
    assert np.allclose(now["viseme_aa"] - had["viseme_aa"], (0, 0, -0.0006), atol=1e-7)
    assert np.array_equal(now["viseme_sil"], had["viseme_sil"])


@pytest.mark.parametrize("added", [False, True])
def test_an_artists_own_of_that_name_stays_as_it_is(head: bpy.types.Object, added: bool) -> None:
    """As keys brought from elsewhere are called."""
    head.shape_key_add(name="viseme_aa", from_mix=False).points[7].co.z += 0.02
    if added:
        bpy.ops.ofer.add_visemes(kind="META")
    before, had = visemes.moves(head), key_points(head)
    jaw = head.data.shape_keys.key_blocks["jawOpen"]
    shape_keys.set_points(jaw, shape_keys.points(jaw) - (0, 0, 0.001))
    visemes.follow(head, before)
    now = key_points(head)
    assert np.array_equal(now["viseme_aa"], had["viseme_aa"])
    moved = [name for name in META if name in now and not np.array_equal(now[name], had[name])]
    assert bool(moved) == added


def test_those_of_an_older_version_go_along(head: bpy.types.Object) -> None:
    bpy.ops.ofer.add_visemes(kind="META")
    del head.data.shape_keys[visemes.PROPERTY]
    assert set(visemes.moves(head)) == set(META)
