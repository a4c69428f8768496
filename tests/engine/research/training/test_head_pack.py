"""A pack on a head model that the user holds: an invented FLAME, by all the steps but in tiny."""

import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.records import PackRecord
from ofer_engine.geometry.triangles import triangulate
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED, load_pack, pack_record
from ofer_engine.research.head_building.source_heads import read_source_head
from ofer_engine.research.training.bent_portraits import BentPortraits
from ofer_engine.research.training.budget import TrainingBudget
from ofer_engine.research.training.generators import photo_noise
from ofer_engine.research.training.head_pack import HeadPackPlan, train_head_pack
from ofer_engine.research.training.open_pack import FinishedConditioner, train_generators_pack
from ofer_engine.research.training.photo_set import read_photo_set

VERTICES, TRIANGLES, JOINTS = 5023, 9976, 5
MODES = 6
SHIFT = np.array([0.02, -0.01, 0.03])


@pytest.fixture(scope="module")
def open_head() -> OpenHead:
    """As it was built: finished, it has more triangles than FLAME."""
    return OpenHead.load(BUNDLED / "training" / "head.npz")


@pytest.fixture(scope="module")
def flame(open_head, tmp_path_factory) -> Path:
    """The open head's skin and eyes as a file of FLAME's shapes, other vertices between its own."""
    rng = np.random.default_rng(4)
    triangles = triangulate(open_head.part_polygons("skin", "eye_left", "eye_right"))
    used = np.unique(triangles)
    new = np.zeros(len(open_head.template), int)
    new[used] = np.arange(len(used))
    triangles = new[triangles]
    split = rng.choice(len(triangles), (TRIANGLES - len(triangles)) // 2, replace=False)

    def grown(values: np.ndarray) -> np.ndarray:
        own = values[used].astype(float)
        middles = own[triangles[split]].mean(1)
        rest = np.zeros((VERTICES - len(own) - len(middles), *own.shape[1:]))
        return np.concatenate([own, middles, rest])

    middle = len(used) + np.arange(len(split))
    corners = triangles[split]
    pieces = [np.stack([corners[:, i], corners[:, i - 2], middle], 1) for i in range(3)]
    kept = np.delete(triangles, split, axis=0)
    identity = open_head.identity.reshape(len(open_head.identity), -1, 3)
    shapes = np.zeros((VERTICES, 3, 400))
    shapes[:, :, : len(identity)] = grown(identity.transpose(1, 2, 0))
    weights = grown(open_head.skin_weights)
    weights = np.stack([weights[:, 0], weights[:, 1] + weights[:, 2], *weights[:, 3:].T], 1)
    weights[~weights.any(1), 0] = 1.0
    places = open_head.mean_joints[[0, 1, 3, 4, 5]]
    template = grown(open_head.template)
    nearest = [np.square(template - place).sum(1).argsort()[:20] for place in places]
    regressor = np.zeros((JOINTS, VERTICES))
    for row, ids in enumerate(nearest):
        regressor[row, ids] = 1 / len(ids)
    path = tmp_path_factory.mktemp("flame") / "invented.pkl"
    content = {
        "f": np.concatenate([kept, *pieces]).astype(np.uint32),
        "v_template": template + SHIFT,
        "shapedirs": shapes,
        "posedirs": np.zeros((VERTICES, 3, 36)),
        "J_regressor": regressor,
        "weights": weights / weights.sum(1, keepdims=True),
        "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], range(5)], np.int64),
    }
    path.write_bytes(pickle.dumps(content, protocol=2))
    return path


RECORD = PackRecord(
    id="mine",
    version="0.1",
    title="My head",
    licence="mine",
    commercial=False,
    claim="untrained",
    fingerprint="",
)


@pytest.fixture(scope="module")
def home(flame, tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("home")
    recipe = TrainingBudget(
        conditioner=2, idgen=2, expgen=2, idrank=2, held_out=20, ranked_photos=8
    )
    plan = HeadPackPlan([flame], MODES, 68, 40, recipe)
    out, work = home / "packs" / "mine", home / "work"
    stages: list[str] = []
    train_head_pack(plan, RECORD, BUNDLED, out, work, stages.append)
    assert stages == ["head", "68 photos", "40 people", "networks"]
    return home


def test_the_product_loads_the_pack_and_draws_with_it(home):
    assert pack_record("mine", home).title == "My head"
    pack = load_pack("mine", home, torch.device("cpu"))
    assert (pack.identities, pack.expressions) == (MODES, 52)
    heads = np.random.default_rng(0).normal(size=(3, MODES)).astype(np.float32)
    assert pack.head.vertices(heads, np.zeros((3, 52))).shape == (3, VERTICES, 3)
    assert len(read_photo_set(home / "work" / "photos")) == 68


def test_the_rest_of_a_pack_is_trained_on_a_finished_conditioner(home, tmp_path):
    made, out = home / "packs" / "mine", tmp_path / "packs" / "mine"
    out.mkdir(parents=True)
    shutil.copy(made / "head.npz", out)
    sets = home / "work"
    sources = FinishedConditioner(
        made / "conditioner.safetensors", [sets / "people"], [sets / "photos"], made
    )
    recipe = TrainingBudget(conditioner=0, idgen=1, expgen=1, idrank=1, ranked_photos=8)
    train_generators_pack(sources, out, tmp_path / "work", RECORD, recipe)
    before, after = (load_pack("mine", h, torch.device("cpu")) for h in (home, tmp_path))
    one, other = (pack.networks.conditioner.hidden.weight for pack in (before, after))
    torch.testing.assert_close(one, other, atol=float(one.abs().max()) / 200, rtol=0)
    assert not torch.equal(before.networks.idgen.last.weight, after.networks.idgen.last.weight)
    bent = replace(sources, bent=_bent(tmp_path / "bent.npz"))
    train_generators_pack(bent, out, tmp_path / "bent_work", RECORD, recipe)
    taught = load_pack("mine", tmp_path, torch.device("cpu"))
    one, other = (pack.networks for pack in (after, taught))
    assert not torch.equal(one.belief.slope, other.belief.slope)
    assert not torch.equal(one.idgen.last.weight, other.idgen.last.weight)
    (out / "head.npz").write_bytes((BUNDLED / "open" / "head.npz").read_bytes())
    with pytest.raises(OferError) as caught:
        train_generators_pack(replace(sources, start=None), out, tmp_path / "no", RECORD, recipe)
    assert caught.value.code == ErrorCode.WEIGHTS_WRONG


def _bent(file: Path) -> Path:
    """Pictures of nothing, two of each of two portraits."""
    rng = np.random.default_rng(8)
    BentPortraits(
        rng.integers(0, 255, (4, 128, 128, 3), np.uint8),
        torch.from_numpy(rng.uniform(20, 100, (4, 240, 2))).float(),
        torch.from_numpy(rng.standard_normal((4, MODES))).float(),
        np.array([0, 0, 1, 1]),
        torch.zeros(4, 52),
        torch.zeros(52),
    ).write(file)
    return file


def test_the_identity_read_in_a_photo_is_trusted_less_than_hints(home):
    pack = load_pack("mine", home, torch.device("cpu"))
    conditioner = pack.networks.conditioner
    noise = photo_noise(conditioner)
    assert len(noise) == conditioner.context_size + 7
    assert noise[:MODES].min() > noise[MODES] > 0
    assert not noise[-6:].any()


def test_the_points_go_on_from_what_the_bundled_conditioner_learnt(home):
    """Two steps teach nothing: from the average face the points would be off by its variety."""
    conditioner = load_pack("mine", home, torch.device("cpu")).networks.conditioner
    photos = read_photo_set(home / "work" / "photos")
    with torch.inference_mode():
        found = conditioner(photos.crops(np.arange(len(photos)))).points
    average = photos.points.mean(0)
    seen = photos.visible
    error, variety = ((p - photos.points).norm(dim=2)[seen].mean() for p in (found, average))
    assert error < variety / 3


def test_what_the_open_head_knows_lies_where_it_should(home, open_head):
    """The invented head is the open head but for its vertices: everything must be back in place."""
    head = OpenHead.load(home / "packs" / "mine" / "head.npz")
    apart = head.template[head.point_vertices] - open_head.template[open_head.point_vertices]
    offset = np.median(apart, axis=0)
    assert np.linalg.norm(apart - offset, axis=1).mean() < 0.002
    marks = head.landmarks(head.template) - open_head.landmarks(open_head.template)
    assert np.linalg.norm(marks - offset, axis=1).mean() < 0.002
    np.testing.assert_allclose(
        head.mean_joints[4:] - open_head.mean_joints[4:], offset[None].repeat(2, 0), atol=0.02
    )
    lips = head.template[head.region("lips") > 0.5].mean(0) - offset
    np.testing.assert_allclose(
        lips, open_head.template[open_head.region("lips") > 0.5].mean(0), atol=0.003
    )
    jaw = head.expression_names.index("jawOpen")
    drop = head.landmarks(head.expression[jaw])[152]
    np.testing.assert_allclose(
        drop, open_head.landmarks(open_head.expression[jaw])[152], atol=0.003
    )
    assert len(set(head.point_vertices.tolist())) == len(open_head.point_vertices)
    assert len(head.neck_loop) > 12
    np.testing.assert_allclose(head.skin_weights.sum(1), 1, atol=1e-5)


def test_what_is_no_head_model_is_refused(tmp_path):
    with pytest.raises(OferError) as caught:
        read_source_head([tmp_path / "none.pkl"], 10)
    assert caught.value.code == ErrorCode.WEIGHTS_MISSING
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(OferError) as caught:
        read_source_head([tmp_path / "other.npz"], 10)
    assert caught.value.code == ErrorCode.WEIGHTS_WRONG
    with pytest.raises(OferError) as caught:
        read_source_head([tmp_path, tmp_path], 10)
    assert caught.value.code == ErrorCode.BAD_REQUEST
