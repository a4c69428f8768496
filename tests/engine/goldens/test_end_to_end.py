"""The whole published demo path, from the photo's pixels to its meshes."""

import numpy as np
import pytest
import torch

from ofer_engine.published.farl import preprocess
from ofer_engine.published.published_pack import (
    JAW_SCALE,
    PublishedDraws,
    as_published,
    photo_contexts,
)


@pytest.fixture(scope="module")
def published(goldens):
    return goldens("e2e")


@pytest.fixture(scope="module")
def encoded(pack, published):
    picture = preprocess(published["jpg_pixels"])
    np.testing.assert_allclose(picture.numpy(), published["farl_pre"], atol=1e-6)
    return photo_contexts(pack, torch.from_numpy(published["blob"]), picture)


def test_contexts(encoded, published):
    for ours, theirs in (
        (encoded.identity, "idgen_ctx"),
        (encoded.ranking, "rank_ctx"),
        (encoded.expression, "expgen_ctx"),
    ):
        expected = torch.from_numpy(published[theirs])
        cosine = torch.nn.functional.cosine_similarity(ours.double(), expected.double())
        assert cosine.item() >= 0.999999
        np.testing.assert_allclose(ours.numpy(), expected.numpy(), atol=1e-5)


def test_the_demos_own_noise(published):
    draws = PublishedDraws()
    x = draws.start(*published["idgen_xT"].shape)
    np.testing.assert_array_equal(x.numpy(), published["idgen_xT"])


@pytest.fixture(scope="module")
def result(pack, encoded):
    return as_published(pack, encoded, PublishedDraws())


def test_identities_and_ranking(result, published):
    assert np.abs(result.identities - published["idgen_params"]).max() <= 1e-4
    assert np.abs(result.scores - published["rank_score"][0]).max() <= 5e-6
    assert result.best == published["best"]


def test_neutral_mesh(pack, result, published):
    neutral = pack.head.vertices(result.identities[result.best], np.zeros(50))
    assert np.abs(neutral - published["neutral_best"]).max() <= 1e-5


def test_expressions(pack, result, published):
    ours = result.expressions.copy()
    ours[:, 50:] /= JAW_SCALE
    theirs = published["expgen_params"]
    assert np.abs(ours - theirs).max() <= 1e-4 * np.abs(theirs).max()
    # A random network's jaw turns by thousands of radians, so a mesh of OUR coefficients differs
    # by their rounding times that; the meshes of the SAME coefficients must agree.
    scaled = theirs.copy()
    scaled[:, 50:] *= JAW_SCALE
    identity = np.broadcast_to(result.identities[result.best], (len(scaled), 300))
    posed = pack.head.vertices(identity, scaled)
    scale = np.abs(published["expr_meshes"]).max()
    assert np.abs(posed - published["expr_meshes"]).max() <= 1e-4 * scale
    own = pack.head.vertices(identity, result.expressions)
    assert np.abs(own - published["expr_meshes"]).max() <= 2e-3 * scale
