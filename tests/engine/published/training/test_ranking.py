"""Training IdRank: candidates from IdGen, distances in millimetres, a ranking that is learnt."""

import csv
import dataclasses

import numpy as np
import pytest
import torch

from ofer_engine.published.flame import FlameHead
from ofer_engine.published.training.batches import Batches
from ofer_engine.published.training.crops import CropReader
from ofer_engine.published.training.generators import plan_of
from ofer_engine.published.training.networks import Trainee
from ofer_engine.published.training.rankers import CandidateSource, RankView, recovery, train_ranker
from ofer_engine.published.training.recipes import Candidates
from ofer_engine.published.training.scan_data import read_scan_data
from ofer_engine.ranking.ranker import Ranker, RankerShape
from ofer_engine.research.training.ranks import Ranks
from tests.engine.published.training.tiny import RECIPE, TinyArcFace, TinyFarl, tiny_trainee

CPU = torch.device("cpu")
CANDIDATES = Candidates(count=8, steps=3, temperature=0.5)


def invented_head() -> FlameHead:
    """30 vertices a centimetre apart, with random directions of hundredths of a millimetre."""
    rng = np.random.default_rng(8)
    vertices = 30
    arrays = {
        "f": rng.integers(0, vertices, (40, 3)),
        "v_template": rng.normal(0, 0.01, (vertices, 3)),
        "shapedirs": rng.normal(0, 3e-5, (vertices, 3, 400)),
        "posedirs": rng.normal(0, 1e-3, (vertices, 3, 36)),
        "J_regressor": np.eye(5, vertices),
        "weights": np.full((vertices, 5), 0.2),
    }
    return FlameHead.from_arrays(arrays, np.arange(0, vertices, 2))


@pytest.fixture
def source() -> CandidateSource:
    idgen = tiny_trainee()
    return CandidateSource(idgen.network, idgen.arcface, CANDIDATES, CPU)


def test_the_view_is_the_heads_in_millimetres():
    head = invented_head()
    identity = np.random.default_rng(0).standard_normal((2, 3, 300)).astype(np.float32)
    seen = RankView(head, CPU)(torch.from_numpy(identity))
    np.testing.assert_allclose(seen.numpy(), head.rank_view(identity) * 1000, atol=1e-3)


@pytest.mark.parametrize("sampler", ["dpm_solver_pp_2m", "ddpm"])
def test_each_process_draws_its_own_share_of_the_same_candidates(sampler):
    idgen = tiny_trainee()
    candidates = dataclasses.replace(CANDIDATES, sampler=sampler)
    source = CandidateSource(idgen.network, idgen.arcface, candidates, CPU)
    blobs = torch.rand(4, 3, 112, 112, generator=torch.Generator().manual_seed(2)) * 2 - 1

    def drawn(share):
        return source(blobs[share], 4, share, torch.Generator().manual_seed(3))

    both = torch.cat([drawn(slice(0, 2)), drawn(slice(2, 4))])
    assert both.shape == (4, 8, 300)
    torch.testing.assert_close(both, drawn(slice(0, 4)), rtol=1e-4, atol=1e-3)


def test_it_learns_to_rank_and_leaves_idgen_alone(mica, source, tmp_path):
    examples = read_scan_data(mica.root, ["FLORENCE"]).examples
    reader = CropReader(None, tmp_path)
    batches = Batches(examples, reader, 4, 1, 5, Ranks())
    torch.manual_seed(0)
    ranker = Ranker(RankerShape(15, 1024, (64, 32)))
    trainee = Trainee(ranker, TinyArcFace(), TinyFarl(), final_norm=False)
    before = tiny_trainee().state_dict()
    recipe = dataclasses.replace(RECIPE, images=1, rate=3e-3, candidates=CANDIDATES)
    plan = dataclasses.replace(plan_of(recipe, batches, 60, 20), average=0.5)
    view = RankView(invented_head(), CPU)
    train_ranker(
        trainee, source, view, batches, examples[:3], recipe, plan, tmp_path / "run", CPU
    )  # fmt: skip
    with (tmp_path / "run" / "log.csv").open() as log:
        losses = [float(row["held_total"]) for row in csv.DictReader(log)]
    # Equal scores for all have the cross-entropy log N, whatever the target.
    assert losses[2] < np.log(CANDIDATES.count) - 0.01
    after = tiny_trainee().state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_recovery_is_one_for_the_best_and_zero_for_the_average():
    away = torch.tensor([[1.0, 2.0, 3.0], [4.0, 2.0, 3.0]])
    assert recovery(-away, away) == pytest.approx(1.0)
    middle = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert recovery(middle, away) == pytest.approx(0.0)
