"""Heads of the published pack are measured too: decoded by FLAME, marked by its embedding."""

from types import SimpleNamespace

import numpy as np
import pytest

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.published.benchmarks.predictions import Predictions, mean_head
from ofer_engine.published.catalogue import PACK_ID
from ofer_engine.published.imported_files import import_files
from ofer_engine.published.published_pack import read_flame_head
from tests.engine.published.invented import flame, save_flame


def import_head(folder, home) -> None:
    """An invented FLAME and face vertices."""
    np.save(folder / "frontindices.npy", np.arange(1785))
    report = import_files(
        [save_flame(flame(), folder, "generic_model.pkl"), folder / "frontindices.npy"], home
    )
    assert not report.refused


def import_embedding(folder, home, prefix: str, count: int, triangles: np.ndarray) -> np.ndarray:
    """`count` landmarks, the seven in `triangles` (7,). Returns the weights of these (7, 3)."""
    rng = np.random.default_rng(1)
    seven = np.array((36, 39, 42, 45, 33, 48, 54)) - (68 - count)
    faces = rng.integers(0, 9976, count)
    faces[seven] = triangles
    weights = rng.dirichlet((1, 1, 1), count)
    embedding = {f"{prefix}_lmk_faces_idx": faces[None], f"{prefix}_lmk_bary_coords": weights[None]}
    np.save(folder / "embedding.npy", np.array(embedding, object), allow_pickle=True)
    assert not import_files([folder / "embedding.npy"], home).refused
    return weights[seven].astype(np.float32)


def reconstruction(head, candidates: np.ndarray) -> SimpleNamespace:
    """What `Predictions` reads of a NAME.ofer of this pack, the last candidate ranked first."""
    order = np.arange(len(candidates))[::-1]
    kept = head.vertices(candidates[order[:1]], np.zeros((1, 53)))
    arrays = {
        "identity_vertices": kept,
        "identity_order": order,
        "identity_coefficients": candidates,
        "polygons": head.polygons,
        "part": head.part,
    }
    return SimpleNamespace(
        pack=SimpleNamespace(id=PACK_ID),
        parts=head.part_names,
        expression_names=("x",) * 53,
        folder=SimpleNamespace(name="face.ofer"),
        array=arrays.__getitem__,
    )


@pytest.mark.parametrize("prefix, count", [("static", 51), ("full", 68)])
def test_all_candidates_are_measured_with_their_landmarks(tmp_path, monkeypatch, prefix, count):
    home = tmp_path / "home"
    import_head(tmp_path, home)
    head = read_flame_head(home)
    triangles = np.arange(7) * 100
    weights = import_embedding(tmp_path, home, prefix, count, triangles)
    candidates = np.random.default_rng(2).standard_normal((4, 300)).astype(np.float32)
    made = reconstruction(head, candidates)
    monkeypatch.setattr(Predictions, "reconstruction", lambda *_: made)
    heads = Predictions(tmp_path, home=home).heads("face")
    assert len(heads) == 4
    for found, identity in zip(heads, candidates[::-1], strict=True):
        vertices = head.vertices(identity, np.zeros(53)) * 1000.0
        np.testing.assert_allclose(found.vertices, vertices, rtol=1e-4, atol=1e-2)
        corners = vertices[head.polygons[triangles, :3]]
        expected = np.einsum("lc,lcx->lx", weights, corners)
        np.testing.assert_allclose(found.landmarks, expected, rtol=1e-4, atol=1e-2)
    assert mean_head(PACK_ID, home).landmarks.shape == (7, 3)


def test_without_the_embedding_its_name_and_place_are_told(tmp_path):
    import_head(tmp_path, tmp_path / "home")
    with pytest.raises(OferError, match="landmark_embedding.npy") as refused:
        mean_head(PACK_ID, tmp_path / "home")
    assert refused.value.code == ErrorCode.WEIGHTS_MISSING
    assert "DECA" in refused.value.hint and "--landmark-vertices" in refused.value.hint
