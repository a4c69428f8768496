"""What is told of a point, of a part and of a face, and how it is said."""

from __future__ import annotations

import numpy as np
import pytest

from ofer_engine.contract import certainty
from ofer_engine.contract.certainty import Grade, PartCertainty
from ofer_engine.contract.face_parts import FACE_PARTS
from ofer_engine.contract.files.array_file import write_array
from tests.engine.contract.small_folder import write_small


@pytest.fixture
def folder(tmp_path):
    """A folder of which point 0 is seen and decided, 1 seen and as without a photo, 2 covered."""
    record = write_small(tmp_path)
    visible = np.zeros(8, np.float32)
    visible[:2] = 1
    changed = {
        "vertex_visible": visible,
        "prior_spread": np.full(8, 0.004, np.float32),
        "shape_spread": np.array([0.001, 0.004] + [0.002] * 6, np.float32),
        "part_masks": np.eye(len(FACE_PARTS), 8, dtype=np.float16),
        "evidence_vertices": np.array([0, 1, 2, 3, 4], np.int32),
    }
    for name, values in changed.items():
        with (record.folder / f"{name}.npy").open("wb") as file:
            write_array(file, values)
    return record


def test_a_point_is_told_as_far_as_it_is_seen_and_its_spread_is_gone(folder):
    decided = certainty.decided(folder)
    assert decided[0] == pytest.approx(1 - 1 / 32)
    assert decided[1] == 0.5
    assert (decided[2:] == 0).all()


def test_parts_and_the_whole_face_are_said_in_words(folder):
    found = certainty.certainty(folder)
    assert found.shown == pytest.approx(0.4) and found.without_photo == pytest.approx(0.004)
    grades = {each.part: each.grade for each in found.parts}
    assert (grades["nose"], grades["mouth"], grades["eyes"]) == (
        Grade.DECIDED, Grade.PARTLY, Grade.GUESSED,
    )  # fmt: skip
    line = certainty.describe_parts(found)
    assert line.startswith(
        "nose: decided, ±1.0 mm; mouth: partly decided, ±4.0 mm; eyes: guessed, ±2.0"
    )
    assert str(certainty.describe(found)) == (
        "40% of the face is seen. The heads drawn differ by ±2.4 mm there; people do by ±4.0 mm."
    )


def test_a_folder_that_does_not_say_how_people_differ_tells_what_is_seen(folder):
    (folder.folder / "prior_spread.npy").unlink()
    (folder.folder / "part_masks.npy").unlink()
    decided = certainty.decided(folder)
    assert decided[0] == decided[1] > 0 and (decided[2:] == 0).all()
    found = certainty.certainty(folder)
    assert found.parts == () and found.without_photo == 0
    assert certainty.describe_parts(found) == ""
    assert str(certainty.describe(found)).endswith("differ by ±2.4 mm there.")


@pytest.mark.parametrize(
    ("decided", "grade"),
    [(0.9, Grade.DECIDED), (0.7, Grade.PARTLY), (0.3, Grade.PARTLY), (0.2, Grade.GUESSED)],
)
def test_grades(decided, grade):
    assert PartCertainty("nose", decided, 0.001).grade == grade
