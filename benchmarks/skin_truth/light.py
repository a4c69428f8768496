"""How far a skin's albedo moves when only the photo's light changes, and the face's share.

    ENGINE_PYTHON -m benchmarks.skin_truth.light PHOTO ... --work FOLDER [--resolution 512]

Each photo is painted as it is, then darker (gamma 1.5), brighter (gamma 0.7), under a warm lamp
(red x 1.25, blue x 0.7 in linear light) and with a hard shadow (x 0.35) over one half of the face.
Printed: CIEDE2000 between the median albedo of the face and that of the unchanged photo; and,
as a control, how far the photos' skins lie apart, since a constant skin would not move either.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np

from ofer_engine.research.skins.studio import Sitting, SkinStudio
from ofer_engine.texture.colours import TO_LINEAR, to_srgb
from ofer_engine.texture.shape import split

_SHADOW = 0.35


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.skin_truth.light")
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--resolution", type=int, default=512)
    options = parser.parse_args()
    studio = SkinStudio(options.work)
    print(f"share of the map that the face takes: {face_share(studio):.1%}")
    moved: dict[str, list[float]] = {}
    tones = []
    for photo in options.photos:
        sitting = studio.sitting(photo)
        plain = median_albedo(studio, sitting, options.resolution)
        tones.append(plain)
        for name, light in lights(sitting).items():
            changed = median_albedo(studio, sitting.under(light), options.resolution)
            moved.setdefault(name, []).append(difference(plain, changed))
        print(photo.stem, *(f"{name} {each[-1]:.1f}" for name, each in moved.items()), flush=True)
    for name, each in moved.items():
        print(f"{name}: median {np.median(each):.2f}, 90 % below {np.quantile(each, 0.9):.2f}")
    every = np.concatenate(list(moved.values()))
    print(f"all lights: median {np.median(every):.2f}, 90 % below {np.quantile(every, 0.9):.2f}")
    apart = [difference(*pair) for pair in combinations(tones, 2)]
    print(f"control, between two people: median {np.median(apart):.2f}")


def face_share(studio: SkinStudio) -> float:
    """Of the map's area."""
    face = (studio.head.part == 0) & (studio.head.region("face")[studio.head.polygons] > 0.5).all(1)
    _, corners = split(studio.head.polygons[face], studio.uv[face])
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return float(np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]).sum() / 2)


def median_albedo(studio: SkinStudio, sitting: Sitting, resolution: int) -> np.ndarray:
    """(3,) linear, over the polygons of the face."""
    head = studio.head
    face = (head.part == 0) & (head.region("face")[head.polygons] > 0.5).all(1)
    albedo = studio.paint(sitting, resolution).albedo
    at = studio.uv[face].mean(1) * (1, -1) + (0, 1)
    column, row = np.clip((at * len(albedo)).astype(int), 0, len(albedo) - 1).T
    return np.median(TO_LINEAR[albedo[row, column]], 0)


def lights(sitting: Sitting) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Changes of (H, W, 3) uint8 pixels."""
    middle = sitting.view.camera.project(sitting.view.vertices).mean(0)[0]

    def gamma(power: float) -> Callable[[np.ndarray], np.ndarray]:
        return lambda pixels: ((pixels / 255) ** power * 255 + 0.5).astype(np.uint8)

    def warm(pixels: np.ndarray) -> np.ndarray:
        return to_srgb(TO_LINEAR[pixels] * np.array([1.25, 1.0, 0.7], np.float32))

    def shadow(pixels: np.ndarray) -> np.ndarray:
        dark = np.where(np.arange(pixels.shape[1]) < middle, _SHADOW, 1.0)[None, :, None]
        return to_srgb(TO_LINEAR[pixels] * dark)

    return {"darker": gamma(1.5), "brighter": gamma(0.7), "warm": warm, "hard shadow": shadow}


def difference(first: np.ndarray, second: np.ndarray) -> float:
    """CIEDE2000 (Sharma et al. 2005) between two linear sRGB colours (3,)."""
    (l1, a1, b1), (l2, a2, b2) = _lab(first), _lab(second)
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1 + 0.5 * (1 - np.sqrt(mean**7 / (mean**7 + 25.0**7)))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180
    chroma = (c1 + c2) / 2
    hue = (h1 + turn / 2) % 360
    level = (l1 + l2) / 2
    angle = np.radians
    t = (1 - 0.17 * np.cos(angle(hue - 30)) + 0.24 * np.cos(angle(2 * hue))
         + 0.32 * np.cos(angle(3 * hue + 6)) - 0.20 * np.cos(angle(4 * hue - 63)))  # fmt: skip
    light = (l2 - l1) / (1 + 0.015 * (level - 50) ** 2 / np.sqrt(20 + (level - 50) ** 2))
    colour = (c2 - c1) / (1 + 0.045 * chroma)
    tint = 2 * np.sqrt(c1 * c2) * np.sin(angle(turn / 2)) / (1 + 0.015 * chroma * t)
    bend = -2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    bend *= np.sin(angle(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    return float(np.sqrt(light**2 + colour**2 + tint**2 + bend * colour * tint))


def _lab(linear: np.ndarray) -> np.ndarray:
    """CIE L*a*b* under D65."""
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
              [0.0193339, 0.1191920, 0.9503041]]  # fmt: skip
    xyz = np.array(to_xyz) @ linear / (0.95047, 1.0, 1.08883)
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


if __name__ == "__main__":
    main()
