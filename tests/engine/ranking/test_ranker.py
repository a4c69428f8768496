"""IdRank against a literal numpy reading of docs/method.md §10, and its loss."""

import numpy as np
import pytest
import torch

from ofer_engine.ranking.ranker import Ranker, RankerShape, listwise_loss

SHAPE = RankerShape(vertices=11, context=6, widths=(64, 64, 32))


def random_ranker(seed: int = 0) -> Ranker:
    torch.manual_seed(seed)
    ranker = Ranker(SHAPE)
    with torch.no_grad():
        for parameter in ranker.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return ranker.eval()


def oracle(ranker: Ranker, vertices: np.ndarray, context: np.ndarray) -> np.ndarray:
    """§10 row by row: the whole first product, published order."""
    weights = {k: v.double().numpy() for k, v in ranker.state_dict().items()}
    mean = vertices.mean(0)
    rows = [np.concatenate([mean.ravel(), (v - mean).ravel()]) for v in vertices]
    for i in range(len(SHAPE.widths) + 1):
        gate = 1 / (
            1
            + np.exp(
                -(weights[f"layers.{i}.gate.weight"] @ context + weights[f"layers.{i}.gate.bias"])
            )
        )
        shift = weights[f"layers.{i}.shift.weight"] @ context
        for n, row in enumerate(rows):
            row = weights[f"layers.{i}.linear.weight"] @ row + weights[f"layers.{i}.linear.bias"]
            if i < len(SHAPE.widths):
                row = 1.0507009873554805 * np.where(
                    row > 0, row, 1.6732632423543772 * np.expm1(row)
                )
                if len(rows) > 1:
                    groups = row.reshape(8, -1)
                    groups = (groups - groups.mean(1, keepdims=True)) / np.sqrt(
                        groups.var(1, keepdims=True) + 1e-5
                    )
                    row = (
                        groups.ravel() * weights[f"layers.{i}.norm.weight"]
                        + weights[f"layers.{i}.norm.bias"]
                    )
            rows[n] = row * gate + shift
    return np.concatenate(rows)


@pytest.mark.parametrize("count", [1, 2, 100, 137])
def test_ranker_is_the_specification_for_any_number_of_candidates(count):
    ranker = random_ranker()
    vertices, context = 100 * torch.randn(count, 11, 3), torch.randn(6)
    with torch.inference_mode():
        scores = ranker(vertices, context).numpy()
    expected = oracle(ranker, vertices.double().numpy(), context.double().numpy())
    np.testing.assert_allclose(scores, expected, atol=2e-5)


def test_several_photos_at_once_are_each_ranked_alone():
    ranker = random_ranker(1)
    vertices, context = torch.randn(3, 20, 11, 3), torch.randn(3, 6)
    with torch.inference_mode():
        together = ranker(vertices, context)
        for i in range(3):
            torch.testing.assert_close(ranker(vertices[i], context[i]), together[i])


def test_published_sizes_have_the_published_number_of_parameters():
    with torch.device("meta"):
        ranker = Ranker(RankerShape(1785, 1024, (4096, 1024, 256, 64)))
    assert sum(p.numel() for p in ranker.parameters()) == 59_505_986


def test_loss_is_the_entropy_of_the_target_when_the_scores_are_right():
    distances = torch.rand(4, 100) * 3
    target = torch.softmax(-distances, -1)
    entropy = -(target * target.log()).sum(-1).mean()
    torch.testing.assert_close(listwise_loss(-distances, distances), entropy)
    assert listwise_loss(distances, distances) > entropy


def test_loss_teaches_the_ranker_which_candidate_is_near():
    torch.manual_seed(0)
    ranker = Ranker(SHAPE)
    optimiser = torch.optim.AdamW(ranker.parameters(), 3e-3)
    direction = torch.randn(11, 3)

    def draw(photos: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        context = torch.randn(photos, 6)
        amount = torch.randn(photos, 30)
        vertices = amount[..., None, None] * direction
        return vertices, context, (amount - context[:, :1]).abs()

    for _ in range(400):
        vertices, context, distances = draw(16)
        loss = listwise_loss(ranker(vertices, context), distances)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    vertices, context, distances = draw(200)
    with torch.inference_mode():
        best = ranker(vertices, context).argmax(-1, keepdim=True)
    assert distances.gather(1, best).mean() < 0.4 * distances.mean()
