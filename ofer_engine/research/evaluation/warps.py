"""How much of a known difference between two faces is read, on photographs and on renders.

Three pictures are bent out of one, each to show another known identity, and only the differences
between the three count: whatever was wrong about the first reading of the person cancels. A share
read of real pixels, with a known answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image

from ...conditioning.evidence import CROP
from ...contract.errors import ErrorCode, OferError
from ...heads.camera import Camera
from ...heads.open_head import OpenHead
from ...packs.open_description import HEAD
from ...packs.open_pack import OpenPack
from ...photo.faces import FaceDetector
from ...photo.load import load_photo
from ..studio.photo_head import PhotoHead, load_open_photo_head
from ..studio.studio import Studio, StudioPhoto
from ..warps.sitter import Sitter, fit_sitter, pack_reading
from ..warps.warp import Warper, random_change
from .hypotheses import mean_identities
from .metrics import Interval, bootstrap_statistic, similarity
from .photo_files import middle_face
from .progress import OnMessage

PICTURES: Final = 3
"""Bent out of each picture."""
_SEED: Final = 77
_RENDER_SEED: Final = 907
_MOST_YAW, _MOST_PITCH, _NEAREST = 14.0, 12.0, 0.8
"""Degrees and metres: renders that are taken as portraits are."""
_TRIES: Final = 40
_THIN: Final = 3
_TOGETHER: Final = 16


@dataclass(frozen=True, eq=False)
class Warps:
    """N pictures bent three times each.

    crops : (3, N, S, S, 3) uint8; identity : (3, N, K) float32 that they show.
    """

    crops: np.ndarray
    identity: np.ndarray

    def __len__(self) -> int:
        return self.crops.shape[1]


@dataclass(frozen=True)
class ShareRead:
    """removed : 1 - (what is left of the differences) / (the differences), both root mean square mm
    over the face, averaged over the pictures; slope : of read against true differences, 1 is
    neither timid nor bold."""

    removed: Interval
    slope: Interval


@dataclass(frozen=True)
class WarpFigures:
    """regressed : the conditioner's own reading; samples : the mean of IdGen's; one_size : the
    regressed again, faces of one size and in one place, since photos do not show size; true_mm :
    the true differences, root mean square over the face."""

    pictures: int
    regressed: ShareRead
    samples: ShareRead
    one_size: ShareRead
    true_mm: float


def portrait_sitters(
    pack: OpenPack,
    head: PhotoHead,
    detector: FaceDetector,
    paths: Sequence[Path],
    on_message: OnMessage,
) -> list[Sitter]:
    """The person in the middle of each photo; photos without a face are passed over.

    Raises OferError(NO_FACE) where no photo has one.
    """
    sitters = []
    for number, path in enumerate(paths):
        if number % 20 == 0:
            on_message(f"portrait {number} of {len(paths)}")
        photo = load_photo(path)
        try:
            face = middle_face(detector, photo)
        except OferError as error:
            if error.code not in (ErrorCode.NO_FACE, ErrorCode.FACE_TOO_SMALL):
                raise
            continue
        reading = pack_reading(pack, photo.pixels, face.landmarks)
        sitters.append(fit_sitter(head, reading, photo.pixels))
    if not sitters:
        raise OferError(
            ErrorCode.NO_FACE,
            "No face was found in any of the portraits.",
            "Give a folder of portraits, one person in each.",
        )
    return sitters


def render_sitters(head: PhotoHead, count: int, on_message: OnMessage) -> list[Sitter]:
    """Synthetic people photographed like portraits: nothing in front of them, hardly turned.

    Their head is known, not read.
    """
    studio, sitters = Studio(head, 0.0), []
    for index in range(_TRIES * count):
        if len(sitters) == count:
            break
        (photo,) = studio.photograph_hidden(_RENDER_SEED, index, ())
        sine_yaw, sine_pitch = photo.rotation[2, 0], photo.rotation[2, 1]
        turned = np.abs(np.degrees(np.arcsin(np.clip([sine_yaw, sine_pitch], -1, 1))))
        if (turned < (_MOST_YAW, _MOST_PITCH)).all() and photo.distance > _NEAREST:
            sitters.append(_of_render(photo))
            if len(sitters) % 20 == 0:
                on_message(f"render {len(sitters)} of {count}")
    return sitters


def _of_render(photo: StudioPhoto) -> Sitter:
    focal, centre = float(photo.focal), photo.centre.astype(float)
    pose = photo.rotation.astype(float), photo.translation.astype(float)
    height, width = photo.image.shape[:2]
    camera = Camera(focal, centre, *pose, width, height)
    return Sitter(photo.image, photo.identity, photo.expression, camera)


def bend(head: PhotoHead, sitters: Sequence[Sitter], on_message: OnMessage) -> Warps:
    """Each sitter's picture three times, as three other people; the same from run to run."""
    warper = Warper(head, CROP)
    crops, identities = [], []
    for number, sitter in enumerate(sitters):
        if number % 20 == 0:
            on_message(f"bending {number} of {len(sitters)}")
        made = []
        for which in range(PICTURES):
            rng = np.random.default_rng([_SEED, which, number])
            made.append(warper.warp(rng, sitter, random_change(rng, sitter)))
        crops.append([one.image for one in made])
        identities.append([one.change.identity for one in made])
    return Warps(np.array(crops).swapaxes(0, 1), np.array(identities).swapaxes(0, 1))


