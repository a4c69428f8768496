"""IdRank: scores candidate heads against a photo's context (docs/method.md §10)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GROUPS = 8
NORM_EPS = 1e-5


@dataclass(frozen=True)
class RankerShape:
    """Sizes of a ranker. Published: 1785 vertices, context 1024, widths (4096, 1024, 256, 64).

    vertices : how many of a head's vertices are looked at; widths : of the hidden layers, multiples
    of 8 and at least 16 (a normalised group of one number says nothing).
    """

    vertices: int
    context: int
    widths: tuple[int, ...]


class Ranker(nn.Module):
    """One score a candidate; the higher, the better it fits.

    A candidate is judged by its difference to the mean of its set, so a score means something only
    inside its set.
    """

    def __init__(self, shape: RankerShape) -> None:
        super().__init__()
        self.shape = shape
        sizes = (6 * shape.vertices, *shape.widths, 1)
        self.layers = nn.ModuleList(
            [
                _Layer(sizes[i], sizes[i + 1], shape.context, last=i == len(shape.widths))
                for i in range(len(shape.widths) + 1)
            ]
        )

    def forward(self, vertices: Tensor, context: Tensor) -> Tensor:
        """Scores of the candidates of one photo, or of several photos at once.

        vertices : (N, V, 3) or (photos, N, V, 3) float32, MILLIMETRES, engine frame, N from 1;
        context : (C,) or (photos, C) float32. Returns (N,) or (photos, N) float32.
        """
        mean = vertices.mean(-3, keepdim=True)
        residual = (vertices - mean).flatten(-2)
        context = context.unsqueeze(-2)
        first, *others = self._layers()
        # The mean's half of the first product is the same for all candidates.
        weight_mean, weight_residual = first.linear.weight.chunk(2, 1)
        hidden = F.linear(mean.flatten(-2), weight_mean, first.linear.bias)
        hidden = first.finish(hidden + F.linear(residual, weight_residual), context)
        for layer in others:
            hidden = layer.finish(layer.linear(hidden), context)
        return hidden.squeeze(-1)

    def _layers(self) -> list[_Layer]:
        return [layer for layer in self.layers if isinstance(layer, _Layer)]


class _Layer(nn.Module):
    """A product gated and shifted by the context; all but the last are activated and normalised."""

    def __init__(self, width_in: int, width_out: int, context: int, last: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(width_in, width_out)
        self.gate = nn.Linear(context, width_out)
        self.shift = nn.Linear(context, width_out, bias=False)
        self.norm = None if last else nn.GroupNorm(GROUPS, width_out, eps=NORM_EPS)

    def finish(self, product: Tensor, context: Tensor) -> Tensor:
        """product : (..., N, width_out); context : (..., 1, C). Returns the shape of `product`."""
        if self.norm is not None:
            product = F.selu(product)
            # The published network does not normalise a lone row.
            if product.shape[-2] > 1:
                product = self.norm(product.flatten(0, -2)).view(product.shape)
        return product * torch.sigmoid(self.gate(context)) + self.shift(context)


def listwise_loss(scores: Tensor, distances: Tensor) -> Tensor:
    """Cross-entropy of the scores with softmax(-distances), mean over photos (docs/method.md §10).

    scores, distances : (N,) or (photos, N) float32; a distance is a candidate's mean absolute
    vertex error in millimetres. Returns a scalar.
    """
    target = (-distances).softmax(-1)
    return -(target * scores.log_softmax(-1)).sum(-1).mean()
