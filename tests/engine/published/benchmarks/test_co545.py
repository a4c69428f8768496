"""CO-545 and diversity on miniature data, with our own reconstructions and with plain meshes."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest
import trimesh

from ofer_engine.__main__ import main
from ofer_engine.contract import reconstruction as contract
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.handlers import draft
from ofer_engine.published.benchmarks.co545 import Co545Data
from ofer_engine.published.benchmarks.diversity import diversity
from ofer_engine.published.benchmarks.predictions import HeadChoice, Predictions, mean_head
from ofer_engine.published.benchmarks.scan_alignment import DETECTOR_LANDMARKS, face_region
from ofer_engine.published.benchmarks.scoring import Criterion, Method, score
from ofer_engine.published.benchmarks.tally import Contender
from tests.engine.contract.small_folder import record_of

_IMAGES = ("anna/bareteeth/0001.jpg", "anna/mouth_up/0002.png", "bert/bareteeth/0003")
_STEMS = tuple(name.split(".")[0] for name in _IMAGES)


class _Mini:
    """A pack's head of two identity modes (nose, width) and one expression, in metres."""

    def __init__(self, face_of):
        base, nose, width = face_of(), face_of(nose=26), face_of(width=1.01)
        self.face = base
        self.template = (base.vertices / 1000).astype(np.float32)
        self.identity = np.stack(
            [(other.vertices - base.vertices) / 1000 for other in (nose, width)]
        ).astype(np.float32)
        smile = np.zeros_like(self.template)
        smile[:, 2] = 0.004 * np.exp(-((base.vertices[:, 1] + 40) ** 2) / 300)
        still = np.zeros((51, *smile.shape), np.float32)
        self.expression = np.concatenate([smile[None], still])
        self.polygons = np.pad(base.triangles, ((0, 0), (0, 1)), constant_values=-1)

    def vertices(self, identity, smile=0.0):
        return self.template + np.tensordot(identity, self.identity, 1) + smile * self.expression[0]

    def save(self, file):
        count, vertices = len(self.polygons), len(self.template)
        landmarks = np.zeros((468, 3), np.int32)
        landmarks[list(DETECTOR_LANDMARKS)] = self.face.marks[:, None]
        arrays = {
            "template": self.template,
            "identity": self.identity,
            "expression": self.expression,
            "polygons": self.polygons.astype(np.int32),
            "uv": np.zeros((count, 4, 2), np.float32),
            "part": np.zeros(count, np.uint8),
            "part_names": np.array(["skin", "eye_left", "eye_right"]),
            "regions": np.ones((1, vertices), np.float16),
            "region_names": np.array(["face"]),
            "joints": np.zeros((6, 3), np.float32),
            "joints_identity": np.zeros((2, 6, 3), np.float32),
            "joint_names": np.array(["root", "neck", "head", "jaw", "eye_L", "eye_R"]),
            "joint_parents": np.array([-1, 0, 1, 2, 2, 2]),
            "skin_weights": np.tile(np.eye(6, dtype=np.float32)[2], (vertices, 1)),
            "outer": np.ones(vertices, bool),
            "face": np.ones(vertices, bool),
            "landmark_triangles": landmarks,
            "landmark_barycentric": np.full((468, 3), 1 / 3, np.float32),
            "point_vertices": np.arange(240, dtype=np.int32) % vertices,
            "rank_vertices": np.arange(400, dtype=np.int32) % vertices,
            "mirror": np.arange(vertices, dtype=np.int32),
            "neck_loop": np.arange(4, dtype=np.int32),
        }
        np.savez(file, **arrays)


@pytest.fixture
def mini(face_of):
    return _Mini(face_of)


@pytest.fixture
def home(tmp_path, mini):
    pack = tmp_path / "home" / "packs" / "mini"
    pack.mkdir(parents=True)
    (pack / "pack.json").write_text(json.dumps({"format": 1}))
    mini.save(pack / "head.npz")
    return tmp_path / "home"


@pytest.fixture
def truths(mini):
    """Everybody's coefficients; each smiles by 1."""
    return dict(zip(_STEMS, ([1.0, -3.0], [1.0, -3.0], [-2.0, 4.0]), strict=True))


@pytest.fixture
def data(tmp_path, mini, truths, turn):
    """True meshes in millimetres, turned, with landmarks given once as vertex numbers."""
    folder = tmp_path / "co545"
    for stem, identity in truths.items():
        file = folder / "meshes" / f"{stem}.ply"
        file.parent.mkdir(parents=True, exist_ok=True)
        vertices = 1000 * mini.vertices(identity, smile=1.0) @ turn.T + 50
        trimesh.Trimesh(vertices, mini.face.triangles, process=False).export(file)
    (folder / "images.txt").write_text("\n".join(_IMAGES) + "\n")
    (folder / "seven.txt").write_text("\n".join(map(str, mini.face.marks)))
    return folder


