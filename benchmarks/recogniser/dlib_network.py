"""dlib's face recognition network, read by torch alone: an instrument for measuring, never part of
the product.

The weights are CC0 (Davis King) and come with the package `face_recognition_models` 0.3.0, as
`dlib_face_recognition_resnet_model_v1.dat`: dlib's own format, in which the layers next to the
picture come first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch.nn import functional

SIDE: Final = 150
_MEAN: Final = (122.782, 117.001, 104.298)
_SCALE: Final = 256.0
_BLOCKS: Final = ((32, 3, False), (64, 3, True), (128, 2, True), (256, 2, True), (256, 0, True))
"""Channels, plain blocks, and whether a halving one comes first."""
_PADDING: Final = 0.25
_CORNERS: Final = np.array([
    (0.8595674595992, 0.2134981538014), (0.6460604764104, 0.2289674387677),
    (0.1205750620789, 0.2137274526848), (0.3340850613712, 0.2290642403242),
    (0.4901123135679, 0.6277975316475),
])  # fmt: skip
"""Where the outer and inner corners of the left and the right eye, and the end of the nose, are on
dlib's mean face."""


def aligned(pixels: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(SIDE, SIDE, 3) float32, the face as dlib cuts it. pixels : (H, W, 3) uint8; corners :
    (5, 2) pixels, in the order of dlib's."""
    goal = (_PADDING + _CORNERS) / (2 * _PADDING + 1) * SIDE
    there, here = corners - corners.mean(0), goal - goal.mean(0)
    first, second = here.T, there.T
    power = (first**2).sum()
    cosine = (first * second).sum() / power
    sine = (first[0] * second[1] - first[1] * second[0]).sum() / power
    turn = np.array([[cosine, -sine], [sine, cosine]])
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    at = (np.stack([columns, rows], -1) - goal.mean(0)) @ turn.T + corners.mean(0)
    height, width = pixels.shape[:2]
    scale = torch.tensor([2 / width, 2 / height])
    grid = torch.from_numpy(at).float() * scale - 1
    picture = torch.from_numpy(np.array(pixels, np.float32)).permute(2, 0, 1)
    cut = functional.grid_sample(
        picture[None], grid[None], padding_mode="border", align_corners=False
    )
    return cut[0].permute(1, 2, 0).numpy()


class DlibNetwork:
    """Faces (N, SIDE, SIDE, 3) → descriptors (N, 128): one person's are nearer than 0.6."""

    def __init__(self, file: Path) -> None:
        self._data = file.read_bytes()
        self._convolutions = [self._after(b"con_4", at) for at in self._places(b"con_4")]
        self._scales = [self._after(b"affine_", at) for at in self._places(b"affine_")]
        (last,) = self._places(b"fc_2")
        at = last + len(b"fc_2")
        _, at = self._number(at)
        _, at = self._number(at)
        self._last = torch.from_numpy(self._tensor(at).reshape(256, 128))

    def __call__(self, faces: np.ndarray) -> np.ndarray:
        """faces : 0..255."""
        values = torch.from_numpy(np.asarray(faces, np.float32)) - torch.tensor(_MEAN)
        values = values.permute(0, 3, 1, 2) / _SCALE
        layers = iter(zip(self._convolutions, self._scales, strict=True))
        with torch.inference_mode():
            values = functional.relu(_layer(values, 32, 7, 2, 0, *next(layers)))
            values = functional.max_pool2d(values, 3, 2)
            for channels, plain, halves in _BLOCKS:
                for halving in (*([True] if halves else []), *[False] * plain):
                    stride, padding = (2, 0) if halving else (1, 1)
                    inner = _layer(values, channels, 3, stride, padding, *next(layers))
                    inner = _layer(functional.relu(inner), channels, 3, 1, 1, *next(layers))
                    past = functional.avg_pool2d(values, 2) if halving else values
                    values = functional.relu(_added(inner, past))
            return (values.mean((2, 3)) @ self._last).numpy()

    def _places(self, name: bytes) -> list[int]:
        found, at = [], self._data.find(name)
        while at >= 0:
            found.append(at)
            at = self._data.find(name, at + 1)
        return found

    def _after(self, name: bytes, at: int) -> np.ndarray:
        return self._tensor(at + len(name))

    def _tensor(self, at: int) -> np.ndarray:
        """A tensor: version 2, four sizes, then float32."""
        version, at = self._number(at)
        if version != 2:
            raise ValueError("this is no file of dlib's network")
        count = 1
        for _ in range(4):
            size, at = self._number(at)
            count *= size
        return np.frombuffer(self._data, "<f4", count, at).copy()

    def _number(self, at: int) -> tuple[int, int]:
        """dlib's whole numbers: how many bytes, then they, the least first. And what comes next."""
        length = self._data[at] & 0x0F
        return int.from_bytes(self._data[at + 1 : at + 1 + length], "little"), at + 1 + length


def _layer(
    values: torch.Tensor, channels: int, side: int, stride: int, padding: int,
    weights: np.ndarray, scale: np.ndarray,
) -> torch.Tensor:  # fmt: skip
    """A convolution with its bias, then dlib's `affine`: gamma x + beta."""
    count = channels * values.shape[1] * side * side
    kernel = torch.from_numpy(weights[:count].reshape(channels, -1, side, side))
    bias = torch.from_numpy(weights[count:])
    gamma, beta = torch.from_numpy(scale).reshape(2, 1, channels, 1, 1)
    return functional.conv2d(values, kernel, bias, stride, padding) * gamma + beta


def _added(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """The sum, zeros where one is smaller."""
    sizes = [max(pair) for pair in zip(first.shape, second.shape, strict=True)]
    grown = []
    for each in (first, second):
        lack = [wanted - has for wanted, has in zip(sizes, each.shape, strict=True)]
        grown.append(functional.pad(each, (0, lack[3], 0, lack[2], 0, lack[1])))
    return grown[0] + grown[1]
