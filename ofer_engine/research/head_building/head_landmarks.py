"""Where the detector's 468 landmarks lie on the MakeHuman base mesh, as a small committed file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .source_files import source_file


@dataclass(frozen=True)
class HeadLandmarks:
    """triangles : (468, 3) int32 base vertex ids; barycentric : (468, 3) float32; mapped : (n,)
    int32 base vertex ids whose place on a scan is trusted."""

    triangles: np.ndarray
    barycentric: np.ndarray
    mapped: np.ndarray

    def save(self, path: Path) -> None:
        """Write the .npz."""
        np.savez_compressed(
            path, triangles=self.triangles, barycentric=self.barycentric, mapped=self.mapped
        )

    @classmethod
    def load(cls, path: Path) -> HeadLandmarks:
        """Read the .npz. Raises OferError(WEIGHTS_MISSING) without the file."""
        with np.load(source_file(path)) as data:
            return cls(data["triangles"], data["barycentric"], data["mapped"])
