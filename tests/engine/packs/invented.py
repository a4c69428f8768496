"""An invented FLAME in the published file's form: its keys, shapes and kinds, nobody's numbers."""

import pickle
from pathlib import Path

import numpy as np
import scipy.sparse


def flame(seed: int = 0) -> dict[str, object]:
    """The keys and shapes of generic_model.pkl with an invented head."""
    rng = np.random.default_rng(seed)
    vertices, triangles = 5023, 9976
    weights = rng.random((vertices, 5))
    regressor = np.zeros((5, vertices))
    regressor[np.arange(5), rng.integers(0, vertices, 5)] = 1.0
    return {
        "f": rng.integers(0, vertices, (triangles, 3)).astype(np.uint32),
        "v_template": rng.standard_normal((vertices, 3)) * 0.1,
        "shapedirs": np.broadcast_to(rng.standard_normal(400) * 1e-3, (vertices, 3, 400)).copy(),
        "posedirs": rng.standard_normal((vertices, 3, 36)) * 1e-3,
        "J_regressor": scipy.sparse.csc_matrix(regressor),
        "weights": weights / weights.sum(1, keepdims=True),
        "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.uint32),
        "bs_style": "lbs",
    }


def save_flame(content: object, folder: Path, name: str = "model.pkl") -> Path:
    path = folder / name
    path.write_bytes(pickle.dumps(content))
    return path
