"""A painted head drawn with numpy alone: for looking at and for measuring, not for beauty."""

from __future__ import annotations

import numpy as np

from ofer_engine.geometry.rasteriser import rasterise
from ofer_engine.geometry.triangles import vertex_normals
from ofer_engine.heads.camera import Camera
from ofer_engine.heads.head import Head
from ofer_engine.texture.colours import TO_LINEAR, to_srgb
from ofer_engine.texture.laid_photo import sample
from ofer_engine.texture.shape import split

_PARTS = {
    "eye_left": (0.55, 0.52, 0.50), "eye_right": (0.55, 0.52, 0.50), "lashes": (0.05, 0.035, 0.03),
    "teeth_upper": (0.6, 0.55, 0.46), "teeth_lower": (0.6, 0.55, 0.46), "tongue": (0.4, 0.13, 0.12),
}  # fmt: skip
_IRIS = (0.06, 0.04, 0.03)
_IRIS_RADIUS = 0.0058
_KEY = np.array([-0.35, 0.45, 0.82])
_DISTANCE = 0.9
_GREY = 0.42


def turned(head: Head, vertices: np.ndarray, yaw: float, size: tuple[int, int]) -> tuple:
    """Places (V, 2) pixels, depth (V,) and normals (V, 3) of a portrait from `yaw` degrees."""
    angle = np.radians(yaw)
    cosine, sine = np.cos(angle), np.sin(angle)
    rotation = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    middle = vertices[head.face].mean(0) * (0, 1, 0.3) + (0, 0.012, 0)
    local = (vertices - middle) @ rotation.T - (0, 0, _DISTANCE)
    focal = size[0] / 0.29 * _DISTANCE
    places = np.c_[local[:, 0], -local[:, 1]] * (focal / -local[:, 2])[:, None]
    triangles, _ = split(head.polygons, head.uv)
    return places + (size[1] / 2, size[0] / 2), -local[:, 2], vertex_normals(local, triangles)


def as_photographed(
    head: Head, uv: np.ndarray, albedo: np.ndarray, vertices: np.ndarray, camera: Camera
) -> np.ndarray:
    """(H, W, 3) uint8: a head, vertices (V, 3), where a camera sees it, in soft light on grey."""
    local = camera.to_camera(vertices)
    triangles, _ = split(head.polygons, head.uv)
    light = soft_light(vertex_normals(local, triangles))
    size = (camera.height, camera.width)
    return draw(head, uv, albedo, camera.project(vertices), -local[:, 2], light, size)


def soft_light(normals: np.ndarray) -> np.ndarray:
    """(V, 1): a key light from the front left and the sky."""
    key = np.clip(normals @ (_KEY / np.linalg.norm(_KEY)), 0, None)
    return (0.42 + 0.14 * normals[:, 1] + 0.62 * key)[:, None]


def draw(
    head: Head, uv: np.ndarray, albedo: np.ndarray, places: np.ndarray, depth: np.ndarray,
    light: np.ndarray, size: tuple[int, int], background: np.ndarray | float = _GREY,
) -> np.ndarray:  # fmt: skip
    """(H, W, 3) uint8. albedo : (R, R, 3) uint8; light : (V, 1 or 3), what it is multiplied by."""
    triangles, _ = split(head.polygons, uv)
    twice = (size[0] * 2, size[1] * 2)
    corners = np.arange(triangles.size).reshape(-1, 3)
    flat = triangles.ravel()
    fragments = rasterise(places[flat] * 2, depth[flat], corners, *twice)
    values = np.c_[split(head.polygons, uv)[1].reshape(-1, 2), np.broadcast_to(
        light, (len(light), 3))[flat], _plain(head)[flat]].astype(np.float32)  # fmt: skip
    shown = fragments.interpolate(values)
    at = shown[:, :2] * (1, -1) + (0, 1)
    linear = sample(TO_LINEAR[albedo], at * len(albedo))
    is_plain = shown[:, 5:6] >= 0
    colour = np.where(is_plain, shown[:, 5:8], linear) * shown[:, 2:5]
    picture = np.empty((*twice, 3), np.float32)
    picture[:] = background if np.ndim(background) == 0 else np.repeat(
        np.repeat(background, 2, 0), 2, 1)[: twice[0], : twice[1]]  # fmt: skip
    picture.reshape(-1, 3)[fragments.pixel] = colour
    return to_srgb(picture.reshape(size[0], 2, size[1], 2, 3).mean((1, 3)))


def _plain(head: Head) -> np.ndarray:
    """(V, 3): colours of the parts that no skin covers, -1 on the skin."""
    colours = np.full((len(head.template), 3), -1.0)
    for number, name in enumerate(head.part_names):
        if name == "skin":
            continue
        own = np.unique(head.polygons[head.part == number])
        own = own[own >= 0]
        colours[own] = _PARTS.get(name, (0.5, 0.5, 0.5))
        if name.startswith("eye"):
            front = head.template[own]
            middle = (front.min(0) + front.max(0)) / 2
            near = np.linalg.norm(front[:, :2] - middle[:2], axis=1) < _IRIS_RADIUS
            colours[own[near & (front[:, 2] > middle[2])]] = _IRIS
    return colours
