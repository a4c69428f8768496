"""Folders that a stranger spoiled, opened in Blender: one sentence each, and no half objects."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import bpy
import pytest
import synthetic
from conftest import ROOT
from scene_dump import differences, dump

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="makes pipes and links")
sys.path.insert(0, str(ROOT))
try:
    from tests.engine.contract.spoiled import SPOILED
finally:
    sys.path.remove(str(ROOT))


@pytest.mark.parametrize("operator", ["insert_head", "open_reconstruction"])
def test_a_spoiled_folder_makes_nothing(tmp_path: Path, operator: str) -> None:
    whole = synthetic.write_more(tmp_path / "whole").folder
    before, refused = dump(), 0
    name = {"insert_head": "directory", "open_reconstruction": "filepath"}[operator]
    for kind, spoil in SPOILED.items():
        folder = shutil.copytree(whole, tmp_path / "spoiled" / "anna.ofer")
        spoil(folder)
        try:
            getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True, **{name: str(folder)})
        except RuntimeError as error:
            refused += 1
            _check_sentence(kind, str(error))
        else:  # what is spoiled is only for the engine
            head = bpy.context.object
            assert len(head.ofer.identities) == synthetic.IDENTITIES + 3, kind
            assert len(head.data.shape_keys.key_blocks) == 10, kind
            bpy.ops.ed.undo()
        shutil.rmtree(folder)
    assert differences(before, dump()) == [] and refused > 40


def test_a_head_whose_folder_was_spoiled_stays_as_it_is(tmp_path: Path) -> None:
    place = synthetic.write_more(tmp_path / "made").folder
    bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(place))
    before, refused = dump(), 0
    good = shutil.copytree(place, tmp_path / "good")
    for kind, spoil in SPOILED.items():
        spoil(place)
        try:
            bpy.ops.ofer.add_arkit("EXEC_DEFAULT", True)
        except RuntimeError as error:
            refused += 1
            _check_sentence(kind, str(error))
        else:  # spoiled in what was not needed, or brought back from what the .blend keeps
            assert len(bpy.context.object.data.shape_keys.key_blocks) == 10 + 52, kind
            bpy.ops.ed.undo()
        assert differences(before, dump()) == [], kind
        shutil.rmtree(place)
        shutil.copytree(good, place)
    assert refused >= 3


def _check_sentence(kind: str, said: str) -> None:
    assert re.fullmatch(r"Error: .+\. [A-Z].+\.\n?", said, re.DOTALL), (kind, said)
    assert "Traceback" not in said and "unexpected error" not in said, (kind, said)
