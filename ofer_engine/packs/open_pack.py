"""The open pack in use: a photo read, its contexts made, candidates ranked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ..conditioning.covered_points import SIDE as LOOKED_AT
from ..conditioning.covered_points import CoveredPoints
from ..conditioning.evidence import CROP, Evidence, resized_crops
from ..conditioning.mirror import Mirror, read_both_ways, read_turned
from ..conditioning.person import hint_values, pooled, signed, unsigned, with_hints
from ..contract.hint_places import HINTS
from ..contract.records import Hints, PackRecord
from ..diffusion.folded import Conditional, FoldedDenoiser
from ..diffusion.samplers import OnStep
from ..heads.camera import default_focal, focal_at, solve_camera
from ..heads.expression_fit import SeenOpening, fitted_expression
from ..heads.lid_opening import SeenLids
from ..heads.lip_opening import LipOpening, SeenLips
from ..heads.mouth_limits import limited
from ..heads.open_head import OpenHead
from ..heads.rims import lid_rims, lip_rims
from ..photo.align import Crop, cut, cut_pixels, evidence_crop
from ..photo.face_weights import FACES
from ..photo.faces import Face
from ..photo.hidden import covers
from ..photo.lids import LidReader, Lids
from ..photo.load import Photo
from .open_files import read_files
from .open_networks import Networks, Sizes
from .open_ranking import ranked_points, widened, with_mean
from .pack import Contexts, MovingPoints, PhotoEvidence, refuse_unknown_hints

_SUREST: Final = 0.05
"""Deviation that a regressed weight has at least."""
_MARGIN: Final = 1.28
"""Side of the crop over the extent of the landmarks. The training photos have 1.22 over the true
landmarks; the detector's span 5 % less (median of 63 synthetic photos)."""
_EARS: Final = (234, 454)
"""Of the detector's landmarks."""
_BEFORE_EARS: Final = (0.0, 0.0, 0.012)
"""Metres from between them to where the training photos count the distance of a head from."""
_DISTANCE: Final = 2
"""Place of the distance in the pose that is read, as its logarithm."""
_LOG_METRES: Final = (math.log(0.35), math.log(2.6))
"""Training photos are taken from 0.38 to 2.5 m."""


@dataclass(frozen=True, eq=False)
class Lens:
    """How a photo was taken: focal length and centre (2,) in its pixels, whether the focal length
    is known or a guess, and its size (width, height)."""

    focal: float
    known: bool
    centre: np.ndarray
    size: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Openings:
    """How far a photo shows a face's lips and lids open."""

    lips: LipOpening
    lids: Lids

    def beside(
        self, head: OpenHead, neutral: np.ndarray, visible: np.ndarray
    ) -> tuple[SeenOpening, ...]:
        """Each beside the same of one identity at rest, neutral (V, 3) metres; visible : (P,) 0..1
        of the evidence points."""
        lips, lids = lip_rims(head, neutral), lid_rims(head, neutral)
        return (
            SeenLips(self.lips, lips, float(lips.seen(visible)[0])),
            SeenLids(self.lids, lids, lids.seen(visible)),
        )


