"""The head that is photographed: any parametric head, brought to what the renderer needs.

Two surfaces are known: the open head (`head.npz`), whose identity coefficients are the labels, and
ICT-FaceKit's light model (MIT; statistics of real scans), which carries the same evidence points
through a correspondence map and keeps the networks honest about shapes outside the open head's
span.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from scipy.spatial import KDTree

from ...contract.arkit import ARKIT_52
from ...geometry.surface import Surface
from ...geometry.surface_points import SurfacePoints
from ...geometry.triangles import triangulate
from ...heads.contour import Contour, contour_of, outline_skin
from ...heads.identity_prior import IdentityPrior
from ...heads.iris import iris_points
from .ambient_occlusion import surface_ambient_occlusion
from .eyes import fit_sphere, turn_alike
from .ict_surface import IctPlaces
from .rasterise import vertex_normals

SKIN: Final = 1
EYE_LEFT: Final = 2
EYE_RIGHT: Final = 3
MOUTH: Final = 4
LASH: Final = 5

_PART_MATERIAL: Final = {
    "skin": SKIN,
    "eye_left": EYE_LEFT,
    "eye_right": EYE_RIGHT,
    "lashes": LASH,
    "teeth_upper": MOUTH,
    "teeth_lower": MOUTH,
    "gums_upper": MOUTH,
    "gums_lower": MOUTH,
    "tongue": MOUTH,
}
_EYES: Final = (EYE_LEFT, EYE_RIGHT)
_TEETH: Final = ("teeth_upper", "teeth_lower")
_BUMPS: Final = 96


@dataclass(frozen=True)
class PhotoHead:
    """A parametric head, metres, engine frame.

    template : (V, 3); identity : (K, V * 3) per 1 sd; expression : (52, V * 3) in ARKIT_52 order;
    bumps : (B, V * 3) smooth pushes, 1 m at their centre, for shapes that no coefficient has;
    normals : (V, 3) of the template; triangles : (T, 3) int32; material : (V,) uint8;
    lips, brows, teeth, ambient_occlusion : (V,) 0..1; outline : (V,) 0..1, skin of face and jaw;
    axis : (3,) a point in the middle of the face; eye_centres : (2, 3) left, right; eye_radius : of
    both; points, contour, irises, landmarks : the evidence points, those that slide, those of the
    eyes, and the detector's 468; homes : (V,) where on the open head each vertex belongs;
    places : (P,) where on this head the open head's place_vertices (P,) int lie; prior : how
    people are distributed over the identity modes. Everything not said is float32.
    """

    template: np.ndarray
    normals: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    bumps: np.ndarray
    triangles: np.ndarray
    material: np.ndarray
    lips: np.ndarray
    brows: np.ndarray
    teeth: np.ndarray
    ambient_occlusion: np.ndarray
    outline: np.ndarray
    axis: np.ndarray
    eye_centres: np.ndarray
    eye_radius: float
    points: SurfacePoints
    contour: Contour
    irises: SurfacePoints
    landmarks: SurfacePoints
    homes: SurfacePoints
    places: SurfacePoints
    place_vertices: np.ndarray
    prior: IdentityPrior

    def surface(
        self, identity: np.ndarray, expression: np.ndarray, misfit: np.ndarray
    ) -> np.ndarray:
        """Vertices of one face. identity (K,), expression (52,), misfit (B,) metres -> (V, 3)."""
        offset = identity @ self.identity
        for unit in np.flatnonzero(expression):
            offset += expression[unit] * self.expression[unit]
        if misfit.any():
            offset += misfit @ self.bumps
        return (self.template + offset.reshape(-1, 3)).astype(np.float32)


def load_open_photo_head(path: Path) -> PhotoHead:
    """The open head, from head.npz (see heads/open_head.py for the format)."""
    with np.load(path) as archive:
        head = {name: archive[name] for name in archive.files}
    part_names = [str(name) for name in head["part_names"]]
    polygons = head["polygons"]
    material = np.zeros(len(head["template"]), np.uint8)
    teeth = np.zeros(len(material), np.float32)
    for index, name in enumerate(part_names):
        own = np.unique(polygons[head["part"] == index])
        own = own[own >= 0]
        material[own] = _PART_MATERIAL[name]
        teeth[own] = name in _TEETH
    regions = dict(zip((str(name) for name in head["region_names"]), head["regions"], strict=True))
    outline = outline_skin(head["template"], head["outer"], regions["ears"], regions["neck"])
    return _assemble(
        template=head["template"],
        identity=head["identity"],
        expression=head["expression"],
        triangles=triangulate(polygons).astype(np.int32),
        material=material,
        lips=regions["lips"],
        brows=regions["brows"],
        teeth=teeth,
        outline=outline,
        axis=head["template"][head["face"]].mean(axis=0),
        points=SurfacePoints.at_vertices(head["point_vertices"]),
        landmarks=SurfacePoints(head["landmark_triangles"], head["landmark_barycentric"]),
        homes=SurfacePoints.at_vertices(np.arange(len(head["template"]))),
        places=SurfacePoints.at_vertices(np.arange(len(head["template"]))),
        place_vertices=np.arange(len(head["template"])),
        prior=IdentityPrior.of(head, len(head["identity"])),
    )


_ICT_MATERIAL: Final = {0: SKIN, 1: SKIN, 2: MOUTH, 3: MOUTH, 4: EYE_LEFT, 6: EYE_RIGHT}
_ICT_TEETH: Final = 3


def load_ict_photo_head(path: Path, map_path: Path, open_head: PhotoHead) -> PhotoHead:
    """ICT-FaceKit's light model with the open head's points, and eyes that turn as its eyes do.

    map_path : what `IctPlaces` reads.
    """
    with np.load(path) as archive:
        ict = {name: archive[name] for name in archive.files}
    places = IctPlaces.read(map_path)
    carried, open_vertices = places.points, places.vertices
    to_engine = places.turn.astype(np.float32)
    template = ict["neutral"] @ to_engine + places.origin.astype(np.float32)
    kept = np.isin(ict["face_material"], list(_ICT_MATERIAL))
    polygons = ict["faces"][kept]
    material, teeth = _ict_materials(len(template), polygons, ict["face_material"][kept])
    nearest = KDTree(carried.on(template)).query(template, distance_upper_bound=0.006)[1]
    source = np.append(open_vertices, -1)[nearest]

    def carry(region: np.ndarray) -> np.ndarray:
        return np.where((source >= 0) & (material == SKIN), region[source], 0.0)

    row = np.full(len(open_head.template), -1)
    row[open_vertices] = np.arange(len(open_vertices))
    units = arkit_from_ict(ict["expression_names"], ict["expression"]) @ to_engine
    balls = [np.flatnonzero(material == eye) for eye in _EYES]
    still, moves = open_head.template, open_head.expression.reshape(len(units), -1, 3)
    own = [open_head.material == eye for eye in _EYES]
    turn_alike(
        units, [(ball, template[ball]) for ball in balls], [(still[o], moves[:, o]) for o in own]
    )
    used = np.flatnonzero(material)
    short = np.full(len(template), -1, np.int32)
    short[used] = np.arange(len(used))
    carried = SurfacePoints(short[carried.triangles], carried.barycentric)
    return _assemble(
        template=template[used],
        identity=ict["identity"][:, used].astype(np.float32) @ to_engine,
        expression=units[:, used],
        triangles=short[triangulate(polygons)],
        material=material[used],
        lips=carry(open_head.lips)[used],
        brows=carry(open_head.brows)[used],
        teeth=teeth[used],
        outline=carry(open_head.outline)[used],
        axis=open_head.axis,
        points=_through(open_head.points, row, carried),
        landmarks=_through(open_head.landmarks, row, carried),
        homes=_homes(template[used], carried.on(template[used]), open_vertices, open_head),
        places=carried,
        place_vertices=open_vertices,
        prior=IdentityPrior.independent(len(ict["identity"])),
    )


def _homes(
    template: np.ndarray, placed: np.ndarray, known: np.ndarray, open_head: PhotoHead
) -> SurfacePoints:
    """Where on the open head the vertices (V, 3) belong: on the skin that lies nearest once it has
    been laid over them. placed : (P, 3) where the open head's vertices `known` (P,) lie."""
    laid = open_head.template.copy()
    laid[known] = placed
    skin = np.isin(open_head.triangles, known).all(1)
    skin &= open_head.material[open_head.triangles[:, 0]] == SKIN
    triangles = open_head.triangles[skin]
    near = Surface(laid, triangles).closest(template)
    return SurfacePoints(triangles[near.triangle].astype(np.int32), near.weights.astype(np.float32))


