"""Stand-in weights that anyone can draw again: how the recorded goldens' networks were filled.

Every tensor has a numpy stream of its own, named by seed, group and published key.
"""

import hashlib
from collections.abc import Mapping

import numpy as np
import torch

SEED = 11


def tensors(group: str, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """Weights by published key. group : "idgen", "expgen", "NET_arcface" or "NET_farl"."""
    rule = {"arcface": _arcface, "farl": _farl}.get(group.partition("_")[2], _network)
    found = {}
    for key, shape in shapes.items():
        if key.endswith("num_batches_tracked"):
            found[key] = torch.zeros(shape, dtype=torch.int64)
            continue
        digest = hashlib.sha256(f"{SEED}|{group}|{key}".encode()).digest()
        stream = np.random.RandomState(int.from_bytes(digest[:4], "little"))
        normal = stream.standard_normal(shape).astype(np.float32)
        found[key] = torch.from_numpy(rule(key, shape, normal).astype(np.float32))
    return found


def noise_tape(seed: int):
    """The noise of a recorded trajectory: x_T first, then one draw a step."""
    stream = np.random.RandomState(seed)
    return lambda shape: stream.standard_normal(shape).astype(np.float32)


def _spread(shape: tuple[int, ...], gain: float) -> float:
    return gain / np.sqrt(int(np.prod(shape[1:])))


def _network(key: str, shape: tuple[int, ...], normal: np.ndarray) -> np.ndarray:
    if key.endswith(".g") or ".norm.weight" in key:
        return 1 + 0.1 * normal
    if key.endswith("bias"):
        return 0.1 * normal * 0.5
    return normal * _spread(shape, 1.0)


def _arcface(key: str, shape: tuple[int, ...], normal: np.ndarray) -> np.ndarray:
    if key.endswith("running_var"):
        return 1 + 0.2 * np.abs(normal)
    if key.endswith(("running_mean", ".bias")):
        return 0.1 * normal * 1.0
    if "prelu" in key:
        return 0.25 + 0.05 * normal
    if len(shape) == 4 or key == "fc.weight":
        return normal * _spread(shape, 0.6 if ".conv2" in key else 1.2)
    return 1 + 0.1 * normal


def _farl(key: str, shape: tuple[int, ...], normal: np.ndarray) -> np.ndarray:
    if key.endswith("in_proj_weight") or (key.endswith(".weight") and len(shape) >= 2):
        return normal * _spread(shape, 1.0)
    if "ln_" in key and key.endswith("weight"):
        return 1 + 0.1 * normal
    if key.endswith("bias"):
        return 0.1 * normal * 0.5
    return (768**-0.5 * 0.4 if key == "visual.proj" else 0.1) * normal
