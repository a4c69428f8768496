"""Scans of a known head: what its basis can say of it, and how scans are read and looked at."""

import json

import numpy as np
import pytest
from PIL import Image

from ofer_engine.__main__ import main
from ofer_engine.contract.errors import OferError
from ofer_engine.geometry.similarity import best_similarity
from ofer_engine.geometry.triangles import triangulate
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.published.benchmarks.scan_alignment import DETECTOR_LANDMARKS
from ofer_engine.published.benchmarks.scoring import FaceScan
from ofer_engine.research.evaluation.scan_floor import nearest_identity
from ofer_engine.research.evaluation.scanned_people import Scan, scanned_in
from ofer_engine.research.evaluation.shown_scan import ScanView, front_of, outside, portraits, shown

_SEVEN = list(DETECTOR_LANDMARKS)
_UNIT = 37.0
"""Scan units in a metre: nobody knows."""


@pytest.fixture(scope="module")
def head() -> OpenHead:
    return OpenHead.load(BUNDLED / "open" / "head.npz")


@pytest.fixture(scope="module")
def identity(head):
    drawn = head.prior.draw(np.random.default_rng(8))
    return drawn / np.sqrt(np.square(drawn).mean()) * 0.9


def _write_person(folder, head, identity, photo):
    """A mesh in a strange unit, its landmarks, and somebody's photo."""
    folder.mkdir(parents=True)
    vertices = head.vertices(identity) * _UNIT
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in vertices]
    skin = triangulate(head.part_polygons("skin", "eye_left", "eye_right"))
    lines += [f"f {a} {b} {c}" for a, b, c in skin + 1]
    (folder / "scan.obj").write_text("\n".join(lines) + "\n")
    np.savetxt(folder / "landmarks.txt", head.landmarks(vertices)[_SEVEN])
    if photo is not None:
        Image.open(photo).save(folder / "photo.png")


def test_the_floor_of_a_head_that_the_basis_can_make_is_nearly_nothing(head, identity):
    vertices = head.vertices(identity) * 1000.0
    marks = head.landmarks(vertices)[_SEVEN]
    seen = np.unique(head.part_polygons("skin"))
    face = FaceScan.cropped(vertices[seen[seen >= 0]], marks)
    mean = head.landmarks(head.template * 1000.0)[_SEVEN]
    found = nearest_identity(head, face, best_similarity(mean, marks, scaling=True))
    true, fitted = (head.vertices(one)[head.face] * 1000 for one in (identity, found))
    left = np.linalg.norm(true - fitted, axis=1).mean()
    started = np.linalg.norm(true - head.template[head.face] * 1000, axis=1).mean()
    assert left < 0.35 * started
    assert np.square(found).mean() <= 1.001


def test_the_command_tells_controls_and_floor(head, identity, portrait, tmp_path, capsys):
    _write_person(tmp_path / "one", head, identity, portrait)
    _write_person(tmp_path / "two", head, -identity, portrait)
    file = tmp_path / "scans.json"
    options = ["--samples", "3", "--json", str(file)]
    assert main(["evaluate", "scans", str(tmp_path), *options]) == 0
    table = capsys.readouterr().out
    assert "mean head (control)" in table and "one, 1 photos" in table
    one, two = json.loads(file.read_text("utf-8"))["scans"]
    for person in (one, two):
        errors = {name: error["mean"] for name, error in person["errors"].items()}
        assert errors["floor"] < 0.35 < errors["mean_head"]
        assert errors["best_sample"] <= errors["average_sample"]
        # The true unit is 1000 / 37 mm; the scan counts as large as the mean head.
        assert person["unit"] == pytest.approx(1000 / _UNIT, rel=0.15)
    # Both photos show one person, and so does the other one's: the same head.
    assert one["errors"]["another"] == one["errors"]["ranked_first_together"]


def test_a_depth_cameras_points_become_a_surface_without_bridges(tmp_path):
    rng = np.random.default_rng(0)
    flat = rng.uniform(-50, 50, (4000, 2))
    near = flat[:, 0] ** 2 + flat[:, 1] ** 2 < 30**2
    points = np.column_stack([flat, np.where(near, 400.0, 520.0)])
    points[:, :2] *= points[:, 2:] / 400
    (tmp_path / "somebody").mkdir()
    np.savez(tmp_path / "somebody" / "cloud.npz", points=points)
    (files,) = scanned_in(tmp_path)
    scan = files.read()
    assert (scan.vertices == points * (1, -1, -1)).all()  # y up, towards the viewer
    depths = scan.vertices[scan.triangles][:, :, 2]
    assert np.ptp(depths, axis=1).max() < 1e-9  # none joins the two planes
    corners = scan.vertices[scan.triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normal[:, 2] > 0).all()
    assert len(scan.triangles) > 6000


