"""FLAME's vertices and IdRank's scores against the published code."""

import dataclasses

import numpy as np
import torch

from ofer_engine.diffusion.schedule import Schedule
from ofer_engine.published.published_pack import Contexts, rank


def test_flame_vertices(goldens, pack):
    published = goldens("flame")
    neutral = pack.head.vertices(published["shape"], np.zeros((len(published["shape"]), 50)))
    assert np.abs(neutral - published["neutral"]).max() <= 1e-6
    expression = np.concatenate([published["exp"], published["jaw"]], 1)
    posed = pack.head.vertices(published["shape"], expression)
    assert np.abs(posed - published["expr"]).max() <= 1e-6


def test_ranking_scores_and_order(goldens, pack):
    published = goldens("idrank")
    np.testing.assert_array_equal(pack.head.rank_vertices, published["frontindices"])
    context = torch.from_numpy(published["ctx"])
    scores = rank(pack, Contexts(context[:, :512], context, context), published["shape"])
    assert np.abs(scores - published["score"][0]).max() <= 5e-6
    softmax = torch.from_numpy(scores).softmax(0).numpy()
    assert np.abs(softmax - published["softmax"][0]).max() <= 5e-6
    assert scores.argmax() == published["argmax"][0]
    np.testing.assert_array_equal(np.argsort(-scores, kind="stable"), published["order"][0])


def test_schedule_tables_are_equal(goldens):
    published = goldens("schedule")
    names = {
        "beta": "betas",
        "alpha": "alphas",
        "alpha_bar": "alphas_cumprod",
        "alpha_bar_previous": "alphas_cumprod_prev",
        "sqrt_alpha_bar": "sqrt_alpha_cumprod",
        "sqrt_one_minus_alpha_bar": "sqrt_one_minus_alpha_cumprod",
        "sqrt_recip_alpha_bar": "sqrt_recip_alpha_cumprod",
        "sqrt_recip_alpha_bar_minus_one": "sqrt_recip_minus_one_alpha_cumprod",
        "posterior_variance": "posterior_variance",
        "posterior_log_variance": "posterior_log_variance_clipped",
    }
    schedule = Schedule.linear()
    assert set(names) == {field.name for field in dataclasses.fields(Schedule)}
    for ours, theirs in names.items():
        table, expected = getattr(schedule, ours).numpy(), published[f"train_{theirs}"]
        assert table.dtype == expected.dtype
        np.testing.assert_allclose(table, expected, rtol=1e-15, atol=0)
