"""How many heads are sampled, and how: the one value that requests, records and options share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

DEFAULT_SAMPLER: Final = "dpm_solver_pp_2m"
"""A name in `diffusion.samplers.SAMPLERS`."""
DEFAULT_STEPS: Final = 20
MOST_SEED: Final = 2**31 - 1
"""What fits into every place that keeps it: torch, NumPy, a record, a property of Blender's."""


@dataclass(frozen=True)
class SamplingParams:
    """identities : candidates drawn and ranked; keep : best-ranked ones written; expressions :
    drawn for each photo; seed : of the noise; sampler : its name; steps : calls of the network for
    each head, None for the sampler's own number; guidance : 0..1, how strongly heads are pulled
    towards the points seen in the photos, 0 not at all.
    """

    identities: int
    keep: int
    expressions: int = 0
    seed: int = 0
    sampler: str = DEFAULT_SAMPLER
    steps: int | None = DEFAULT_STEPS
    guidance: float = 0.0

    @staticmethod
    def of(fields: Any) -> SamplingParams:
        """Those of a request or a record, which keep them as fields of their own."""
        return SamplingParams(
            identities=fields.identities,
            keep=fields.keep,
            expressions=getattr(fields, "expressions", 0),
            seed=fields.seed,
            sampler=fields.sampler,
            steps=fields.steps,
            guidance=fields.guidance,
        )
