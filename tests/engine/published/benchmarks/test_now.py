"""NoW on a miniature data set in the published layout, with answers known by construction."""

import json
import re
import sys

import numpy as np
import pytest
import trimesh

from ofer_engine.__main__ import main
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.published.benchmarks.mesh_files import read_landmarks, read_mesh
from ofer_engine.published.benchmarks.now import NowData, export
from ofer_engine.published.benchmarks.predictions import MILLIMETRES, Predictions, even
from ofer_engine.published.benchmarks.scoring import Criterion, FaceScan, Method, score
from ofer_engine.published.benchmarks.tally import Contender, DistanceTally

_IMAGES = (
    "ANNA/multiview_neutral/IMG_1.jpg",
    "ANNA/multiview_occlusions/IMG_2.jpg",
    "BERT/multiview_neutral/IMG_3.jpg",
    "BERT/multiview_occlusions/IMG_4.jpg",
    "BERT/selfie/IMG_5.jpg",
)


@pytest.fixture
def people(face_of):
    return {"ANNA": face_of(nose=20), "BERT": face_of(nose=34, width=1.08)}


@pytest.fixture
def now(tmp_path, people):
    """The data set, its scans in millimetres and turned as nobody else's are."""
    data = tmp_path / "now"
    data.mkdir()
    (data / "imagepathsvalidation.txt").write_text("\n".join(f"/x/{name}" for name in _IMAGES))
    for subject, face in people.items():
        scan, marks = (data / kind / subject for kind in ("scans", "scans_lmks_onlypp"))
        scan.mkdir(parents=True)
        marks.mkdir(parents=True)
        trimesh.Trimesh(face.vertices, face.triangles, process=False).export(scan / "head.obj")
        points = "\n".join(
            f' <point x="{x}" y="{y}" z="{z}" active="1" name="{i}"/>'
            for i, (x, y, z) in enumerate(face.landmarks)
        )
        (marks / "head_picked_points.pp").write_text(
            f"<!DOCTYPE PickedPoints>\n<PickedPoints>\n{points}\n</PickedPoints>\n"
        )
    return data


def _write(stem, face, turn, scale=1.0, unit="m", landmarks="npy"):
    """A prediction somewhere else in space, in metres unless said."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    vertices = (scale * face.vertices @ turn.T + [30, -400, 7]) / MILLIMETRES[unit]
    trimesh.Trimesh(vertices, face.triangles, process=False).export(f"{stem}.ply")
    if landmarks == "npy":
        np.save(f"{stem}.npy", vertices[face.marks])
    elif landmarks == "txt":
        np.savetxt(f"{stem}.txt", vertices[face.marks])


@pytest.fixture
def exact(tmp_path, people, turn):
    """Everybody's own face, found exactly, 1.2 times too large."""
    folder = tmp_path / "exact"
    for name in _IMAGES:
        kind = "npy" if "neutral" in name else "txt"
        _write(folder / name[:-4], people[name[:4]], turn, scale=1.2, landmarks=kind)
    return folder


def _mean_head(tmp_path, face_of):
    face = face_of(nose=27, width=1.04)
    _write(tmp_path / "mean", face, np.eye(3))
    return Predictions(tmp_path).plain(tmp_path / "mean.ply")


def _board(now, predictions, mean_head, scaling=True, processes=1):
    reports = []
    method = Method(predictions, mean_head, scaling, Criterion.MEDIAN)
    board = score(NowData(now), method, processes, lambda *at: reports.append(at))
    assert reports[-1] == (5, 5)
    return board


def test_a_copy_turned_shifted_and_scaled_has_no_error(now, exact, tmp_path, face_of):
    board = _board(now, Predictions(exact), _mean_head(tmp_path, face_of))
    assert board.images == {"neutral": 2, "occlusion": 2, "selfie": 1}
    assert board.missing == [] and board.heads == 1
    for contender in (Contender.RANKED, Contender.BEST, Contender.AVERAGE):
        assert board.figures(board.images, contender).rms < 2e-3
    assert board.figures(board.images, Contender.MEAN_HEAD).median > 0.2
    assert board.figures(["neutral"], Contender.ANOTHER).median > 0.5
    assert board.figures(["selfie"], Contender.ANOTHER).points == 0  # nobody else took one


def test_controls_are_what_measuring_them_gives(now, exact, tmp_path, face_of):
    mean_head, predictions = _mean_head(tmp_path, face_of), Predictions(exact)
    board = _board(now, predictions, mean_head)
    data, tally, other = NowData(now), DistanceTally(), DistanceTally()
    for image, another in zip(data.images()[:3:2], (_IMAGES[2], _IMAGES[0]), strict=True):
        tally.add(data.scan(image).errors(mean_head, scaling=True))
        other.add(data.scan(image).errors(predictions.heads(another[:-4])[0], scaling=True))
    assert board.figures(["neutral"], Contender.MEAN_HEAD) == tally.figures()
    assert board.figures(["neutral"], Contender.ANOTHER) == other.figures()


