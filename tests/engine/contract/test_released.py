"""Folders of released versions stay readable; others are refused by a sentence of their own."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest

from ofer_engine.contract import reconstruction
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.records import Hints
from ofer_engine.handlers import draft
from tests.engine.contract.small_folder import write_small

RELEASED = Path(__file__).parent / "released"
ARRAYS_OF_0_2_0 = (
    "context_expression", "context_identity", "context_ranking", "evidence_deviation",
    "evidence_points", "evidence_vertices", "evidence_visible", "expression_coefficients",
    "expression_shift", "expression_vertices", "identity_coefficients", "identity_joints",
    "identity_order", "identity_scores", "identity_spread", "identity_vertices", "part",
    "polygons", "skin_weights", "uv", "vertex_visible",
)  # fmt: skip


def test_a_folder_of_0_2_0_is_read_whole():
    record = reconstruction.read(RELEASED / "0.2.0" / "person.ofer")
    assert (record.name, record.photo.name, record.camera.focal) == ("Zoë", "zoë.jpg", 800.0)
    assert record.views[0].hidden == ("eyes", "mouth") and record.settings.sampler == "ddpm"
    assert record.settings.hints == Hints(age=41.5, build=0.25)
    assert [(each.candidate, each.draw) for each in record.identities] == [(17, 0), (3, 1)]
    assert record.additions[0].rows == (3, 17)
    assert record.picture(record.identities[0]).startswith(b"\x89PNG")
    assert not any(map(record.has, reconstruction.OPTIONAL_ARRAYS))
    content = b"".join(record.array(name).tobytes() for name in ARRAYS_OF_0_2_0)
    assert hashlib.sha256(content).hexdigest().startswith("0d71ceb1121c611c")


@pytest.mark.parametrize("version", sorted(place.name for place in RELEASED.iterdir()))
def test_what_a_release_wrote_is_written_again_as_today_s(version, tmp_path):
    (old,) = (RELEASED / version).glob("*.ofer")
    record = reconstruction.read(old)
    names = [n for n in reconstruction.OPTIONAL_ARRAYS if record.has(n)]
    arrays = {name: record.array(name) for name in (*reconstruction.ARRAYS, *names)}
    pictures = {
        each.name: record.picture(each) for each in (*record.identities, *record.expressions)
    }
    moved = dataclasses.replace(record, folder=tmp_path / old.name)
    again = draft.write(moved, arrays, pictures)
    assert reconstruction.read(again.folder) == moved


@pytest.mark.parametrize(
    ("version", "why", "advice"),
    [(1, "before OFER Faces kept", "Reconstruct"), (3, "newer version", "Update")],
)
def test_why_another_format_is_not_read_is_told(tmp_path, version, why, advice):
    folder = write_small(tmp_path).folder
    file = folder / reconstruction.RECORD
    fields = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(fields | {"format": version}), "utf-8")
    with pytest.raises(OferError, match=why) as caught:
        reconstruction.read(folder)
    assert caught.value.code is ErrorCode.RECONSTRUCTION_DAMAGED
    assert caught.value.hint.startswith(advice)