@dataclass(frozen=True, eq=False)
class OpenPack:
    """A `Pack` on the open head, or on any head that our own conditioner was trained on."""

    record: PackRecord
    sizes: Sizes
    head: OpenHead
    networks: Networks
    idgen: Conditional
    expgen: Conditional
    device: torch.device
    mirror: Mirror | None
    lid_reader: LidReader

    @property
    def identities(self) -> int:
        """K."""
        return self.sizes.identities

    @property
    def expressions(self) -> int:
        """X."""
        return self.sizes.expressions

    @property
    def expression_names(self) -> tuple[str, ...]:
        """The 52 units."""
        return self.head.expression_names

    @property
    def hint_axes(self) -> np.ndarray | None:
        """(3, K) that hints measure identities along; None where IdGen stands on no belief."""
        belief = self.networks.belief
        return None if belief is None else belief.axes.double().cpu().numpy()

    @property
    def video_reader(self) -> OpenPack:
        """Itself."""
        return self

    @property
    def threads(self) -> int:
        """One: layers this small are done before a second thread has been woken."""
        return 1

    def read(self, crops: Tensor) -> Evidence:
        """What crops (B, 3, S, S) in 0..1 show, each read as it is and mirrored."""
        return read_both_ways(self.networks.conditioner, crops, self.mirror)

    def read_photos(self, crops: Tensor) -> Evidence:
        """As `read`, for single photos: each crop (B, 3, S, S) is read rotated to either side, too,
        and the answers are averaged; three times the work."""
        return read_turned(self.networks.conditioner, crops, self.mirror)

    @torch.inference_mode()
    def read_around(self, pixels: np.ndarray, landmarks: np.ndarray) -> tuple[Crop, Evidence]:
        """The crop around a face, and what it shows, a batch of one.

        pixels : (H, W, 3) uint8 of a photo; landmarks : (468, 2 or more) photo pixels.
        """
        crop = crop_around(landmarks)
        picture = cut_pixels(pixels, crop.resized(self.sizes.crop))
        return crop, self.read(_tensor(picture).to(self.device))

    @torch.inference_mode()
    def encode(
        self,
        photo: Photo,
        face: Face,
        hidden: np.ndarray | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> PhotoEvidence:
        """Crop → evidence network → points, camera and the contexts of the three networks."""
        crop = crop_around(face.landmarks)
        pixels = _tensor(cut(photo, crop.resized(self.sizes.crop)))
        size = (photo.width, photo.height)
        lens = Lens(
            photo.focal or default_focal(*size), photo.focal is not None, np.array(size) / 2, size
        )
        openings = Openings(
            LipOpening.of(face.landmarks),
            self.lid_reader.read(photo.pixels, face.landmarks),
        )
        return self.evidence_in(pixels, crop, lens, hidden, check, openings)

    @torch.inference_mode()
    def evidence_in(
        self,
        pixels: Tensor,
        crop: Crop,
        lens: Lens,
        hidden: np.ndarray | None = None,
        check: Callable[[], None] = lambda: None,
        openings: Openings | None = None,
    ) -> PhotoEvidence:
        """What `pixels` (1, 3, S, S) in 0..1, cut out of a photo by `crop`, show of it.

        IdGen and IdRank take the expression as it was regressed, as in their training; ExpGen
        takes the one that meets the points.

        hidden : (H, W) bool of the photo, and check, as in `encode`; openings : of the mouth and
        the eyes, where they were read.
        """
        conditioner = self.networks.conditioner
        evidence = self.read_photos(pixels.to(self.device))
        check()
        points = crop.to_photo(evidence.points[0].double().cpu().numpy())
        covered = covers(hidden, points)
        deviation = torch.exp(0.5 * evidence.log_variance[0]).cpu().numpy() * crop.photo_scale
        visible = self._seen(pixels, evidence, points, lens.size) * ~covered
        precision = visible / deviation**2
        neutral = self.head.vertices(evidence.identity[0].cpu().numpy())
        if not lens.known:
            lens = self._with_read_distance(lens, evidence, points, precision)
        hides = torch.from_numpy(covered)[None].to(self.device)
        identity = conditioner.context(evidence, hides)
        check()
        seen = () if openings is None else openings.beside(self.head, neutral, visible)
        evidence = self._fitted(evidence, neutral, points, precision, lens, check, seen)
        surface = self.head.vertices(
            evidence.identity[0].cpu().numpy(), evidence.expression[0].clamp(0, 1).cpu().numpy()
        )
        return PhotoEvidence(
            points=points.astype(np.float32),
            deviation=deviation.astype(np.float32),
            visible=visible.astype(np.float32),
            vertices=self.head.point_vertices.astype(np.int32),
            shift=(surface - neutral)[self.head.point_vertices].astype(np.float32),
            camera=solve_camera(
                surface[self.head.point_vertices],
                points,
                precision,
                lens.focal,
                lens.centre,
                lens.size,
            ),
            focal_known=lens.known,
            contexts=Contexts(identity, identity, conditioner.context(evidence, hides)),
            moving=_moving(evidence, crop),
        )

    def _seen(
        self, pixels: Tensor, evidence: Evidence, points: np.ndarray, size: tuple[int, int]
    ) -> np.ndarray:
        """(P,) 0..1: how far one photo shows the points: as the conditioner says, but not where
        something that it does not know lies over them, nor beyond the photo's border.

        pixels : (1, 3, S, S) in 0..1, the crop; points : (P, 2) photo pixels; size : of the photo.
        """
        visible = torch.sigmoid(evidence.visibility[0]).cpu().numpy()
        picture = resized_crops(pixels, LOOKED_AT)[0].permute(1, 2, 0).cpu().numpy()
        at = evidence.points[0].double().cpu().numpy() * (LOOKED_AT / CROP)
        places = self.head.template[self.head.point_vertices]
        bare = 1 - CoveredPoints.load().chances(picture, at, visible, places)
        return visible * bare * ((points >= 0) & (points <= size)).all(axis=1)

    def _with_read_distance(
        self, lens: Lens, evidence: Evidence, points: np.ndarray, precision: np.ndarray
    ) -> Lens:
        """The lens of a photo that does not tell its focal length: the one under which the head is
        as far away as the photo's perspective says.

        points : (P, 2) photo pixels, precision : (P,). The conditioner reads the distance. On 44
        photos from 0.4 to 2.5 m, the points' squared errors over their variances are 1.88 with a
        50 mm equivalent, 1.20 so, and 1.18 with the best focal length of each.
        """
        surface = self.head.vertices(
            evidence.identity[0].cpu().numpy(), evidence.expression[0].clamp(0, 1).cpu().numpy()
        )
        ears = self.head.landmarks(self.head.template)[list(_EARS)].mean(axis=0)
        distance = float(evidence.pose[0, _DISTANCE].clamp(*_LOG_METRES).exp())
        focal = focal_at(
            distance, ears + _BEFORE_EARS, surface[self.head.point_vertices], points, precision,
            lens.focal, lens.centre, lens.size,
        )  # fmt: skip
        return replace(lens, focal=focal)

    def _fitted(
        self,
        evidence: Evidence,
        neutral: np.ndarray,
        points: np.ndarray,
        precision: np.ndarray,
        lens: Lens,
        check: Callable[[], None],
        openings: Sequence[SeenOpening],
    ) -> Evidence:
        """What one photo shows, its expression such that the head meets the points and openings.
        neutral : (V, 3) metres; points : (P, 2) photo pixels, precision : (P,)."""
        seen = self.head.point_vertices
        regressed = evidence.expression[0].clamp(0, 1).double().cpu().numpy()
        doubt = self.networks.expression_deviation.double().cpu().numpy()
        fitted = fitted_expression(
            neutral[seen].astype(np.float64), self.head.expression[:, seen].astype(np.float64),
            points, precision, regressed, np.maximum(doubt, _SUREST), lens.focal, lens.centre,
            lens.size, check, openings,
        )  # fmt: skip
        moved = torch.from_numpy(fitted - regressed).to(evidence.expression)
        return replace(evidence, expression=evidence.expression + moved)

    @torch.inference_mode()
    def person_contexts(self, evidence: Sequence[PhotoEvidence], hints: Hints) -> Contexts:
        """The photos pooled by how sure each is, with the hints; each one's own expression."""
        refuse_unknown_hints(self.record, hints)
        people = torch.cat([photo.contexts.identity for photo in evidence])
        photos = torch.cat([photo.contexts.expression for photo in evidence])
        return self._contexts(people[None], hint_values(hints).to(people), photos)

    @torch.inference_mode()
    def single_photo_contexts(self, contexts: Tensor) -> Contexts:
        """Contexts (B, C) of single photos of B people, whose rows stay apart."""
        unsaid = torch.full((len(contexts), len(HINTS)), float("nan")).to(contexts)
        return self._contexts(contexts[:, None], unsaid, contexts)

    def _contexts(self, people: Tensor, hints: Tensor, photos: Tensor) -> Contexts:
        """people : (B, M, C) photos of each person; hints : (B, 3); photos : (N, C)."""
        doubt = self.networks.conditioner.doubt(people.flatten(0, 1)).view(people.shape[:2])
        person = with_hints(pooled(people, doubt), hints)
        return Contexts(signed(person), person, signed(photos))

    def candidates(self, drawn: np.ndarray) -> np.ndarray:
        """(N + 1, K) float32: the samples (N, K), moved from their mean until their spread is that
        of held-out people, and the mean as one more."""
        return with_mean(widened(torch.from_numpy(drawn), self.networks.spread)).numpy()

    @torch.inference_mode()
    def scores(self, contexts: Contexts, identities: np.ndarray) -> np.ndarray:
        """(N,) IdRank's scores of candidates (N, K)."""
        basis = self.head.identity[:, self.head.rank_vertices]
        deviations = np.tensordot(identities, basis, 1) * 1000
        points = ranked_points(torch.from_numpy(deviations.astype(np.float32)).to(self.device))
        return self.networks.idrank(points, contexts.ranking[0]).cpu().numpy()

    def expression_coefficients(self, drawn: Tensor, context: Tensor) -> np.ndarray:
        """(E, 52) unit weights within the mouth's limits: the ones that were read, and about them
        what is drawn.

        The draws say how expressions may differ, not where their middle is: with it, smiles of 45
        portraits lost a quarter and became sneers, and on 800 renders the error grew by 2 %. The
        draw nearest to the middle becomes what was read.
        """
        regressed = self.networks.conditioner.regressed_expression(unsigned(context))
        apart = drawn - drawn.mean(dim=0)
        apart[apart.square().sum(dim=1).argmin()] = 0
        moved = apart * self.networks.expression_deviation.to(drawn)
        return limited((regressed + moved).cpu().numpy())

    def sample_as_published(self, contexts: Contexts, on_step: OnStep | None = None) -> None:
        """None: it was never published with OFER."""


def crop_around(landmarks: np.ndarray) -> Crop:
    """The crop that is read of a face. landmarks : (468, 2 or more) photo pixels."""
    return evidence_crop(landmarks[:, :2], CROP, _MARGIN)


def _tensor(picture: np.ndarray) -> Tensor:
    """(S, S, 3) in 0..1 → (1, 3, S, S)."""
    return torch.from_numpy(picture).permute(2, 0, 1)[None]


def _moving(evidence: Evidence, crop: Crop) -> MovingPoints:
    """Outline and irises of the first crop of `evidence`, in the photo's pixels."""
    places = (evidence.contour[0], evidence.irises[0])
    contour, irises = (
        crop.to_photo(each.double().cpu().numpy()).astype(np.float32) for each in places
    )
    deviation = torch.exp(0.5 * evidence.moving_log_variance[0]).cpu().numpy() * crop.photo_scale
    return MovingPoints(contour, irises, deviation[: len(contour)], deviation[len(contour) :])


def read_open_pack(folder: Path, device: torch.device) -> OpenPack:
    """Load and verify a whole pack. Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED)."""
    record, sizes, head, networks = read_files(folder, device)
    return OpenPack(
        record,
        sizes,
        head,
        networks,
        networks.folded_idgen(),
        FoldedDenoiser(networks.expgen),
        device,
        Mirror.of(head),
        LidReader.load(FACES),
    )