def _ict_materials(
    vertices: int, polygons: np.ndarray, kinds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Material (V,) uint8 and teeth (V,) float32 from ICT's material of each polygon."""
    material = np.zeros(vertices, np.uint8)
    teeth = np.zeros(vertices, np.float32)
    for kind, meaning in _ICT_MATERIAL.items():
        own = np.unique(polygons[kinds == kind])
        own = own[own >= 0]
        material[own] = meaning
        teeth[own] = kind == _ICT_TEETH
    return material, teeth


def _through(points: SurfacePoints, row: np.ndarray, carried: SurfacePoints) -> SurfacePoints:
    """The same points on the other surface, at its heaviest mapped corner (exact at vertices)."""
    weight = np.where(row[points.triangles] >= 0, points.barycentric, -1.0)
    heaviest = np.take_along_axis(points.triangles, weight.argmax(1)[:, None], 1)[:, 0]
    rows = row[heaviest]
    return SurfacePoints(carried.triangles[rows], carried.barycentric[rows])


def arkit_from_ict(names: np.ndarray, units: np.ndarray) -> np.ndarray:
    """ICT's units (53, V, 3) in ARKIT_52 order; paired units that Apple has once are added up."""
    by_name: dict[str, np.ndarray] = {}
    for name, unit in zip((str(n) for n in names), units, strict=True):
        long = name.replace("_L", "Left").replace("_R", "Right")
        target = long if long in ARKIT_52 else name.split("_")[0]
        by_name[target] = by_name.get(target, 0.0) + unit.astype(np.float32)
    absent = np.zeros(units.shape[1:], np.float32)
    return np.stack([by_name.get(name, absent) for name in ARKIT_52])


def _assemble(
    *,
    template: np.ndarray,
    identity: np.ndarray,
    expression: np.ndarray,
    triangles: np.ndarray,
    material: np.ndarray,
    lips: np.ndarray,
    brows: np.ndarray,
    teeth: np.ndarray,
    outline: np.ndarray,
    axis: np.ndarray,
    points: SurfacePoints,
    landmarks: SurfacePoints,
    homes: SurfacePoints,
    places: SurfacePoints,
    place_vertices: np.ndarray,
    prior: IdentityPrior,
) -> PhotoHead:
    template = np.ascontiguousarray(template, np.float32)
    open_jaw = expression[ARKIT_52.index("jawOpen")].reshape(-1, 3) * np.float32(0.7)
    ambient_occlusion = surface_ambient_occlusion(template, triangles)
    inside = material != SKIN
    ambient_occlusion[inside] = np.maximum(
        ambient_occlusion,
        surface_ambient_occlusion(template + open_jaw.astype(np.float32), triangles),
    )[inside]
    normals = vertex_normals(template, triangles)
    eyes = [fit_sphere(template[material == eye]) for eye in _EYES]
    eye_centres = np.array([centre for centre, _ in eyes], np.float32)
    left, right = (triangles[material[triangles[:, 0]] == eye] for eye in _EYES)
    return PhotoHead(
        template=template,
        normals=normals,
        identity=_rows(identity),
        expression=_rows(expression),
        bumps=_smooth_bumps(template, landmarks.on(template)),
        triangles=triangles,
        material=material,
        lips=lips.astype(np.float32),
        brows=brows.astype(np.float32),
        teeth=teeth,
        ambient_occlusion=ambient_occlusion,
        outline=outline.astype(np.float32),
        axis=axis,
        eye_centres=eye_centres,
        eye_radius=float(np.mean([radius for _, radius in eyes])),
        points=points,
        contour=contour_of(triangles, outline > 0.5, axis),
        irises=iris_points(template, (left, right), eye_centres),
        landmarks=landmarks,
        homes=homes,
        places=places,
        place_vertices=place_vertices,
        prior=prior,
    )


def _rows(modes: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(modes.reshape(len(modes), -1), np.float32)


def _smooth_bumps(template: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Gaussian pushes and pulls about the landmarks, half of them mirrored. -> (B, V * 3) float32.

    Every layer of the head moves alike, so that linings and eyes stay behind the skin.
    """
    rng = np.random.default_rng(20240117)
    centres = landmarks[rng.integers(len(landmarks), size=_BUMPS)]
    widths = np.exp(rng.uniform(np.log(0.010), np.log(0.035), _BUMPS))
    towards = rng.normal(size=(_BUMPS, 3)) + [0.0, 0.0, 1.5]
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    mirror = np.array([-1.0, 1.0, 1.0])
    bumps = np.empty((_BUMPS, len(template), 3), np.float32)
    for row, (centre, width, direction) in enumerate(zip(centres, widths, towards, strict=True)):
        bumps[row] = _push(template, centre, width, direction)
        if row % 2:
            bumps[row] += _push(template, centre * mirror, width, direction * mirror)
    return _rows(bumps)


def _push(
    template: np.ndarray, centre: np.ndarray, width: float, direction: np.ndarray
) -> np.ndarray:
    share = np.exp(-((template - centre) ** 2).sum(1) / (2 * width**2))
    return share[:, None] * direction
