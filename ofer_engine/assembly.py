"""From drawn coefficients to a finished reconstruction: meshes, order, pictures, record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from .contract.protocol import Reconstruct
from .contract.reconstruction import (
    CameraRecord,
    FaceRecord,
    Hypothesis,
    PhotoRecord,
    Reconstruction,
    SettingsRecord,
)
from .packs.pack import PhotoEvidence
from .photo.faces import Face
from .photo.load import Photo
from .pipeline import Ranking, Reconstructor
from .preview.thumbnails import Look, thumbnail
from .progress import Progress

_LOW_CONFIDENCE = (
    "Low confidence: the face is hidden, small or turned away; check it against the photo."
)


@dataclass(frozen=True)
class Drawn:
    """identities : (N, K); expressions : (E, X) unit weights, the most typical first."""

    identities: np.ndarray
    ranking: Ranking
    expressions: np.ndarray


def assemble(
    reconstructor: Reconstructor,
    photo: Photo,
    face: Face,
    drawn: Drawn,
    request: Reconstruct,
    settings: SettingsRecord,
    progress: Progress,
) -> tuple[Reconstruction, dict[str, np.ndarray], dict[str, bytes]]:
    """(record, arrays by name, PNG bytes by hypothesis name), ready to be written."""
    head = reconstructor.pack.head
    evidence = reconstructor.evidence
    best = drawn.ranking.order[: request.keep]
    kept = drawn.identities[best]
    neutral = head.vertices(kept, np.zeros((len(kept), drawn.expressions.shape[1]), np.float32))
    expressive = head.vertices(
        np.broadcast_to(kept[0], (len(drawn.expressions), kept.shape[1])), drawn.expressions
    )
    identities = tuple(
        Hypothesis(f"identity_{rank:02d}", rank, float(drawn.ranking.chances[row]), int(row))
        for rank, row in enumerate(best, 1)
    )
    expressions = tuple(
        Hypothesis(f"expression_{rank:02d}", rank, 0.0, rank - 1)
        for rank in range(1, len(drawn.expressions) + 1)
    )
    arrays = {
        "identity_vertices": neutral,
        "identity_joints": head.joints(kept),
        "identity_coefficients": drawn.identities,
        "identity_scores": drawn.ranking.scores,
        "identity_order": drawn.ranking.order.astype(np.int32),
        "expression_vertices": expressive,
        "expression_coefficients": drawn.expressions,
        "polygons": head.polygons,
        "uv": head.uv,
        "part": head.part,
        "skin_weights": head.skin_weights,
        "evidence_points": evidence.points,
        "evidence_deviation": evidence.deviation,
        "evidence_visible": evidence.visible,
        "evidence_vertices": evidence.vertices,
    }
    look = Look.of_head(head)
    pictures: dict[str, bytes] = {}
    shown = [*zip(identities, neutral, strict=True), *zip(expressions, expressive, strict=True)]
    for number, (hypothesis, vertices) in enumerate(shown, 1):
        pictures[hypothesis.name] = thumbnail(vertices, look)
        progress.step("Picturing the hypotheses", number, len(shown))
    record = Reconstruction(
        name=request.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        photo=_photo_record(photo),
        face=FaceRecord(
            tuple(map(float, face.box)), bool(request.box), face.confidence, face.low_confidence
        ),
        camera=_camera_record(evidence),
        pack=reconstructor.pack.record,
        settings=settings,
        identities=identities,
        expressions=expressions,
        expression_names=reconstructor.pack.expression_names,
        joints=head.joint_names,
        joint_parents=tuple(int(parent) for parent in head.joint_parents),
        parts=head.part_names,
        notes=(*photo.notes, *((_LOW_CONFIDENCE,) if face.low_confidence else ())),
    )
    return record, arrays, pictures


def _photo_record(photo: Photo) -> PhotoRecord:
    height, width = photo.pixels.shape[:2]
    return PhotoRecord(photo.name, photo.sha256, width, height)


def _camera_record(evidence: PhotoEvidence) -> CameraRecord:
    camera = evidence.camera
    return CameraRecord(
        focal=float(camera.focal),
        centre=tuple(map(float, camera.centre)),
        rotation=tuple(map(float, np.ravel(camera.rotation))),
        translation=tuple(map(float, camera.translation)),
        width=camera.width,
        height=camera.height,
        focal_known=evidence.focal_known,
    )
