"""The road of one photo: set it once, then draw, rank and vary as often as asked.

    reconstructor = Reconstructor(read_pack(folder, device))
    reconstructor.set_photo(photo, face)
    candidates = reconstructor.identities(100, seed=0)
    ranking = reconstructor.rank(candidates)
    expressions = reconstructor.expressions(15, seed=0)

Photo → conditioning → IdGen → IdRank → ExpGen, as OFER §3 has it, with one encoding per photo.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .conditioning.evidence import CROP, Evidence
from .contract.errors import ErrorCode, OferError
from .diffusion.folded import FoldedDenoiser
from .diffusion.samplers import SAMPLERS, OnStep, seeded_noise
from .diffusion.schedule import Schedule
from .heads.camera import Camera, default_focal, solve_camera
from .packs.pack import Pack
from .photo.align import Crop, cut, evidence_crop
from .photo.faces import Face
from .photo.load import Photo

_MARGIN = 1.28
"""Side of the crop over the extent of the landmarks. The training photos have 1.22 over the true
landmarks; the detector's span 5 % less (median of 63 synthetic photos)."""
_EXPRESSION_STREAM = 1 << 32
"""Added to the seed for expressions, so that they do not repeat the identities' noise."""


@dataclass(frozen=True)
class PhotoEvidence:
    """What the open photo shows.

    points : (P, 2) photo pixels; deviation : (P,) photo pixels; visible : (P,) 0..1;
    identity : (K,) and expression : (X,) regressed means; context : (1, C) on the pack's device.
    """

    points: np.ndarray
    deviation: np.ndarray
    visible: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    camera: Camera
    focal_known: bool
    context: Tensor


@dataclass(frozen=True)
class Ranking:
    """scores : (N,) float32, higher is better; order : (N,) int, best first."""

    scores: np.ndarray
    order: np.ndarray


class Reconstructor:
    """Turns one photo after another into candidate heads, on one device, from one pack."""

    def __init__(self, pack: Pack, device: torch.device) -> None:
        self.pack = pack
        self.device = device
        self.schedule = Schedule.linear()
        self._evidence: PhotoEvidence | None = None
        self._rank_basis = pack.head.identity[:, pack.head.rank_vertices]
        self._idgen = FoldedDenoiser(pack.networks.idgen)
        self._expgen = FoldedDenoiser(pack.networks.expgen)

    @property
    def evidence(self) -> PhotoEvidence:
        """Of the open photo. Raises OferError(BAD_REQUEST) before `set_photo`."""
        if self._evidence is None:
            raise OferError(ErrorCode.BAD_REQUEST, "No photo is open.", "Open a photo first.")
        return self._evidence

    @torch.inference_mode()
    def set_photo(self, photo: Photo, face: Face) -> PhotoEvidence:
        """Encode one face of a photo; everything after reuses it."""
        crop = evidence_crop(face.landmarks[:, :2], CROP, _MARGIN)
        pixels = torch.from_numpy(cut(photo, crop)).permute(2, 0, 1)[None].to(self.device)
        conditioner = self.pack.networks.conditioner
        evidence = conditioner(pixels.contiguous(memory_format=torch.channels_last))
        self._evidence = self._read(photo, crop, evidence, conditioner.context(evidence))
        return self._evidence

    @torch.inference_mode()
    def identities(
        self,
        count: int,
        seed: int,
        sampler: str = "dpm_solver_pp_2m",
        steps: int | None = None,
        on_step: OnStep | None = None,
    ) -> np.ndarray:
        """(count, K) float32 identity coefficients drawn by IdGen."""
        coefficients = self.pack.sizes.identities
        drawn = self._sample(self._idgen, coefficients, count, seed, sampler, steps, on_step)
        return drawn.cpu().numpy()

    @torch.inference_mode()
    def rank(self, identities: np.ndarray) -> Ranking:
        """Order candidates (N, K) by IdRank."""
        head = self.pack.head
        vertices = head.template[head.rank_vertices] + np.tensordot(identities, self._rank_basis, 1)
        millimetres = torch.from_numpy((vertices * 1000).astype(np.float32)).to(self.device)
        scores = self.pack.networks.idrank(millimetres, self.evidence.context[0]).cpu().numpy()
        return Ranking(scores, np.argsort(-scores, kind="stable"))

    @torch.inference_mode()
    def expressions(
        self,
        count: int,
        seed: int,
        sampler: str = "dpm_solver_pp_2m",
        steps: int | None = None,
        on_step: OnStep | None = None,
    ) -> np.ndarray:
        """(count, X) float32 unit weights in 0..1 drawn by ExpGen, the most typical first."""
        networks = self.pack.networks
        drawn = self._sample(
            self._expgen,
            self.pack.sizes.expressions,
            count,
            seed + _EXPRESSION_STREAM,
            sampler,
            steps,
            on_step,
        )
        deviation, mean = networks.expression_deviation, networks.expression_mean
        weights = drawn * deviation.to(drawn) + mean.to(drawn)
        typical = (weights - weights.mean(dim=0)).square().sum(dim=1).argsort(stable=True)
        return weights[typical].clamp(0, 1).cpu().numpy()

    def _sample(
        self,
        denoiser: FoldedDenoiser,
        coefficients: int,
        count: int,
        seed: int,
        sampler: str,
        steps: int | None,
        on_step: OnStep | None,
    ) -> Tensor:
        if sampler not in SAMPLERS:
            known = f"Choose one of {', '.join(SAMPLERS)}."
            raise OferError(ErrorCode.BAD_REQUEST, f"There is no sampler {sampler!r}.", known)
        noise = seeded_noise(seed)
        start = noise((count, coefficients)).to(self.device)
        return SAMPLERS[sampler](
            denoiser.condition(self.evidence.context),
            start,
            self.schedule,
            noise=noise,
            steps=steps,
            on_step=on_step,
        )

    def _read(self, photo: Photo, crop: Crop, evidence: Evidence, context: Tensor) -> PhotoEvidence:
        points = crop.to_photo(evidence.points[0].double().cpu().numpy())
        deviation = torch.exp(0.5 * evidence.log_variance[0]).cpu().numpy() * crop.photo_scale
        visible = torch.sigmoid(evidence.visibility[0]).cpu().numpy()
        identity = evidence.identity[0].cpu().numpy()
        expression = evidence.expression[0].clamp(0, 1).cpu().numpy()
        head = self.pack.head
        surface = head.vertices(identity, expression)[head.point_vertices]
        height, width = photo.pixels.shape[:2]
        focal = photo.focal or default_focal(width, height)
        weights = visible / deviation**2
        camera = solve_camera(
            surface, points, weights, focal, (width / 2, height / 2), (width, height)
        )
        return PhotoEvidence(
            points.astype(np.float32),
            deviation.astype(np.float32),
            visible.astype(np.float32),
            identity,
            expression,
            camera,
            photo.focal is not None,
            context,
        )
