"""What was measured on each head, before any average."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np

from ...geometry.similarity import best_similarity
from ...heads.identity_prior import IdentityPrior
from ...packs.open_pack import OpenPack
from ..training.photo_set import PhotoSet
from .hypotheses import PhotoSamples, draw, medoid, pairwise
from .metrics import ranks_of_own, similarity, surface_error
from .point_errors import PointErrors, point_errors
from .truths import Truth, floor

_PRIOR: Final = 500
"""People drawn for the control of the spread."""
_TAIL: Final = 1.645
"""Deviations of a normal distribution from its middle to its 5 % and 95 %."""
_THIN: Final = 3
"""Of the face's points every third is enough to tell people apart."""


@dataclass(frozen=True, eq=False)
class HeadMeasurements:
    """N heads. Errors are (N,) mm over the face after a similarity.

    ranks : (N,) people nearer to the photo's heads than the one in it; visible : (N, P) bool,
    points seen; covered : (N, P, 3) bool, coordinates within the samples' 5-95 % interval;
    covered_widely : the same where what the head's basis cannot say widens it;
    spread : (N, P) mm; control_spread : (N, P) mm, of heads drawn without a photo; expression,
    true_expression : (N, X); seen : how far off the points were found; occluder : (N,) index;
    face_covered : (N,) share; yaw : (N,) degrees.
    """

    floor: np.ndarray
    mean_head: np.ndarray
    another_person: np.ndarray
    ranked_first: np.ndarray
    mean_of_samples: np.ndarray
    medoid: np.ndarray
    densest: np.ndarray
    nearest_to_mean: np.ndarray
    average_sample: np.ndarray
    best_sample: np.ndarray
    ranks: np.ndarray
    visible: np.ndarray
    covered: np.ndarray
    covered_widely: np.ndarray
    spread: np.ndarray
    control_spread: np.ndarray
    expression: np.ndarray
    true_expression: np.ndarray
    seen: PointErrors
    occluder: np.ndarray
    face_covered: np.ndarray
    yaw: np.ndarray

    def __len__(self) -> int:
        return len(self.mean_head)

    def rows(self, index: np.ndarray) -> HeadMeasurements:
        """Some of the heads. index : (n,) int or (N,) bool."""
        return replace(
            self,
            **{name: getattr(self, name)[index] for name in _arrays()},
            seen=self.seen.rows(index),
        )


def joined(parts: list[HeadMeasurements]) -> HeadMeasurements:
    """Heads of several conditions together."""
    together = {n: np.concatenate([getattr(part, n) for part in parts]) for n in _arrays()}
    return HeadMeasurements(**together, seen=PointErrors.joined([part.seen for part in parts]))


def _arrays() -> list[str]:
    return [field.name for field in fields(HeadMeasurements) if field.name != "seen"]


