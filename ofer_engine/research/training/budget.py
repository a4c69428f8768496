"""How long each stage of making a pack trains, and on how much."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingBudget:
    """Optimiser steps of each stage, pictures kept apart, photos that the ranker learns from."""

    conditioner: int = 5000
    idgen: int = 5000
    expgen: int = 3500
    idrank: int = 400
    held_out: int = 4000
    ranked_photos: int = 1400
    seed: int = 0
