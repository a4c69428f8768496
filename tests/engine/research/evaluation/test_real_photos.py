"""Our points beside the packaged network's, on the portrait that tests use."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from ofer_engine.__main__ import main
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_pack import read_open_pack
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.photo.load import load_photo
from ofer_engine.research.evaluation.real_photos import drawn_face, photo_table, read_photos, sheet


@pytest.fixture(scope="module")
def read(portrait, tmp_path_factory):
    empty = tmp_path_factory.mktemp("photos") / "empty.png"
    Image.new("RGB", (64, 64), "grey").save(empty)
    pack = read_open_pack(BUNDLED / "open", torch.device("cpu"))
    return list(read_photos(pack, FaceDetector.load(BUNDLED / "faces"), [empty, portrait]))


def test_both_networks_see_the_same_face_and_what_is_no_face_is_passed_over(read):
    (photo,) = read
    assert photo.name == "astronaut.png"
    assert photo.landmarks > 200
    assert 0 < photo.disagreement < 0.06
    assert 0 < photo.deviation_visible < 0.05
    assert not photo.doubtful


def test_points_are_drawn_and_the_table_counts_only_where_the_packaged_network_is_right(read):
    (photo,) = read
    page = sheet([photo] * 5)
    assert page.size == (4 * 360, 2 * 360)
    assert np.asarray(page)[:360, :360].std() > 20
    wrong = replace(photo, name="b.jpg", disagreement=0.5)
    text = photo_table([photo, wrong], ["b.jpg"])
    assert "packaged network wrong" in text and "50.0" in text
    assert f"mean of 1 where it is right | {100 * photo.disagreement:.1f} |" in text
    assert "–" in photo_table([replace(photo, deviation_hidden=float("nan"))], [])


def test_outline_and_irises_are_drawn(portrait):
    pack = read_open_pack(BUNDLED / "open", torch.device("cpu"))
    photo = load_photo(portrait)
    face = FaceDetector.load(BUNDLED / "faces").detect(photo)[0]
    evidence = pack.encode(photo, face)
    corners = face.landmarks[:, :2].min(axis=0), face.landmarks[:, :2].max(axis=0)
    moving = evidence.moving
    # The packaged network's eyes: the corners of both, left first as ours are.
    for own, marks in ((moving.irises[:5], (362, 263)), (moving.irises[5:], (33, 133))):
        middle = face.landmarks[list(marks), :2].mean(axis=0)
        assert np.linalg.norm(own.mean(axis=0) - middle) < 0.05 * face.side
    assert (moving.contour > corners[0] - 0.06 * face.side).all()
    assert (moving.contour < corners[1] + 0.06 * face.side).all()
    chin = moving.contour[:, 1].max()
    assert abs(chin - face.landmarks[152, 1]) < 0.05 * face.side
    drawn = drawn_face(photo, face, evidence)
    without = drawn_face(photo, face, replace(evidence, moving=None))
    assert (drawn != without).any(axis=2).mean() > 0.005


def test_the_command_writes_a_sheet_and_a_page(portrait, tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("<!-- photos: begin --><!-- photos: end -->")
    drawn = tmp_path / "sheet.png"
    assert main(
        ["evaluate", "photos", str(portrait.parent), "--sheet", str(drawn), "--page", str(page)]
    ) == 0  # fmt: skip
    assert capsys.readouterr().out.strip() in page.read_text()
    assert drawn.stat().st_size > 10_000