@dataclass(frozen=True, eq=False)
class BasisInMillimetres:
    """A head's basis in mm at a truth's points, for decoding many draws.

    face : (K, 3M); points : (K, 3P); gram : (K, K) of face, per point; prior : over the basis.
    """

    template: np.ndarray
    face: np.ndarray
    template_points: np.ndarray
    points: np.ndarray
    gram: np.ndarray
    prior: IdentityPrior

    @staticmethod
    def of(pack: OpenPack, truth: Truth) -> BasisInMillimetres:
        """For one pack and truth."""
        head = pack.head

        def at(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            basis = head.identity[:, ids].reshape(len(head.identity), -1) * np.float32(1000)
            return head.template[ids].reshape(-1) * np.float32(1000), basis

        template, face = at(truth.vertices)
        template_points, points = at(head.point_vertices)
        gram = face @ face.T / len(truth.vertices)
        return BasisInMillimetres(template, face, template_points, points, gram, head.prior)

    def faces(self, coefficients: np.ndarray) -> np.ndarray:
        """(…, M, 3) of (…, K)."""
        flat = self.template + coefficients.astype(np.float32) @ self.face
        return flat.reshape(*coefficients.shape[:-1], -1, 3)

    def evidence(self, coefficients: np.ndarray) -> np.ndarray:
        """(…, P, 3) of (…, K)."""
        flat = self.template_points + coefficients.astype(np.float32) @ self.points
        return flat.reshape(*coefficients.shape[:-1], -1, 3)


def measure(
    pack: OpenPack,
    photos: PhotoSet,
    truth: Truth,
    samples: int,
    occluder: np.ndarray,
    face_covered: np.ndarray,
) -> HeadMeasurements:
    """Measure the pack on as many photos as there are true faces, H. occluder : (H,) what hides
    each; face_covered : (H,) what share of the face it hides."""
    heads = len(truth.faces)
    basis = BasisInMillimetres.of(pack, truth)
    drawn = list(draw(pack, photos, heads, samples))
    choices = [_choices(one, basis, face) for one, face in zip(drawn, truth.faces, strict=True)]
    means = np.stack([one.samples.mean(axis=0) for one in drawn])
    spreads = [
        spread_of(one.samples, basis, face, points, truth.unsaid)
        for one, face, points in zip(drawn, truth.faces, truth.points, strict=True)
    ]
    mean_faces = basis.faces(means)
    turned = photos.rotation[:heads, 2, 0].numpy()
    return HeadMeasurements(
        floor=floor(pack.head, truth),
        mean_head=surface_error(basis.faces(np.zeros_like(means)), truth.faces),
        another_person=surface_error(np.roll(mean_faces, 1, axis=0), truth.faces),
        **{name: np.array([one[name] for one in choices]) for name in choices[0]},
        mean_of_samples=surface_error(mean_faces, truth.faces),
        ranks=_ranks(mean_faces, truth.faces, basis.faces(np.zeros(means.shape[1]))),
        visible=photos.visible[:heads].numpy(),
        covered=np.stack([covered for covered, _, _ in spreads]),
        covered_widely=np.stack([covered for _, covered, _ in spreads]),
        spread=np.stack([spread for _, _, spread in spreads]),
        control_spread=np.tile(_control_spread(basis), (heads, 1)),
        expression=np.stack([one.expression for one in drawn]),
        true_expression=photos.expression[:heads].numpy(),
        seen=point_errors(pack.networks.conditioner, [one.evidence for one in drawn], photos),
        occluder=occluder[:heads],
        face_covered=face_covered[:heads],
        yaw=np.degrees(np.arcsin(np.clip(turned, -1, 1))),
    )


def _choices(drawn: PhotoSamples, basis: BasisInMillimetres, truth: np.ndarray) -> dict[str, float]:
    """Errors of single draws, chosen in several ways."""
    errors = surface_error(basis.faces(drawn.samples), truth)
    away = drawn.samples - drawn.samples.mean(axis=0)
    to_mean = np.einsum("sk,kl,sl->s", away, basis.gram, away)
    first = drawn.candidates[[drawn.scores.argmax()]]
    chosen = {
        "medoid": medoid(pairwise(drawn.samples, basis.gram)),
        "densest": drawn.density.argmax(),
        "nearest_to_mean": to_mean.argmin(),
        "best_sample": errors.argmin(),
    }
    found = {name: float(errors[row]) for name, row in chosen.items()}
    ranked_first = float(surface_error(basis.faces(first), truth)[0])
    return found | {"ranked_first": ranked_first, "average_sample": float(errors.mean())}


def _ranks(found: np.ndarray, sought: np.ndarray, mean_head: np.ndarray) -> np.ndarray:
    def deviations(faces: np.ndarray) -> np.ndarray:
        moved = (similarity(faces, mean_head) - mean_head)[:, ::_THIN].reshape(len(faces), -1)
        return moved - moved.mean(axis=0)

    return ranks_of_own(deviations(found), deviations(sought))


def spread_of(
    samples: np.ndarray,
    basis: BasisInMillimetres,
    true_face: np.ndarray,
    true_points: np.ndarray,
    unsaid: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(P, 3) bool, whether the true coordinate is within the samples' 5-95 %, and within the same
    widened by what is unsaid (P, 3); (P,) mm of spread.

    samples : (S, K); true_face : (M, 3) and true_points : (P, 3) mm. Samples and truth alike are
    laid on the mean of the samples over the face, so that size and place, which no photo shows, do
    not count.
    """
    laid, mean = _laid(samples, basis)
    target = best_similarity(true_face, mean).apply(true_points)
    low, middle, high = np.percentile(laid, [5, 50, 95], axis=0)
    below, above = (np.hypot(end - middle, _TAIL * unsaid) for end in (low, high))
    widely = (target >= middle - below) & (target <= middle + above)
    return (target >= low) & (target <= high), widely, _width(laid)


def _control_spread(basis: BasisInMillimetres) -> np.ndarray:
    """(P,) mm, of people drawn from the prior alone."""
    people = basis.prior.people(np.random.default_rng(0), _PRIOR)
    return _width(_laid(people, basis)[0])


def _laid(samples: np.ndarray, basis: BasisInMillimetres) -> tuple[np.ndarray, np.ndarray]:
    """(S, P, 3) evidence points laid on the mean of the samples, and that mean's face."""
    mean = basis.faces(samples.mean(axis=0))
    return best_similarity(basis.faces(samples), mean).apply(basis.evidence(samples)), mean


def _width(laid: np.ndarray) -> np.ndarray:
    return np.sqrt(laid.var(axis=0).sum(axis=1))
