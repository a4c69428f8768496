"""Where a beard and a moustache may grow on a head, from its landmarks."""

from __future__ import annotations

import numpy as np

from ..geometry.smooth_step import smooth_step

_CHIN, _NOSE_BASE = 152, 2
_MOUTH_CORNERS, _EARS = (61, 291), (234, 454)
"""Of the face detector's 468 landmarks."""


def beard_fields(
    place: np.ndarray, marks: np.ndarray, lips: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(V,) 0..1 each: beard and moustache.

    place : (V, 3) metres, engine frame, the template; marks : (468, 3) its landmarks; lips : (V,)
    0..1. Parts other than the skin are for the caller to leave out.
    """
    ears, nose, chin = marks[list(_EARS)].mean(0), marks[_NOSE_BASE], marks[_CHIN]
    mouth = marks[list(_MOUTH_CORNERS)].mean(0)
    back = np.clip((mouth[2] - place[:, 2]) / (mouth[2] - ears[2]), 0.0, 1.3)
    cheek_line = mouth[1] + (ears[1] - mouth[1]) * back**1.6
    clean = 1 - np.clip(lips * 1.5, 0, 1)
    beard = smooth_step(place[:, 1], cheek_line + 0.004, cheek_line - 0.010) * clean
    beard *= smooth_step(place[:, 1], chin[1] - 0.045, chin[1] - 0.02)
    beard *= smooth_step(place[:, 2], ears[2] - 0.008, ears[2] + 0.010)
    width = np.abs(marks[list(_MOUTH_CORNERS), 0]).mean() * 1.25
    moustache = smooth_step(place[:, 1], nose[1] - 0.001, nose[1] - 0.007) * clean
    moustache *= smooth_step(place[:, 1], mouth[1] - 0.012, mouth[1])
    moustache *= smooth_step(np.abs(place[:, 0]), width, width - 0.010) * (
        place[:, 2] > mouth[2] - 0.02
    )
    return beard, moustache
