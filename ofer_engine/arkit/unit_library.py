"""The units of the head models that an engine process has met, found once for each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..contract.arkit import ARKIT_52
from ..geometry.surface import is_surface
from ..geometry.triangles import triangulate
from ..heads.head import Head
from ..heads.open_head import OpenHead
from ..photo.faces import FaceDetector
from .landmark_cast import cast_landmarks
from .registration import register
from .transfer import nearest_units, transferred_units
from .unit_model import UnitModel, fitted_units
from .unit_weights import unit_weights

NO_TONGUE = "This head has no tongue: its key tongueOut is there, and empty."
_TONGUE = ARKIT_52.index("tongueOut")


class UnitLibrary:
    """open_head, detector : give the bundled ones when they are needed."""

    def __init__(
        self, open_head: Callable[[], OpenHead], detector: Callable[[], FaceDetector]
    ) -> None:
        self._open_head, self._detector = open_head, detector
        self._known: tuple[Head, UnitModel] | None = None

    def forget(self) -> None:
        """Give the memory back."""
        self._known = None

    def model(self, head: Head, check: Callable[[], None]) -> UnitModel:
        """The head model's own 52 units, or the open head's carried to it: seconds, once.

        check : called now and again, may raise to stop.
        """
        if self._known is None or self._known[0] is not head:
            self._known = (head, self._found(head, check))
        return self._known[1]

    def _found(self, head: Head, check: Callable[[], None]) -> UnitModel:
        annotated = head.annotated
        if annotated is not None and annotated.expression.any():
            return UnitModel.of_open_head(annotated)
        open_head = self._open_head()
        if not is_surface(head.template, triangulate(head.polygons)):
            return nearest_units(head, open_head)
        landmarks = cast_landmarks(head, self._detector(), check)
        registration = register(head, open_head, landmarks, check)
        return transferred_units(head, open_head, registration, check)


def tongue_note(model: UnitModel) -> tuple[str, ...]:
    """What the user should know of a head without a tongue."""
    return () if model.units[_TONGUE].any() else (NO_TONGUE,)


def unit_arrays(
    model: UnitModel, neutral: np.ndarray, expressive: np.ndarray, check: Callable[[], None]
) -> dict[str, np.ndarray]:
    """A head's units, and its expressions in their terms: arrays of a reconstruction by name.

    neutral : (V, 3) and expressive : (E, V, 3) float32 metres, one head; check may raise.
    """
    units = fitted_units(model, neutral, check=check)
    fitted = unit_weights(units, expressive - neutral, model.outer.astype(np.float64))
    return {
        "arkit_units": units,
        "expression_arkit": fitted.weights,
        "expression_arkit_residual": fitted.residual,
    }