def test_metrical_keeps_the_size(now, exact, tmp_path, people, turn):
    data = NowData(now)
    image = data.images()[0]
    (large,) = Predictions(exact).heads(image.name)
    assert np.median(data.scan(image).errors(large, scaling=False)) > 0.8
    assert data.scan(image).errors(large, scaling=True).max() < 5e-3
    _write(tmp_path / "true" / image.name, people["ANNA"], turn, unit="cm")
    (true,) = Predictions(tmp_path / "true", unit="cm").heads(image.name)
    assert data.scan(image).errors(true, scaling=False).max() < 5e-3


def test_several_heads_ranked_best_and_average(now, tmp_path, face_of, people, turn):
    wrong = face_of(nose=45, width=0.92)
    for name in _IMAGES:
        _write(tmp_path / "many" / name[:-4] / "0", wrong, turn)
        _write(tmp_path / "many" / name[:-4] / "1", people[name[:4]], turn)
    board = _board(now, Predictions(tmp_path / "many"), _mean_head(tmp_path, face_of))
    ranked, best, average = (
        board.figures(board.images, contender)
        for contender in (Contender.RANKED, Contender.BEST, Contender.AVERAGE)
    )
    assert board.heads == 2
    assert best.rms < 2e-3 < 0.5 < ranked.median
    assert average.points == 2 * ranked.points
    assert average.mean == pytest.approx((ranked.mean + best.mean) / 2)


def test_processes_change_nothing(now, exact, tmp_path, face_of):
    mean_head = _mean_head(tmp_path, face_of)
    one, two = (_board(now, Predictions(exact), mean_head, processes=n) for n in (1, 2))
    assert one.images == two.images
    for contender in Contender:
        assert one.figures(one.images, contender).median == pytest.approx(
            two.figures(one.images, contender).median, abs=1e-9
        )


def test_a_failure_in_another_process_is_told_as_in_this_one(now, exact, tmp_path, face_of):
    (now / "scans" / "BERT" / "head.obj").unlink()
    mean_head, errors = _mean_head(tmp_path, face_of), []
    for processes in (1, 2):
        with pytest.raises(OferError, match="the scans of BERT") as caught:
            _board(now, Predictions(exact), mean_head, processes=processes)
        errors.append((caught.value.code, caught.value.message, caught.value.hint))
    assert errors[0] == errors[1]


def test_a_missing_library_is_named_with_what_brings_it(monkeypatch, now):
    monkeypatch.setitem(sys.modules, "trimesh", None)
    with pytest.raises(OferError, match="needs trimesh") as caught:
        read_mesh(next(now.rglob("*.obj")))
    assert caught.value.code is ErrorCode.ENGINE_MISSING
    assert "install.py" in caught.value.hint


def test_submission_is_what_now_asks_for_and_measures_the_same(now, exact, tmp_path, face_of):
    out = tmp_path / "submission"
    assert export(NowData(now), Predictions(exact), out) == (5, [])
    file = out / "BERT" / "selfie" / "IMG_5.ply"
    landmarks = np.load(file.with_suffix(".npy"))
    assert landmarks.shape == (7, 3)
    vertices, triangles = read_mesh(file)
    given, _ = read_mesh(exact / "BERT" / "selfie" / "IMG_5.ply")
    np.testing.assert_allclose(vertices, 1000 * given, atol=1e-3)
    again = _board(now, Predictions(out, unit="mm"), _mean_head(tmp_path, face_of))
    assert again.figures(again.images, Contender.RANKED).rms < 2e-3


def test_command_prints_every_contender_and_what_is_missing(now, exact, tmp_path, face_of, capsys):
    _mean_head(tmp_path, face_of)
    (exact / "ANNA/multiview_occlusions/IMG_2.ply").unlink()
    arguments = ["evaluate", "now", "--data", now, "--predictions", exact]
    arguments += ["--mean-head", tmp_path / "mean.ply"]
    assert main([str(word) for word in arguments]) == 0
    said = capsys.readouterr().out
    assert said.startswith("NoW, non-metrical")
    assert "all, 4 images" in said and "occlusion, 1 images" in said
    for contender in Contender:
        name = re.escape(contender.replace("of N", "of 1"))
        assert len(re.findall(rf"^\| {name} \| (?:\d+\.\d\d|-) \|", said, re.MULTILINE)) == 4
    assert "| ranked first | 0.00 | 0.00 | 0.00 |" in said
    assert "1 images have no prediction and do not count: ANNA/multiview_occlusions/IMG_2" in said


