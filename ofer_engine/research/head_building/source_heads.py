"""Head models that users hold, read for training a pack on them: FLAME's files and ICT-FaceKit's.

Nothing of them is shipped; what is made of them stays under their makers' terms.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ...arkit.six_joints import SixJoints
from ...contract.errors import ErrorCode, OferError
from ...contract.files.digest import sha256_of
from ...geometry.mesh_parts import components
from ...heads.head import Head
from ...published.flame import FlameHead
from ...published.flame_file import convert_flame
from ...published.pickle_reader.safe_load import load_pickle
from ..studio.photo_head import arkit_from_ict

_ICT_KEYS: Final = {"neutral", "identity", "expression", "expression_names", "faces", "uv_faces"}
_ICT_PARTS: Final = {0: "skin", 1: "skin", 2: "tongue", 3: "teeth", 4: "eye_left", 6: "eye_right"}
"""ICT-FaceKit's materials that are kept; the gums go with the tongue."""
_NAMES: Final = ("skin", "eye_left", "eye_right", "teeth_upper", "teeth_lower", "tongue")
_CENTIMETRE: Final = 0.01


@dataclass(frozen=True, eq=False)
class PlainHead:
    """A `Head` that is nothing but its mean surface, on one joint. Fields as in `Head`."""

    template: np.ndarray
    polygons: np.ndarray
    uv: np.ndarray
    part: np.ndarray
    part_names: tuple[str, ...]

    @property
    def joint_names(self) -> tuple[str, ...]:
        """One."""
        return ("root",)

    @property
    def skin_weights(self) -> np.ndarray:
        """(V, 1) ones."""
        return np.ones((len(self.template), 1), np.float32)

    @property
    def joint_parents(self) -> np.ndarray:
        """(1,)"""
        return np.array([-1])

    @property
    def rank_vertices(self) -> np.ndarray:
        """None are known."""
        return np.zeros(0, np.int64)

    @property
    def annotated(self) -> None:
        """None: nothing is known but the surface."""

    def jaw_correctives(self) -> None:
        """None: it has no jaw."""

    def teeth_withdrawn(self, heads: np.ndarray) -> np.ndarray:
        """The heads (n, V, 3) as they are."""
        return heads

    def vertices(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """The template, whatever the coefficients."""
        return np.broadcast_to(self.template, (*identity.shape[:-1], *self.template.shape))

    def joints(self, identity: np.ndarray) -> np.ndarray:
        """The origin."""
        return np.zeros((*identity.shape[:-1], 1, 3), np.float32)


@dataclass(frozen=True, eq=False)
class SourceHead:
    """A head model to train on. All metres, engine frame, float32.

    model : its mean surface, in parts; identity : (K, V, 3) per standard deviation; units :
    (52, V, 3) in ARKIT_52 order, or None where the model has none of its own; joints : (1 + K, 6,
    3) of the mean and of each mode alone, and skin_weights : (V, 6), or None.
    """

    model: Head
    identity: np.ndarray
    units: np.ndarray | None
    joints: np.ndarray | None
    skin_weights: np.ndarray | None


def read_source_head(files: Sequence[Path], modes: int) -> SourceHead:
    """Read a head model with at most `modes` identity modes.

    files : FLAME's one pickle, or ict_facekit_light.npz. Raises OferError(BAD_REQUEST |
    WEIGHTS_MISSING | WEIGHTS_UNSAFE | WEIGHTS_WRONG | WEIGHTS_DAMAGED).
    """
    if len(files) != 1:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "A head model is one file.",
            "Give FLAME's .pkl, or ICT-FaceKit's ict_facekit_light.npz.",
        )
    path = files[0]
    if not path.is_file():
        raise OferError(ErrorCode.WEIGHTS_MISSING, "There is no head model at {path}.", path=path)
    if path.suffix == ".npz" and zipfile.is_zipfile(path):
        return _read_ict(path, modes)
    return _read_flame(path, modes)


def _read_flame(path: Path, modes: int) -> SourceHead:
    _, tensors, _ = convert_flame(path.name, load_pickle(path), sha256_of(path))
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    head = FlameHead.from_arrays(arrays, np.zeros(0, np.int64))
    identity = head.identity[:modes]
    six = SixJoints.of(head)
    identities = np.concatenate([np.zeros((1, len(identity))), np.eye(len(identity))])
    return SourceHead(head, identity, None, six.joints(identities), six.skin_weights)


def _read_ict(path: Path, modes: int) -> SourceHead:
    with np.load(path, allow_pickle=False) as archive:
        if not _ICT_KEYS <= set(archive.files):
            raise OferError(
                ErrorCode.WEIGHTS_WRONG,
                "{name} is no head model that is known here.",
                "Give FLAME's .pkl, or ICT-FaceKit's ict_facekit_light.npz.",
                name=path.name,
            )
        ict = {name: archive[name] for name in archive.files}
    kept = np.isin(ict["face_material"], list(_ICT_PARTS))
    polygons, kinds = ict["faces"][kept], ict["face_material"][kept]
    used = np.unique(polygons[polygons >= 0])
    short = np.full(len(ict["neutral"]) + 1, -1, np.int32)
    short[used] = np.arange(len(used))
    template = ict["neutral"][used].astype(np.float32) * np.float32(_CENTIMETRE)
    polygons = short[polygons]
    names = np.array([_ICT_PARTS[kind] for kind in kinds.tolist()], dtype=object)
    teeth = names == "teeth"
    names[teeth] = _jaws_of(template, polygons[teeth])
    model = PlainHead(
        template,
        polygons,
        ict["uv"][ict["uv_faces"][kept]].astype(np.float32),
        np.array([_NAMES.index(name) for name in names], np.uint8),
        _NAMES,
    )
    units = arkit_from_ict(ict["expression_names"], ict["expression"][:, used])
    identity = ict["identity"][:modes, used].astype(np.float32)
    factor = np.float32(_CENTIMETRE)
    return SourceHead(model, identity * factor, units * factor, None, None)


def _jaws_of(template: np.ndarray, polygons: np.ndarray) -> np.ndarray:
    """(T,) teeth_upper or teeth_lower for each polygon of the teeth, by the piece it belongs to."""
    piece = components(len(template), polygons[:, :3])[polygons[:, 0]]
    height = template[polygons[:, 0], 1]
    middle = (height.min() + height.max()) / 2
    upper = np.zeros(piece.max() + 1, bool)
    for number in np.unique(piece):
        upper[number] = height[piece == number].mean() > middle
    return np.where(upper[piece], "teeth_upper", "teeth_lower")
