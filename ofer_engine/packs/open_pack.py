"""The open pack on disk and in memory: head, conditioner, three networks, licence, card.

pack.json                 what it is, the sizes of its networks, the sha256 of every file
head.npz                  `heads/open_head`
conditioner.safetensors   `conditioning/evidence`
idgen.safetensors, expgen.safetensors, idrank.safetensors
CARD.md, card.json        how it was made, and how far it can be trusted
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save_file
from torch import Tensor, nn

from ..conditioning.evidence import CROP, EvidenceNetwork
from ..contract.errors import ErrorCode, OferError
from ..contract.records import Hints, PackRecord
from ..diffusion.denoiser import Denoiser, DenoiserShape
from ..diffusion.folded import FoldedDenoiser
from ..heads.camera import default_focal, solve_camera
from ..heads.mouth_limits import limited
from ..heads.open_head import OpenHead
from ..photo.align import cut, evidence_crop
from ..photo.faces import Face
from ..photo.hidden import covers
from ..photo.load import Photo
from ..ranking.ranker import Ranker, RankerShape
from .pack import Contexts, PhotoEvidence, pooled, refuse_unknown_hints

FORMAT_VERSION: Final = 1
DESCRIPTION: Final = "pack.json"
HEAD: Final = "head.npz"
NETWORKS: Final = ("conditioner", "idgen", "expgen", "idrank")
_MARGIN: Final = 1.28
"""Side of the crop over the extent of the landmarks. The training photos have 1.22 over the true
landmarks; the detector's span 5 % less (median of 63 synthetic photos)."""


@dataclass(frozen=True)
class Sizes:
    """What the four networks must be built with.

    points : P evidence points; identities : K; expressions : X; rank_vertices : R;
    idgen_widths, expgen_widths : U-Net levels; rank_widths : hidden layers of IdRank.
    """

    points: int
    identities: int
    expressions: int
    rank_vertices: int
    idgen_widths: tuple[int, ...]
    expgen_widths: tuple[int, ...]
    rank_widths: tuple[int, ...]

    @staticmethod
    def of(numbers: Mapping[str, Any]) -> Sizes:
        """From a description's JSON. Raises TypeError or AttributeError where it is none."""
        listed: dict[str, Any] = {
            key: tuple(n) if isinstance(n, list) else n for key, n in numbers.items()
        }
        for key, number in listed.items():
            if not all(type(n) is int for n in (number if type(number) is tuple else (number,))):
                raise TypeError(f"{key} is no size")
        return Sizes(**listed)


@dataclass(frozen=True)
class Networks:
    """The trained parts. Expression coefficients are standardised for ExpGen by mean and deviation.

    expression_mean, expression_deviation : (X,) float32.
    """

    conditioner: EvidenceNetwork
    idgen: Denoiser
    expgen: Denoiser
    idrank: Ranker
    expression_mean: Tensor
    expression_deviation: Tensor