def read_warps(pack: OpenPack, warps: Warps, maker: OpenHead, samples: int) -> WarpFigures:
    """What a pack reads of the differences. maker : the head that the pictures were bent to.

    Raises OferError(BAD_REQUEST) where the two heads' vertices are not the same.
    """
    _refuse_other_mesh(pack.head, maker)
    flat = warps.crops.reshape(-1, *warps.crops.shape[2:])
    regressed, contexts = _read(pack, flat)
    sampled = mean_identities(pack, contexts, samples)
    true = _faces(maker, warps.identity, warps)
    plain, one_size = compared_identities(pack.head, regressed, warps, maker)
    return WarpFigures(
        pictures=len(warps),
        regressed=plain,
        samples=compared(_faces(pack.head, sampled, warps), true),
        one_size=one_size,
        true_mm=float(_size(_differences(true)).mean()),
    )


def compared_identities(
    head: OpenHead, identities: np.ndarray, warps: Warps, maker: OpenHead
) -> tuple[ShareRead, ShareRead]:
    """Identities (3 N, K) of `head` that were read of the pictures against the true ones: as they
    are, and with faces of one size."""
    true, read = _faces(maker, warps.identity, warps), _faces(head, identities, warps)
    mean = _flat_mean(maker)
    return compared(read, true), compared(_one_size(read, mean), _one_size(true, mean))


def _faces(head: OpenHead, identities: np.ndarray, warps: Warps) -> np.ndarray:
    """(3, N, 3M) mm."""
    flat = identities.reshape(-1, identities.shape[-1])
    return _moved(head, flat).reshape(*warps.identity.shape[:2], -1)


@torch.inference_mode()
def _read(pack: OpenPack, crops: np.ndarray) -> tuple[np.ndarray, torch.Tensor]:
    """(B, K) regressed identities and (B, C) contexts of crops (B, S, S, 3) uint8."""
    identities, contexts = [], []
    for first in range(0, len(crops), _TOGETHER):
        part = torch.from_numpy(crops[first : first + _TOGETHER]).permute(0, 3, 1, 2)
        evidence = pack.read_photos((part.float() / 255).to(pack.device))
        identities.append(evidence.identity.cpu().numpy())
        contexts.append(pack.networks.conditioner.context(evidence))
    return np.concatenate(identities), torch.cat(contexts)


def _refuse_other_mesh(head: OpenHead, maker: OpenHead) -> None:
    if not np.array_equal(_face(head), _face(maker)):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The two packs' faces have different vertices, so that they cannot be compared.",
            "Measure each pack by itself.",
        )


def _face(head: OpenHead) -> np.ndarray:
    return np.flatnonzero(head.face)[::_THIN]


def _flat_mean(head: OpenHead) -> np.ndarray:
    """(3M,) mm, the mean face."""
    return (head.template[_face(head)] * 1000.0).reshape(-1)


def _moved(head: OpenHead, identities: np.ndarray) -> np.ndarray:
    """(B, 3M) mm that identities (B, K) move the face."""
    basis = head.identity[:, _face(head)].reshape(len(head.identity), -1) * np.float32(1000)
    return identities @ basis


def _one_size(moved: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The same (3, N, 3M), each face laid on the mean face by a similarity."""
    template = mean.reshape(-1, 3)
    faces = template + moved.reshape(*moved.shape[:2], -1, 3)
    return (similarity(faces, template) - template).reshape(moved.shape)


def _differences(faces: np.ndarray) -> np.ndarray:
    """(3, N, 3M) from the mean of the three."""
    return faces - faces.mean(axis=0)


def _size(differences: np.ndarray) -> np.ndarray:
    """(N,) mm: root mean square over the face, mean over the three."""
    squares = np.square(differences).sum(axis=2) / (differences.shape[2] / 3)
    return np.sqrt(squares).mean(axis=0)


def compared(read: np.ndarray, true: np.ndarray) -> ShareRead:
    """read, true : (3, N, 3M)."""
    read, true = _differences(read), _differences(true)
    left, whole = _size(read - true), _size(true)
    along = (read * true).sum(axis=(0, 2))
    length = np.square(true).sum(axis=(0, 2))
    return ShareRead(
        bootstrap_statistic(lambda rows: 1 - left[rows].mean() / whole[rows].mean(), len(left)),
        bootstrap_statistic(lambda rows: along[rows].sum() / length[rows].sum(), len(left)),
    )


def head_of(folder: Path) -> PhotoHead:
    """The head of the pack in `folder`, to be bent to. Raises OferError(WEIGHTS_*)."""
    OpenHead.load(folder / HEAD)
    return load_open_photo_head(folder / HEAD)


def sheet(warps: Warps) -> Image.Image:
    """The three pictures of the first twelve people, one below the other."""
    rows = [np.concatenate(list(crops[:12]), axis=1) for crops in warps.crops]
    return Image.fromarray(np.concatenate(rows, axis=0))
