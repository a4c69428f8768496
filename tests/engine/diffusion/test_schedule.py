"""The schedule against the published tables and the definition of the forward process."""

import hashlib

import numpy as np
import pytest
import torch

from ofer_engine.diffusion.schedule import Schedule

# SHA-256 of the tables that the published code computes (goldens/schedule.npz, train_*): bit-equal
# is the aim.
PUBLISHED = {
    "beta": ("float32", "e1222c5a44b3b0093971e6940b4e2c7e0a1a96a0a622c8e84a44b386f7ebd83a"),
    "alpha": ("float32", "7a0aa5036ee5bda4390d69d085eeb0bb584b895ad05561a898669e362ff848f7"),
    "alpha_bar": ("float32", "189cf672adbb4aba51b2ab81dc8597d76d44354dbfdd4dfb597f286e64de29c3"),
    "alpha_bar_previous": (
        "float64",
        "e2fbe782b851c1d428c2e7d442a72f93d23a0a093aee3f62fe7fc4e82cc8b7f8",
    ),
    "sqrt_alpha_bar": (
        "float32",
        "fdb1e69dcb80279d539a1d5f17ffa7f1d3dd9b86b420ae20df9a69a9dfb08bd3",
    ),
    "sqrt_one_minus_alpha_bar": (
        "float32",
        "8e3b497078ccaafca62b3fd2323485fef7c1f671295106e1f75efa4199a5bed0",
    ),
    "sqrt_recip_alpha_bar": (
        "float32",
        "d8b0d68446f0e6266652694502e31fdd532b592782997e400b15fabe20dadde7",
    ),
    "sqrt_recip_alpha_bar_minus_one": (
        "float32",
        "575002d271b70f7758a1098661194a29077d1b34b8a428f2606b36a98e8b98b2",
    ),
    "posterior_variance": (
        "float64",
        "46b267fd6bccc6e4d8cfa54e8dea33ddcb9dbced6820f25f7927dfae39b07784",
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_table_has_the_published_bits(name):
    table = getattr(Schedule.linear(), name).numpy()
    dtype, digest = PUBLISHED[name]
    assert table.dtype == dtype
    assert hashlib.sha256(table.tobytes()).hexdigest() == digest


def test_log_variance_is_the_published_one():
    # A logarithm is not correctly rounded everywhere: compared to the last digits, not by bits.
    published = [-46.051701859880914, -9.857275930201617, -5.289308675194299, -4.605234254512627]
    table = Schedule.linear().posterior_log_variance
    assert table.dtype == torch.float64
    np.testing.assert_allclose(table[[0, 1, 500, 999]].numpy(), published, rtol=1e-15)


def test_noise_of_a_level_has_the_closed_form_for_an_int_and_for_a_tensor():
    schedule = Schedule.linear()
    clean, noise = torch.randn(3, 7), torch.randn(3, 7)
    timesteps = torch.tensor([0, 400, 999])
    noisy = schedule.add_noise(clean, timesteps, noise)
    for row, t in enumerate(timesteps.tolist()):
        bar = schedule.alpha_bar[t].double()
        expected = bar.sqrt() * clean[row].double() + (1 - bar).sqrt() * noise[row].double()
        torch.testing.assert_close(noisy[row].double(), expected, rtol=1e-6, atol=1e-6)
        alone = schedule.add_noise(clean[row : row + 1], t, noise[row : row + 1])
        torch.testing.assert_close(alone[0], noisy[row], rtol=1e-6, atol=1e-6)
