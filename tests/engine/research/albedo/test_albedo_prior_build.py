"""A prior learnt from invented people is the one that they were drawn from."""

import numpy as np

from ofer_engine.research.albedo.albedo_prior_build import maximise
from ofer_engine.research.albedo.portrait_colours import PortraitColours
from ofer_engine.texture.explanation import VertexAlbedo, explain, linear

VERTICES = 400


def test_mean_and_mode_come_back():
    rng = np.random.default_rng(3)
    normals = rng.normal(size=(VERTICES, 3)) * (1, 1, 0.3) + (0, 0, 1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    mirror = np.arange(VERTICES) ^ 1  # neighbours in pairs
    lips = (np.arange(VERTICES) // 2 % 10 == 0)[:, None] * np.array([-0.3, 0.3, 0.0])
    beard = (np.arange(VERTICES) // 2 % 5 == 1)[:, None] * np.array([-0.25, 0.0, 0.1])
    people = [
        PortraitColours(
            linear(np.array([-1.5, 0.7, -0.4]) + lips + rng.normal() * beard),
            normals,
            np.ones(VERTICES),
        )
        for _ in range(60)
    ]
    flat = np.zeros((VERTICES, 3), np.float32)
    prior = VertexAlbedo(flat, np.zeros((0, VERTICES, 3), np.float32), flat + 0.2)
    for _ in range(4):
        found = [explain(prior, each.normals, each.colours, each.trust) for each in people]
        prior = maximise(prior, people, found, mirror, 1)
    assert np.corrcoef(prior.mean[:, 1], lips[:, 1])[0, 1] > 0.95
    assert abs(np.corrcoef(prior.modes[0, :, 0], beard[:, 0])[0, 1]) > 0.95
    assert np.array_equal(prior.modes[0][mirror], prior.modes[0]), "both sides alike"