def test_a_scan_is_shown_upright_from_its_front_and_sides(head):
    skin = triangulate(head.part_polygons("skin"))
    colours = np.tile((200.0, 150.0, 130.0), (len(head.template), 1))
    colours[head.region("lips") > 0.5] = (150, 40, 40)
    # Lying on its back and looking up, in centimetres.
    turn = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    vertices = head.template.astype(float) * 100 @ turn.T
    scan = Scan(vertices, skin, colours)
    seven = head.landmarks(vertices)[_SEVEN]
    view = front_of(seven)
    assert np.allclose(view.turn @ turn, np.eye(3), atol=0.2)
    pictures = portraits(scan, view, "somebody")
    assert len(pictures) == 3
    lips = [_reddest(one.pixels) for one in pictures]
    assert 256 < lips[1][1] < 400 and abs(lips[1][0] - 256) < 12
    beside = [lip[0] - _middle(one.pixels) for lip, one in zip(lips, pictures, strict=True)]
    assert beside[0] < -15 and abs(beside[1]) < 5 and beside[2] > 15
    empty, fragments = shown(scan, ScanView(view.middle + 1e3, view.turn, view.width))
    assert not len(fragments.pixel) and (empty == 128).all()


def _reddest(picture):
    red = picture[..., 0].astype(float) - picture[..., 1] > 75
    rows, columns = np.nonzero(red)
    return columns.mean(), rows.mean()


def _middle(picture):
    """Column of the middle of everything that is not the grey behind."""
    return np.nonzero((picture != 128).any(axis=2))[1].mean()


def test_what_lies_behind_the_skin_does_not_count(head):
    outer = triangulate(head.part_polygons("skin", "eye_left", "eye_right"))
    count = len(head.template)
    # A smaller face inside the head, as meshes of scans have a mouth's inside.
    middle = head.template[head.face].mean(axis=0)
    within = middle + 0.7 * (head.template - middle) - (0, 0, 0.02)
    inner = outer[head.face[outer].all(axis=1)] + count
    vertices = np.concatenate([head.template, within])
    scan = Scan(vertices, np.concatenate([outer, inner]), np.full((2 * count, 3), 99.0))
    seen = outside(scan, front_of(head.landmarks(head.template)[_SEVEN].astype(float)))
    assert np.isin(np.flatnonzero(head.face), seen).mean() > 0.8  # lids fold over the rest
    assert (seen >= count).mean() < 0.01


def test_a_mesh_takes_its_colours_from_its_picture(tmp_path):
    place = tmp_path / "somebody"
    place.mkdir()
    lines = ["v 0 0 0", "v 1 0 0", "v 1 1 0", "v 0 1 0", "vt 0 0", "vt 1 0", "vt 1 1", "vt 0 1"]
    (place / "head.obj").write_text("\n".join([*lines, "f 1/1 2/2 3/3", "f 1/1 3/3 4/4"]) + "\n")
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4] = (0, 0, 255)  # the upper half is blue, the lower one red
    pixels[4:] = (255, 0, 0)
    Image.fromarray(pixels).save(place / "color.png")
    Image.new("RGB", (8, 8)).save(place / "normal.png")
    (files,) = scanned_in(tmp_path)
    assert files.photos == () and files.texture == place / "color.png"
    view = ScanView(np.array([0.5, 0.5, 0.0]), np.eye(3), 1.5)
    picture, _ = shown(files.read(), view)
    assert picture[200, 256, 2] > 200 > picture[200, 256, 0]
    assert picture[320, 256, 0] > 200 > picture[320, 256, 2]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda f: None, "There are no scans in"),
        (lambda f: (f / "a.obj").write_text("v 0 0 0\n"), "x/a.obj cannot be read as a scan."),
        (lambda f: (f / "a.npz").write_text("no"), "x/a.npz cannot be read as a scan."),
        (lambda f: np.savez(f / "a.npz", points=np.zeros((500, 3))), "cannot be read as a scan."),
        (lambda f: np.savez(f / "a.npz", p=np.ones((500, 3))), "x/a.npz cannot be read as a scan."),
        (lambda f: [(f / n).write_text("") for n in ("a.obj", "b.ply")], "x holds 2 scans"),
    ],
)
def test_what_is_no_scan_is_one_sentence(made, said, tmp_path, capsys):
    (tmp_path / "x").mkdir()
    made(tmp_path / "x")
    assert main(["evaluate", "scans", str(tmp_path)]) == 1
    printed = capsys.readouterr().err
    assert said in printed and "Traceback" not in printed


def test_a_scan_without_a_face_is_one_sentence(tmp_path):
    from ofer_engine.photo.faces import FaceDetector
    from ofer_engine.research.evaluation.shown_scan import find_landmarks

    corners = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    triangles = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
    scan = Scan(corners, triangles, np.tile((128.0,) * 3, (4, 1)))
    with pytest.raises(OferError, match="No face was found on a scan") as caught:
        find_landmarks(scan, FaceDetector.load(BUNDLED / "faces"))
    assert "landmarks.txt" in caught.value.hint