@pytest.mark.parametrize(
    ("without", "says"),
    [
        ("imagepathsvalidation.txt", "the list of images"),
        ("scans/ANNA/head.obj", "the scans of ANNA"),
        ("scans_lmks_onlypp/BERT/head_picked_points.pp", "the scans_lmks_onlypp of BERT"),
    ],
)
def test_missing_data_are_named_with_where_to_get_them(now, exact, tmp_path, face_of, capsys,
                                                       without, says):  # fmt: skip
    _mean_head(tmp_path, face_of)
    (now / without).unlink()
    arguments = ["evaluate", "now", "--data", now, "--predictions", exact]
    assert main([*map(str, arguments), "--mean-head", str(tmp_path / "mean.ply")]) == 1
    said = capsys.readouterr().err
    assert says in said and "now.is.tue.mpg.de" in said and said.count("\n") == 1


def test_no_prediction_at_all_says_where_one_was_looked_for(now, tmp_path, face_of):
    with pytest.raises(OferError, match="for none of the 5 images") as caught:
        _board(now, Predictions(tmp_path / "nowhere"), _mean_head(tmp_path, face_of))
    assert "ANNA/multiview_neutral/IMG_1" in caught.value.hint.replace("\\", "/")


def test_prediction_without_landmarks_and_one_by_vertex_numbers(now, tmp_path, people, turn):
    _write(tmp_path / "bare" / _IMAGES[0][:-4], people["ANNA"], turn, landmarks="")
    with pytest.raises(OferError, match="has no landmarks") as caught:
        Predictions(tmp_path / "bare").heads(_IMAGES[0][:-4])
    assert caught.value.code is ErrorCode.BAD_REQUEST
    numbers = tmp_path / "seven.txt"
    numbers.write_text(" ".join(map(str, people["ANNA"].marks)))
    (head,) = Predictions(tmp_path / "bare", landmark_vertices=numbers).heads(_IMAGES[0][:-4])
    np.testing.assert_allclose(head.landmarks, head.vertices[people["ANNA"].marks])
    data = NowData(now)
    assert data.scan(data.images()[0]).errors(head, scaling=True).max() < 5e-3


def test_scan_and_landmarks_of_different_units_are_refused(people):
    face = people["ANNA"]
    with pytest.raises(OferError, match="no points near its landmarks"):
        FaceScan.cropped(face.vertices + 5, face.landmarks / 1000)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("marks.npy", json.dumps([1, 2]).encode()),
        ("marks.txt", b"1 2 3\n4 5 6\n"),
        ("marks.txt", b"one two three\n"),
        ("marks.pp", b'<point x="1" y="2"/>'),
    ],
)
def test_strange_landmark_files_are_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OferError, match="cannot be read as seven landmarks"):
        read_landmarks(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"garbage", b"v 0 0 0\nf 1 2 3\n", b"v 0 0 0\n"])
@pytest.mark.parametrize("name", ["head.obj", "head.ply"])
def test_strange_meshes_are_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OferError, match="cannot be read as a mesh"):
        read_mesh(tmp_path / name)


def test_vertices_keep_their_numbers_across_texture_seams(tmp_path):
    (tmp_path / "seam.obj").write_text(
        "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 1\n"
        "f 1/1 2/1 3/1\nf 1/2 3/2 4/2\n"
    )  # fmt: skip
    vertices, triangles = read_mesh(tmp_path / "seam.obj")
    np.testing.assert_array_equal(vertices, [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    np.testing.assert_array_equal(triangles, [[0, 1, 2], [0, 2, 3]])


def test_figures_of_known_distances():
    distances = np.random.default_rng(0).gamma(2, 0.5, 200_001)
    tally, half = DistanceTally(), DistanceTally()
    tally.add(distances[:7])
    half.add(distances[7:])
    tally.join(half)
    found = tally.figures()
    assert found.points == 200_001
    assert found.median == pytest.approx(np.median(distances), abs=6e-4)
    assert found.mean == pytest.approx(distances.mean(), rel=1e-12)
    assert found.deviation == pytest.approx(distances.std(), rel=1e-9)
    assert found.rms == pytest.approx(np.sqrt(np.square(distances).mean()), rel=1e-12)
    far = DistanceTally()
    far.add(np.array([1e4, 2e4, 3e4]))
    assert far.figures().median == pytest.approx(100, abs=1e-3)
    assert far.figures().mean == 2e4


def test_ranks_are_spread_evenly_from_the_first():
    np.testing.assert_array_equal(even(100, 5), [0, 20, 40, 60, 80])
    np.testing.assert_array_equal(even(3, 10), [0, 1, 2])
    assert len(even(0, 10)) == 0
