"""A trained denoiser prepared for sampling: what does not depend on the sample is done once."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from .denoiser import TIME_WIDTH, Denoiser, modulation, time_embedding
from .recorded import Recorded
from .samplers import Denoise


class Conditional(Protocol):
    """What becomes a denoiser once it is told the context."""

    def condition(self, context: Tensor) -> Denoise:
        """context : (1, C), or (B, C) for one context a row, float32."""
        ...

    def initial_sample(self, context: Tensor, noise: Tensor) -> Tensor:
        """(B, D): where drawing begins, of standard normal noise (B, D) and contexts as above."""
        ...

    def precision(self, context: Tensor) -> Tensor:
        """(D, D), of the data in one context (1, C)."""
        ...


class FoldedDenoiser:
    """Exact inference form of a `Denoiser`.

    The blocks' conditioning is a sum of a part of the time and a part of the context. The first is
    tabulated by timestep for all photos, the second computed once a photo by `condition`, instead
    of both in each call for each row. On a CUDA device the rest of a call is recorded and
    replayed. The network's weights are shared, not copied: fold again after training.
    """

    def __init__(self, network: Denoiser) -> None:
        self._network = network.eval()
        self._widths = [block.embed.out_features for block in network.blocks()]
        self._time_parts: dict[int, Tensor] = {}

    @torch.inference_mode()
    def condition(self, context: Tensor, recorded: bool = True) -> Denoise:
        """The denoiser of one photo, for the samplers.

        context : (1, C), or (B, C) for one context a row, float32; recorded : a CUDA device's
        calls are, which `benchmarks/on_gpu` compares with plain ones.
        Returns (x (B, D), timestep) -> predicted noise (B, D).
        """
        signal = F.silu(context)
        context_part = torch.cat(
            [
                F.linear(signal, block.embed.weight[:, TIME_WIDTH:], block.embed.bias)
                for block in self._network.blocks()
            ],
            1,
        )

        def call(x: Tensor, time_part: Tensor) -> Tensor:
            embedded = (time_part + context_part).split(self._widths, 1)
            return self._network.denoise(x, [modulation(part) for part in embedded])

        work = Recorded(call) if recorded and context.device.type == "cuda" else call

        @torch.inference_mode()
        def denoise(x: Tensor, timestep: int) -> Tensor:
            return work(x, self._time_part(timestep))

        return denoise

    def initial_sample(self, context: Tensor, noise: Tensor) -> Tensor:
        """The noise itself, as published."""
        return noise

    def precision(self, context: Tensor) -> Tensor:
        """The coefficients' own, of deviation 1: such a network does not say what a context leaves
        open."""
        return torch.eye(self._network.first.in_features).to(context)

    def _time_part(self, timestep: int) -> Tensor:
        """All blocks' embeddings of a timestep, (1, sum of widths) float32."""
        part = self._time_parts.get(timestep)
        if part is None:
            network = self._network
            level = torch.tensor([timestep], device=network.first.weight.device)
            signal = F.silu(network.time(time_embedding(level)))
            part = torch.cat(
                [
                    F.linear(signal, block.embed.weight[:, :TIME_WIDTH])
                    for block in network.blocks()
                ],
                1,
            )
            self._time_parts[timestep] = part
        return part
