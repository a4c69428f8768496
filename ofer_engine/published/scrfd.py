"""SCRFD, the detector whose five points aligned the published pictures (docs/method.md §4).

Guo et al. 2021. The file is the user's own; ONNX Runtime reads it, which only computes what the
graph says and, given bytes, opens no other file. Preparation and decoding follow insightface's
publication; they have been tried on graphs of SCRFD's form only, never on the published file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import ArrayLike
from PIL import Image

from ..contract.errors import ErrorCode, OferError
from ..requirements import PinGroup, required

SIDE: Final = 224
"""The published preparation shrinks each picture into so many pixels (det_size), a square."""

_STRIDES: Final = (8, 16, 32)
_POINTS: Final = 5
_THRESHOLD: Final = 0.5
_SAME_FACE: Final = 0.4
_MEAN: Final = 127.5
_SCALE: Final = 128.0
_WIDTHS: Final = {1: "scores", 4: "boxes", 2 * _POINTS: "points"}
_GET: Final = (
    "Import scrfd_10g_bnkps.onnx of insightface's antelopev2; the pack also works without one."
)


@dataclass(frozen=True, eq=False)
class Detection:
    """box : x, y, width, height; points : (5, 2) float64 in the order of `align.five_points`;
    both photo pixels. score : 0..1.
    """

    box: tuple[float, float, float, float]
    points: np.ndarray
    score: float


class Scrfd:
    """A detector with five points, read from an ONNX file's bytes."""

    def __init__(self, model: bytes, name: str = "SCRFD") -> None:
        """Raises OferError: ENGINE_MISSING without ONNX Runtime, WEIGHTS_DAMAGED where it cannot
        read the model, WEIGHTS_WRONG where the model is no such detector.
        """
        runtime = required("onnxruntime", "Reading an ONNX file", PinGroup.SCRFD)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 4
        try:
            self._session = runtime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
            self._input = self._session.get_inputs()[0].name
            found = self._run(np.zeros((SIDE, SIDE, 3), np.uint8))
        # ONNX Runtime raises a dozen kinds of its own, which share no base but Exception.
        except Exception as cause:
            raise OferError(
                ErrorCode.WEIGHTS_DAMAGED,
                "{name} cannot be read as an ONNX model.",
                _GET,
                name=name,
            ) from cause
        self._anchors = _anchors_per_cell(found)
        if not self._anchors:
            raise OferError(
                ErrorCode.WEIGHTS_WRONG,
                "{name} is no face detector with five points.",
                _GET,
                name=name,
            )
        if not all(np.isfinite(each).all() for each in found):
            raise OferError(
                ErrorCode.WEIGHTS_DAMAGED,
                "{name} answers numbers that are not finite.",
                _GET,
                name=name,
            )

    def detect(self, pixels: np.ndarray) -> tuple[Detection, ...]:
        """Faces of a picture, surest first. pixels : (H, W, 3) uint8 RGB.

        The network sees the channels as the published preparation gave them, which is BGR: its
        pictures were read as RGB and then swapped, as its blobs were (§4).
        """
        height, width = pixels.shape[:2]
        scale = SIDE / max(height, width)
        size = max(1, int(width * scale)), max(1, int(height * scale))
        scale = size[1] / height
        outputs = self._run(_shrunken(pixels, size)[..., ::-1])
        found: list[Detection] = []
        for stride, *level in _levels(outputs):
            found += _decoded(stride, self._anchors, scale, *level)
        return _without_doubles(sorted(found, key=lambda each: -each.score))

    def _run(self, picture: np.ndarray) -> list[np.ndarray]:
        """(h, w, 3) uint8, at most SIDE: the outputs (rows, width) of a black square with it."""
        square = np.zeros((SIDE, SIDE, 3), np.float32)
        square[: picture.shape[0], : picture.shape[1]] = picture
        blob = ((square - _MEAN) / _SCALE).transpose(2, 0, 1)[None]
        outputs: list[Any] = self._session.run(None, {self._input: np.ascontiguousarray(blob)})
        return [np.asarray(each).reshape(-1, np.shape(each)[-1]) for each in outputs]


def _anchors_per_cell(outputs: list[np.ndarray]) -> int:
    """How many anchors each cell has; 0 where the outputs are not those of three levels."""
    cells = [(SIDE // stride) ** 2 for stride in _STRIDES]
    anchors = max((len(each) for each in outputs), default=0) // cells[0]
    expected = sorted((width, anchors * count) for width in _WIDTHS for count in cells)
    found = sorted((each.shape[1], len(each)) for each in outputs)
    return anchors if found == expected else 0


def _levels(outputs: list[np.ndarray]) -> list[tuple[Any, ...]]:
    """(stride, scores, boxes, points) of each level, whatever the order of the outputs."""
    kinds = {
        width: sorted((each for each in outputs if each.shape[1] == width), key=len, reverse=True)
        for width in _WIDTHS
    }
    return list(zip(_STRIDES, *kinds.values(), strict=True))


def _decoded(
    stride: int,
    anchors: int,
    scale: float,
    scores: np.ndarray,
    boxes: np.ndarray,
    points: np.ndarray,
) -> list[Detection]:
    """Faces of one level: distances from the cell's corner, in strides, to the box's sides and to
    the points. scale : pixels of the shrunken picture per photo pixel.
    """
    cells = SIDE // stride
    y, x = np.divmod(np.arange(cells**2), cells)
    corner = stride * np.repeat(np.column_stack((x, y)), anchors, 0)
    found = []
    for row in np.flatnonzero(scores[:, 0] >= _THRESHOLD):
        left, top, right, bottom = stride * boxes[row].astype(np.float64)
        # Published pixel centres lie at whole numbers, ours at +0.5.
        at = (corner[row] + stride * points[row].astype(np.float64).reshape(_POINTS, 2)) / scale
        low = (corner[row] - (left, top)) / scale + 0.5
        extent = np.array((left + right, top + bottom)) / scale
        box = (float(low[0]), float(low[1]), float(extent[0]), float(extent[1]))
        found.append(Detection(box, at + 0.5, float(scores[row, 0])))
    return found


def _without_doubles(found: list[Detection]) -> tuple[Detection, ...]:
    """Surest first, leaving out what overlaps a surer one."""
    boxes = np.array([each.box for each in found]).reshape(-1, 4)
    kept, left = [], np.arange(len(found))
    while len(left):
        kept.append(found[left[0]])
        left = left[overlaps(boxes[left[0]], boxes[left]) <= _SAME_FACE]
    return tuple(kept)


def overlaps(box: ArrayLike, boxes: ArrayLike) -> np.ndarray:
    """(N,) area that a box (4,) and each of boxes (N, 4), x y width height, share, over the area
    that either covers.
    """
    one, many = np.asarray(box, np.float64), np.asarray(boxes, np.float64)
    low = np.maximum(one[:2], many[:, :2])
    high = np.minimum(one[:2] + one[2:], many[:, :2] + many[:, 2:])
    shared = np.maximum(high - low, 0).prod(1)
    return shared / np.maximum(one[2:].prod() + many[:, 2:].prod(1) - shared, 1e-9)


def _shrunken(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """OpenCV's bilinear resize, which looks at two neighbours however much it shrinks."""
    height, width = pixels.shape[:2]
    matrix = (width / size[0], 0.0, 0.0, 0.0, height / size[1], 0.0)
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(
        picture.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    )
