"""The imported pack through the product's pipeline, in both modes.

Invented weights draw heads metres wide, which are kept, told of and not pictured.
"""

import dataclasses
import os
import shutil

import numpy as np
import pytest
import torch

from ofer_engine.contract.errors import OferError
from ofer_engine.contract.protocol import PhotoFace, Reconstruct
from ofer_engine.handlers.reconstruct import reconstruct
from ofer_engine.pack_registry import BUNDLED, find_packs, load_pack, pack_record
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.photo.load import load_photo
from ofer_engine.pipeline import Reconstructor
from ofer_engine.progress import Work
from ofer_engine.published import flame_pack as flame_pack_module
from ofer_engine.published.imported_files import import_files
from ofer_engine.published.published_pack import PublishedDraws, as_published
from ofer_engine.session import Session
from tests.engine.published.invented import formed_flame, save_flame


@pytest.fixture(scope="module")
def opened(home, portrait):
    reconstructor = Reconstructor(load_pack("ofer-flame2020", home, torch.device("cpu")))
    photo = load_photo(portrait)
    reconstructor.set_photo(photo, FaceDetector.load(BUNDLED / "faces").detect(photo)[0])
    return reconstructor


def test_the_pack_is_listed_and_is_not_for_sale(home):
    assert set(find_packs(home)) == {"open", "ofer-flame2020"}
    assert not pack_record("ofer-flame2020", home).commercial


def test_each_network_is_told_what_it_was_published_with(opened):
    contexts = opened.person.contexts
    assert contexts.identity.shape == (1, 512)
    assert contexts.ranking.shape == contexts.expression.shape == (1, 1024)
    np.testing.assert_allclose(contexts.identity.norm().item(), 1, rtol=1e-5)


def test_heads_are_drawn_ranked_and_decoded(opened):
    candidates = opened.identities(6, seed=0, steps=4)
    assert candidates.shape == (6, 300)
    ranking = opened.rank(candidates)
    assert sorted(ranking.order) == list(range(6))
    np.testing.assert_allclose(ranking.chances.sum(), 1, rtol=1e-5)
    expressions = opened.expressions(3, seed=0, steps=4)
    assert expressions.shape == (3, 53) == (3, len(opened.pack.expression_names))
    heads = opened.pack.head.vertices(candidates[:3], expressions)
    assert heads.shape == (3, 5023, 3) and np.isfinite(heads).all()
    np.testing.assert_array_equal(candidates, opened.identities(6, seed=0, steps=4))
    np.testing.assert_array_equal(expressions, opened.expressions(3, seed=0, steps=4))
    alone = opened.rank(opened.identities(1, seed=5, steps=4))
    assert list(alone.order) == [0] and np.isfinite(alone.scores).all()


@pytest.fixture(scope="module")
def formed_home(home, tmp_path_factory):
    """The golden networks with a FLAME that is a surface: the goldens' own is triangles between
    any of its points, on which no rig can be made.
    """
    folder = tmp_path_factory.mktemp("formed")
    shutil.copytree(home, folder / "home", copy_function=os.link)
    report = import_files([save_flame(formed_flame(), folder)], folder / "home")
    assert report.complete and not report.refused
    return folder / "home"


def test_as_published_goes_through_the_whole_pipeline(
    formed_home, goldens, portrait, tmp_path, monkeypatch
):
    results = []

    def watched(pack, contexts, draws, on_step=None):
        # The demo's own noise, whatever the photo: x_T of a first photo is in the goldens.
        first = PublishedDraws().start(100, 300)
        np.testing.assert_array_equal(first.numpy(), goldens("e2e")["idgen_xT"])
        results.append(as_published(pack, contexts, draws, on_step))
        return results[-1]

    monkeypatch.setattr(flame_pack_module, "as_published", watched)
    session = Session("cpu", formed_home, 1)
    photos = (PhotoFace(str(portrait)),)
    request = Reconstruct(1, photos, str(tmp_path), "face", pack="ofer-flame2020", keep=2)
    request = dataclasses.replace(request, mode="as-published")
    made = reconstruct(session, request, Work(1, lambda _: None, lambda: False, session.pace))
    (result,) = results
    assert made.settings.mode == "as-published"
    assert made.array("jaw_correctives").shape == made.array("identity_vertices")[:2].shape
    np.testing.assert_array_equal(made.array("identity_coefficients"), result.identities)
    np.testing.assert_array_equal(made.array("expression_coefficients"), result.expressions)
    assert made.identities[0].candidate == result.best
    notes = " ".join(made.notes)
    assert "aligned by five points of our own detector" in notes
    assert "no head is as large" in notes
    assert len(list((made.folder / "thumbnails").iterdir())) == 2 + 15


def test_modes_that_make_no_sense_are_refused(home, portrait, tmp_path):
    session = Session("cpu", home, 1)
    request = Reconstruct(
        1, (PhotoFace(str(portrait)),), str(tmp_path), "face", mode="as-published"
    )
    cases = {
        "never published": request,
        "100 heads": dataclasses.replace(request, pack="ofer-flame2020", identities=6, keep=2),
        "no mode": dataclasses.replace(request, mode="better"),
    }
    for words, wrong in cases.items():
        with pytest.raises(OferError, match=words):
            reconstruct(session, wrong, Work(1, lambda event: None, lambda: False, session.pace))
    assert not list(tmp_path.iterdir())