def _reconstruct(folder, mini, candidates, order, kept, smiles, evidence):
    """A NAME.ofer whose heads are these; evidence : (vertices, how likely seen)."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    candidates, order = np.array(candidates, np.float32), np.array(order, np.int32)
    best = candidates[order[0]]
    polygons, points = len(mini.polygons), np.array(evidence[0], np.int32)
    arrays = {
        "identity_vertices": mini.vertices(candidates[order[:kept]]),
        "identity_joints": np.zeros((kept, 1, 3), np.float32),
        "identity_coefficients": candidates,
        "identity_scores": np.zeros(len(candidates), np.float32),
        "identity_order": order,
        "expression_vertices": np.stack([mini.vertices(best, smile) for smile in smiles]),
        "expression_coefficients": np.zeros((len(smiles), 52), np.float32),
        "polygons": mini.polygons.astype(np.int32),
        "uv": np.zeros((polygons, 4, 2), np.float32),
        "part": np.zeros(polygons, np.uint8),
        "skin_weights": np.ones((len(mini.template), 1), np.float32),
        "identity_spread": np.zeros(len(mini.template), np.float32),
        "vertex_visible": np.ones(len(mini.template), np.float32),
        "evidence_points": np.zeros((1, len(points), 2), np.float32),
        "evidence_deviation": np.ones((1, len(points)), np.float32),
        "evidence_visible": np.array([evidence[1]], np.float32),
        "evidence_vertices": points,
        "expression_shift": np.zeros((1, len(points), 3), np.float32),
        "context_identity": np.zeros((1, 4), np.float32),
        "context_ranking": np.zeros((1, 4), np.float32),
        "context_expression": np.zeros((1, 4), np.float32),
    }
    record = dataclasses.replace(
        record_of(folder.parent),
        name=folder.stem,
        pack=contract.PackRecord("mini", "1", "Mini", "CC0-1.0", True, "", "0"),
        identities=tuple(
            contract.Hypothesis(f"identity_{n:02d}", n, 1 / kept, int(row))
            for n, row in enumerate(order[:kept], 1)
        ),
        expressions=tuple(
            contract.Hypothesis(f"expression_{n:02d}", n, 1.0, n - 1)
            for n in range(1, len(smiles) + 1)
        ),
        expression_names=("smile",),
        joints=("root",),
        joint_parents=(-1,),
        parts=("skin", "eye_left", "eye_right"),
        additions=(),
        folder=folder,
    )
    draft.write(record, arrays, {})


@pytest.fixture
def ofer(tmp_path, mini, truths):
    """Right identity at the second place drawn, ranked first; right smile at the second place."""
    folder = tmp_path / "predicted"
    for stem, identity in truths.items():
        _reconstruct(
            folder / f"{stem}.ofer",
            mini,
            candidates=[[0.0, 0.0], identity, [3.5, 0.0], [0.0, 0.5]],
            order=[1, 0, 3, 2],
            kept=2,
            smiles=(0.0, 1.0),
            evidence=(mini.face.marks, [0.9, 0.9, 0.9, 0.9, 0.9, 0.1, 0.2]),
        )
    return folder


def _predictions(ofer, home, kind=HeadChoice.EXPRESSIONS, **options):
    return Predictions(ofer, kind, home=home, **options)


def test_se_and_cse_of_our_reconstructions(data, ofer, home, mini):
    dataset = Co545Data(data, "mm", data / "seven.txt")
    method = Method(_predictions(ofer, home), mean_head("mini", home), True, Criterion.RMS)
    board = score(dataset, method, 1, lambda done, of: None)
    assert board.images == {"CO-545": 3} and board.heads == 2 and not board.missing
    figures = {c: board.figures(["CO-545"], c) for c in Contender}
    assert figures[Contender.BEST].rms < 2e-3
    assert 0.1 < figures[Contender.RANKED].rms < figures[Contender.MEAN_HEAD].rms
    assert figures[Contender.AVERAGE].rms == pytest.approx(
        np.sqrt((figures[Contender.RANKED].rms ** 2 + figures[Contender.BEST].rms ** 2) / 2)
    )
    assert figures[Contender.ANOTHER].rms > figures[Contender.RANKED].rms


def test_identities_are_all_candidates_best_first(ofer, home, mini, truths):
    heads = _predictions(ofer, home, HeadChoice.IDENTITIES).heads(_STEMS[0])
    wanted = [truths[_STEMS[0]], [0.0, 0.0], [0.0, 0.5], [3.5, 0.0]]
    assert len(heads) == 4
    for head, identity in zip(heads, wanted, strict=True):
        np.testing.assert_allclose(head.vertices, 1000 * mini.vertices(identity), atol=1e-4)
        np.testing.assert_allclose(head.landmarks, head.vertices[mini.face.marks], atol=1e-4)
    halved = _predictions(ofer, home, HeadChoice.IDENTITIES, most=2).heads(_STEMS[0])
    np.testing.assert_array_equal(halved[0].vertices, heads[0].vertices)
    np.testing.assert_array_equal(halved[1].vertices, heads[2].vertices)


def test_vertex_numbers_need_no_pack_and_take_the_kept_heads(ofer, data, tmp_path, mini):
    predictions = _predictions(
        ofer, tmp_path, HeadChoice.IDENTITIES, landmark_vertices=data / "seven.txt"
    )
    heads = predictions.heads(_STEMS[0])
    assert len(heads) == 2
    np.testing.assert_allclose(heads[1].landmarks, 1000 * mini.template[mini.face.marks], atol=1e-4)


def test_a_pack_with_another_head_is_refused(ofer, home, mini):
    mini.template = mini.template + np.float32(0.01)
    mini.save(home / "packs" / "mini" / "head.npz")
    fresh = home.rename(home.with_name("elsewhere"))
    with pytest.raises(OferError, match="another head") as caught:
        _predictions(ofer, fresh, HeadChoice.IDENTITIES).heads(_STEMS[0])
    assert caught.value.code is ErrorCode.RECONSTRUCTION_DAMAGED


def test_a_pack_without_its_head_says_so(ofer, home):
    fresh = home.rename(home.with_name("bare"))
    (fresh / "packs" / "mini" / "head.npz").unlink()
    with pytest.raises(OferError, match=r"head\.npz is not there") as caught:
        _predictions(ofer, fresh).heads(_STEMS[0])
    assert caught.value.hint


def test_diversity_of_known_deviations(ofer, home, mini):
    found = diversity(_predictions(ofer, home, HeadChoice.EXPRESSIONS), _STEMS)
    # Two heads apart by the smile: half of it is the deviation of every vertex.
    half = 1000 * np.linalg.norm(mini.expression[0], axis=1) / 2
    assert found.images == 3
    assert found.hidden == pytest.approx(
        np.sqrt(np.square(half[mini.face.marks[5:]]).mean()), rel=1e-5
    )
    assert found.visible == pytest.approx(
        np.sqrt(np.square(half[mini.face.marks[:5]]).mean()), rel=1e-5
    )
    assert found.beyond == pytest.approx((1 / 8 + 1 / 8 + 2 / 8) / 3)
    spreads = []
    for stem in _STEMS:
        head = _predictions(ofer, home).heads(stem)[0]
        spreads.append(np.sqrt(np.square(half[face_region(head.vertices, head.landmarks)]).mean()))
    assert found.spread == pytest.approx(np.mean(spreads), rel=1e-5)


def test_diversity_of_single_heads_is_unknown(ofer, home):
    found = diversity(_predictions(ofer, home, most=1), _STEMS)
    assert found.images == 0 and np.isnan(found.spread)


def test_command_end_to_end(data, ofer, home, capsys):
    arguments = ["--home", home, "evaluate", "co545", "--data", data, "--predictions", ofer]
    arguments += ["--pack", "mini", "--truth-unit", "mm"]
    arguments += ["--truth-landmark-vertices", data / "seven.txt"]
    assert main([str(word) for word in arguments]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Our reading") and said.count("our reading:") == 2
    assert "| CO-545, 3 images | rms, mm | median, mm | mean, mm |" in said
    assert "| best of 2 (oracle) | 0.00 | 0.00 | 0.00 |" in said
    for contender in Contender:
        assert re.search(rf"^\| {re.escape(contender.replace('of N', 'of 2'))} \| \d", said, re.M)
    assert "Diversity of identities, 3 images" in said
    assert "Diversity of expressions, 3 images" in said
    assert "beyond 3 deviations (in place of ODE): 16.67 %" in said


@pytest.mark.parametrize(
    ("without", "says"),
    [("images.txt", "the list of images"), ("meshes/bert/bareteeth/0003.ply", "a true mesh")],
)
def test_missing_data_are_named_with_where_to_get_them(data, ofer, home, capsys, without, says):
    (data / without).unlink()
    arguments = ["--home", home, "evaluate", "co545", "--data", data, "--predictions", ofer]
    arguments += ["--pack", "mini", "--truth-unit", "mm"]
    arguments += ["--truth-landmark-vertices", data / "seven.txt"]
    assert main([str(word) for word in arguments]) == 1
    said = capsys.readouterr().err
    assert says in said and "coma.is.tue.mpg.de" in said and said.count("\n") == 1


@pytest.mark.parametrize("line", ["0001.jpg", "../anna/0001.jpg", "/anna/0001.jpg"])
def test_lists_may_not_lead_out_of_the_data(data, line):
    (data / "images.txt").write_text(line + "\n")
    with pytest.raises(OferError, match="not SUBJECT"):
        Co545Data(data).images()