@dataclass(frozen=True, eq=False)
class OpenPack:
    """A `Pack` on the open head, or on any head that our own conditioner was trained on."""

    record: PackRecord
    sizes: Sizes
    head: OpenHead
    networks: Networks
    idgen: FoldedDenoiser
    expgen: FoldedDenoiser
    device: torch.device

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

    @torch.inference_mode()
    def encode(self, photo: Photo, face: Face, hidden: np.ndarray | None = None) -> PhotoEvidence:
        """Crop → evidence network → points, camera and one context for all three networks."""
        crop = evidence_crop(face.landmarks[:, :2], CROP, _MARGIN)
        pixels = torch.from_numpy(cut(photo, crop)).permute(2, 0, 1)[None].to(self.device)
        conditioner = self.networks.conditioner
        evidence = conditioner(pixels.contiguous(memory_format=torch.channels_last))
        points = crop.to_photo(evidence.points[0].double().cpu().numpy())
        covered = covers(hidden, points)
        context = conditioner.context(evidence, torch.from_numpy(covered)[None].to(self.device))
        deviation = torch.exp(0.5 * evidence.log_variance[0]).cpu().numpy() * crop.photo_scale
        visible = torch.sigmoid(evidence.visibility[0]).cpu().numpy() * ~covered
        neutral = self.head.vertices(evidence.identity[0].cpu().numpy())
        surface = self.head.vertices(
            evidence.identity[0].cpu().numpy(), evidence.expression[0].clamp(0, 1).cpu().numpy()
        )
        return PhotoEvidence(
            points.astype(np.float32),
            deviation.astype(np.float32),
            visible.astype(np.float32),
            self.head.point_vertices.astype(np.int32),
            (surface - neutral)[self.head.point_vertices].astype(np.float32),
            solve_camera(
                surface[self.head.point_vertices],
                points,
                visible / deviation**2,
                photo.focal or default_focal(photo.width, photo.height),
                (photo.width / 2, photo.height / 2),
                (photo.width, photo.height),
            ),
            photo.focal is not None,
            Contexts(context, context, context),
        )

    def tell(self, evidence: Sequence[PhotoEvidence], hints: Hints) -> Contexts:
        """The mean of the photos' contexts."""
        refuse_unknown_hints(self.record, hints)
        return pooled(evidence)

    def tell_apart(self, contexts: Tensor) -> Contexts:
        """Contexts (B, C) of single photos of B people, whose rows stay apart."""
        return Contexts(contexts, contexts, contexts)

    def candidates(self, drawn: np.ndarray) -> np.ndarray:
        """What is ranked: the samples as they were drawn."""
        return drawn

    @torch.inference_mode()
    def scores(self, contexts: Contexts, identities: np.ndarray) -> np.ndarray:
        """(N,) IdRank's scores of candidates (N, K).

        It sees them as deviations from the mean head: beside whole coordinates, a hundred times
        larger, the differences that matter would drown in its first layer.
        """
        basis = self.head.identity[:, self.head.rank_vertices]
        deviations = np.tensordot(identities, basis, 1) * 1000
        millimetres = torch.from_numpy(deviations.astype(np.float32)).to(self.device)
        return self.networks.idrank(millimetres, contexts.ranking[0]).cpu().numpy()

    def expression_coefficients(self, drawn: Tensor) -> np.ndarray:
        """(E, 52) unit weights within the mouth's limits, of standardised draws."""
        deviation, mean = self.networks.expression_deviation, self.networks.expression_mean
        return limited((drawn * deviation.to(drawn) + mean.to(drawn)).cpu().numpy())


def build_networks(sizes: Sizes) -> Networks:
    """Networks of these sizes with fresh weights."""
    conditioner = EvidenceNetwork(sizes.points, sizes.identities, sizes.expressions)
    context = conditioner.context_size
    return Networks(
        conditioner=conditioner,
        idgen=Denoiser(DenoiserShape(sizes.identities, context, sizes.idgen_widths)),
        expgen=Denoiser(DenoiserShape(sizes.expressions, context, sizes.expgen_widths)),
        idrank=Ranker(RankerShape(sizes.rank_vertices, context, sizes.rank_widths)),
        expression_mean=torch.zeros(sizes.expressions),
        expression_deviation=torch.ones(sizes.expressions),
    )


def read_open_pack(folder: Path, device: torch.device) -> OpenPack:
    """Load and verify a whole pack. Raises OferError(WEIGHTS_MISSING | WEIGHTS_DAMAGED)."""
    description = _read_description(folder)
    record = _record(folder, description)
    files: Mapping[str, str] = description["files"]
    try:
        sizes = Sizes.of(description["sizes"])
    except (KeyError, TypeError, AttributeError) as cause:
        raise _damaged(folder, DESCRIPTION) from cause
    contents = {name: _verified(folder, name, digest) for name, digest in files.items()}
    networks = build_networks(sizes)
    tensors = {name: _tensors(folder, name, contents) for name in NETWORKS}
    for key in ("expression_mean", "expression_deviation"):
        getattr(networks, key).copy_(tensors["expgen"].pop(key))
    for name in NETWORKS:
        network: nn.Module = getattr(networks, name)
        try:
            network.load_state_dict(tensors[name])
        except RuntimeError as cause:
            raise _damaged(folder, f"{name}.safetensors") from cause
        network.to(device).eval().requires_grad_(False)
    return OpenPack(
        record,
        sizes,
        OpenHead.load(folder / HEAD),
        networks,
        FoldedDenoiser(networks.idgen),
        FoldedDenoiser(networks.expgen),
        device,
    )


