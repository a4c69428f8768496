"""What a program found in an exported head, beside what was sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ofer_engine.contract.arkit import ARKIT_52

BONES = {"root", "neck", "head", "jaw", "eye_L", "eye_R"}
_SAME_PLACE = 5e-5
_TOLERANCE = 1e-4


@dataclass(frozen=True, eq=False)
class Found:
    """keys, bones : names; rest : (N, 3) and moves : (K, N, 3) metres, glTF's axes; influences :
    most bones of a vertex; off_one : farthest that weights are from summing to 1; textures."""

    keys: tuple[str, ...]
    bones: tuple[str, ...]
    rest: np.ndarray
    moves: np.ndarray
    influences: int
    off_one: float
    textures: int

    def faults(self, sent: Path) -> tuple[str, ...]:
        """Whatever is not as it was sent; sent : the .npz of `exports`."""
        wanted = np.load(sent)
        faults = []
        if self.keys != ARKIT_52:
            faults.append("the keys are not the 52 in Apple's order")
        if set(self.bones) != BONES:
            faults.append(f"the bones are {self.bones}")
        if self.influences > 4 or self.off_one > 1e-3:
            faults.append(
                f"{self.influences} bones a vertex, weights off one by {self.off_one:.4f}"
            )
        if self.textures < 2:
            faults.append(f"{self.textures} textures")
        away, worst = self.compared(wanted["rest"], wanted["moves"], wanted["used"])
        if away > _SAME_PLACE or worst > _TOLERANCE:
            faults.append(
                f"vertices {away * 1000:.2f} mm away, movements {worst * 1000:.2f} mm off"
            )
        return tuple(faults)

    def compared(
        self, rest: np.ndarray, moves: np.ndarray, used: np.ndarray
    ) -> tuple[float, float]:
        """Metres by which places, and movements of the same place, differ at most."""
        tolerance, met = np.float32(_SAME_PLACE), np.zeros(len(rest), bool)
        away = worst = 0.0
        for vertex, place in enumerate(self.rest):
            apart = np.abs(rest - place).max(1)
            near = np.flatnonzero(apart < tolerance)
            away = max(away, float(apart.min()))
            met[near] = True
            if len(near) and len(self.moves) == len(moves):
                off = np.abs(moves[:, near] - self.moves[:, vertex, None]).max((0, 2))
                worst = max(worst, float(off.min()))
        return (away if met[used].all() else np.inf), worst
