"""The contact sheet shows every hypothesis, or says which picture is missing."""

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ofer_engine.contract import reconstruction as folder
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.handlers import draft
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.preview.sheet import contact_sheet
from ofer_engine.preview.thumbnails import Look, thumbnail
from tests.engine.contract.small_folder import UPRIGHT, record_of

HEAD = Path(__file__).parents[3] / "weights" / "open" / "head.npz"
COLOURS = ((250, 10, 10), (10, 250, 10), (10, 10, 250))


def _png(colour) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (192, 192), colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def written(tmp_path) -> folder.Reconstruction:
    head = OpenHead.load(HEAD)
    arrays = {name: np.zeros(1, np.float32) for name in folder.ARRAYS} | {
        "identity_vertices": head.template[None].repeat(2, 0),
        "expression_vertices": head.template[None],
        "expression_coefficients": np.eye(52, dtype=np.float32)[
            [head.expression_names.index("jawOpen")]
        ],
        "evidence_vertices": head.point_vertices.astype(np.int32),
        "vertex_visible": np.full(len(head.template), 0.5, np.float32),
        "identity_spread": np.full(len(head.template), 0.002, np.float32),
        "polygons": head.polygons,
        "part": head.part,
    }
    view = folder.View(
        folder.PhotoRecord("zoë.jpg", "ab" * 32, 320, 240),
        folder.FaceRecord((250.0, 20.0, 90.0, 120.0), False, 0.75, True),
        folder.CameraRecord(500.0, (160.0, 120.0), UPRIGHT, (0.0, 0.0, -1.0), 320, 240, True),
    )
    small = record_of(tmp_path)
    record = dataclasses.replace(
        small,
        views=(view,),
        pack=dataclasses.replace(small.pack, claim="plausible, not a likeness"),
        identities=(
            folder.Hypothesis("identity_01", 1, 0.5, 17),
            folder.Hypothesis("identity_02", 2, 0.25, 3),
        ),
        expression_names=head.expression_names,
        joints=("root",),
        joint_parents=(-1,),
        parts=head.part_names,
        additions=(),
    )
    names = [hypothesis.name for hypothesis in (*record.identities, *record.expressions)]
    pictures = {name: _png(colour) for name, colour in zip(names, COLOURS, strict=True)}
    return draft.write(record, arrays, pictures)


PHOTO = np.full((240, 320, 3), 90, np.uint8)


def test_every_hypothesis_is_on_the_sheet_at_full_size(written):
    with Image.open(io.BytesIO(contact_sheet(written, PHOTO))) as image:
        assert image.format == "PNG"
        pixels = np.asarray(image)
    for colour in COLOURS:
        assert (pixels == colour).all(2).sum() == 192 * 192


def test_the_same_reconstruction_gives_the_same_sheet(written):
    assert contact_sheet(written, PHOTO) == contact_sheet(written, PHOTO)


def test_the_claim_is_printed(written, monkeypatch):
    from PIL import ImageDraw

    said = []
    draw = ImageDraw.ImageDraw.text
    monkeypatch.setattr(
        ImageDraw.ImageDraw,
        "text",
        lambda self, place, text, *rest: (said.append(text), draw(self, place, text, *rest)),
    )
    contact_sheet(written, PHOTO)
    assert "Open 0.1 · plausible, not a likeness · CC0-1.0" in said
    assert {"1", "2", "jawOpen 1.0", "low confidence"} <= set(said)
    assert "50% of the face is seen. The heads drawn differ by ±2.0 mm there." in said
    assert not any("sure" in text for text in said)
    assert "A note." in said


def test_a_missing_picture_is_named(written):
    written.thumbnail(written.identities[1]).unlink()
    with pytest.raises(OferError, match="identity_02") as caught:
        contact_sheet(written, PHOTO)
    assert caught.value.code == ErrorCode.RECONSTRUCTION_DAMAGED


def test_real_thumbnails_fit(written):
    head = OpenHead.load(HEAD)
    picture = thumbnail(head.template, Look.of_head(head))
    written.thumbnail(written.identities[0]).write_bytes(picture)
    with Image.open(io.BytesIO(picture)) as small:
        assert small.size == (192, 192)
    assert contact_sheet(written, PHOTO)[:4] == b"\x89PNG"