def read_record(folder: Path) -> PackRecord:
    """What a pack says of itself; its networks are not touched. Raises as `read_open_pack`."""
    return _record(folder, _read_description(folder))


def write_pack(folder: Path, record: PackRecord, sizes: Sizes, networks: Networks) -> None:
    """Write networks and description beside a `head.npz` that is already in `folder`.

    Trained parameters are kept as float16 and computed with as float32.
    """
    for name in NETWORKS:
        network: nn.Module = getattr(networks, name)
        halved = dict(network.named_parameters())
        tensors = {
            key: (value.half() if key in halved else value).contiguous().clone()
            for key, value in network.state_dict().items()
        }
        if name == "expgen":
            tensors["expression_mean"] = networks.expression_mean.clone()
            tensors["expression_deviation"] = networks.expression_deviation.clone()
        save_file(tensors, folder / f"{name}.safetensors")
    names = (HEAD, *(f"{name}.safetensors" for name in NETWORKS))
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    about = {key: getattr(record, key) for key in (*_ABOUT, "hints")}
    description = {"format": FORMAT_VERSION} | about | {"sizes": asdict(sizes), "files": files}
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")


_ABOUT: Final = ("id", "version", "title", "licence", "commercial", "claim")


def _read_description(folder: Path) -> dict:
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except FileNotFoundError as cause:
        raise OferError(
            ErrorCode.WEIGHTS_MISSING,
            f"There is no pack in {folder.name}: its {DESCRIPTION} is missing.",
            "Install OFER Faces again, or choose another pack.",
        ) from cause
    except (OSError, ValueError) as cause:
        raise _damaged(folder, DESCRIPTION) from cause
    if not isinstance(description, dict) or description.get("format") != FORMAT_VERSION:
        raise _damaged(folder, DESCRIPTION)
    return description


def _record(folder: Path, description: dict) -> PackRecord:
    try:
        about = {key: description[key] for key in _ABOUT}
        hints = tuple(description.get("hints", ()))
        return PackRecord(**about, fingerprint=_fingerprint(description["files"]), hints=hints)
    except (KeyError, TypeError, AttributeError) as cause:
        raise _damaged(folder, DESCRIPTION) from cause


def _verified(folder: Path, name: str, digest: str) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError as cause:
        raise OferError(
            ErrorCode.WEIGHTS_MISSING,
            f"The file {name} of the pack {folder.name} cannot be read.",
            "Install OFER Faces again, or import the weights again.",
        ) from cause
    if hashlib.sha256(content).hexdigest() != digest:
        raise _damaged(folder, name)
    return content


def _tensors(folder: Path, name: str, contents: Mapping[str, bytes]) -> dict[str, Tensor]:
    file = f"{name}.safetensors"
    try:
        tensors = load_tensors(contents[file])
    except (KeyError, SafetensorError) as cause:
        raise _damaged(folder, file) from cause
    return {
        key: value.float() if value.is_floating_point() else value for key, value in tensors.items()
    }


def _fingerprint(files: Mapping[str, str]) -> str:
    return hashlib.sha256("".join(sorted(files.values())).encode()).hexdigest()[:16]


def _damaged(folder: Path, name: str) -> OferError:
    return OferError(
        ErrorCode.WEIGHTS_DAMAGED,
        f"The file {name} of the pack {folder.name} is damaged: it is not what was released.",
        "Install OFER Faces again, or import the weights again.",
    )
