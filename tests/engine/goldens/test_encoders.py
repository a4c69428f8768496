"""ArcFace, FaRL and CLIP's preparation against the published code."""

import numpy as np
import torch

from ofer_engine.published.arcface import ArcFace
from ofer_engine.published.catalogue import Part
from ofer_engine.published.farl import Farl, preprocess
from ofer_engine.published.published_pack import load_network


def assert_aligned(features: torch.Tensor, published: np.ndarray) -> None:
    cosine = torch.nn.functional.cosine_similarity(
        features.double(), torch.from_numpy(published).double()
    )
    assert cosine.min().item() >= 0.999999
    assert np.abs(features.numpy() - published).max() <= 1e-4 * np.abs(published).max()


@torch.inference_mode()
def test_arcface_features_with_and_without_the_last_norm(goldens, pack):
    published = goldens("arcface")
    blobs = torch.from_numpy(published["blobs"])
    for part, name in ((Part.IDGEN, "idgen"), (Part.EXPGEN, "expgen"), (Part.IDRANK, "idrank")):
        arcface = load_network(ArcFace, pack.files[part], "arcface.", pack.device)
        if f"{name}_b2" in published:
            assert_aligned(arcface(blobs, final_norm=True), published[f"{name}_b2"])
        if f"{name}_b1_nobn" in published:
            alone = published[f"{name}_b1_nobn"]
            assert_aligned(arcface(blobs[: len(alone)], final_norm=False), alone)


@torch.inference_mode()
def test_farl_features_and_preparation(goldens, pack):
    published = goldens("farl")
    pictures = torch.stack([preprocess(published[f"img{i}"]) for i in range(3)])
    np.testing.assert_allclose(pictures.numpy(), published["pre"], atol=1e-6)
    for part, key in ((Part.EXPGEN, "expgen_feat"), (Part.IDRANK, "idrank_feat_b1")):
        farl = load_network(Farl, pack.files[part], "farl.", pack.device)
        features = published[key]
        assert_aligned(farl(pictures[: len(features)]), features)
