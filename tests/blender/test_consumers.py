"""Every target from whole heads of two packs, read back by programs that are not ours.

What installs from PyPI and npm is here; Godot: benchmarks/consumers.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import assimp_reader
import bpy
import numpy as np
import played
import pytest
import read_back
from ofer_faces.ofer_blender.export.names import names
from ofer_faces.ofer_blender.export.presets import PRESETS, Format, Target
from ofer_faces.ofer_blender.rig import rig
from ofer_faces.ofer_engine.client import launch
from played import Played
from read_back import ReadBack
from sent_heads import PACKS, PLAYED, Sent

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CONSUMERS = ROOT / "benchmarks" / "consumers"
MATRIX = [(pack, target) for pack in PACKS for target in Target]
ONE_EACH = (Target.GLB, Target.FBX, Target.USD, Target.OBJ)
GLTF = [t for t in Target if PRESETS[t].format is Format.GLB]


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """open.ofer and flame.ofer, made by the engine's Python."""
    chosen = os.environ.get("OFER_ENGINE_PYTHON")
    python = Path(chosen) if chosen else launch.engine_python(launch.default_home())
    if not python.is_file():
        pytest.skip(f"no engine at {python}: `python3 install.py setup`, or OFER_ENGINE_PYTHON")
    folder = tmp_path_factory.mktemp("heads")
    done = subprocess.run(
        [str(python), str(HERE / "real_heads.py"), str(folder)],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def sent(heads: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sent]:
    """All files of both packs, by pack."""
    out = tmp_path_factory.mktemp("sent")
    command = [sys.executable, "-X", "faulthandler", str(HERE / "sent_heads.py")]
    done = subprocess.run(
        [*command, str(heads), str(out)], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    return {pack: Sent.load(out / pack) for pack in PACKS}


def compare(sent: Sent, target: Target, seen: ReadBack, unit: float = 1.0) -> None:
    """Names in order, bones, weights, texture, and every vertex of every key; unit : metres that 1
    stands for."""
    preset = PRESETS[target]
    assert seen.keys == (names(preset.table) if preset.keys else ())
    assert set(seen.bones) == (set(rig.BONES) if preset.rig else set())
    if preset.rig:
        assert 1 <= seen.influences <= 4 and seen.off_one < 1e-4
    moves = sent.moves[: len(seen.keys)]
    apart, worst = read_back.differences(seen, sent.rest, moves, sent.used, unit)
    assert apart == 0.0 and worst < 1e-4


@pytest.mark.parametrize(("pack", "target"), MATRIX)
def test_blender_imports_it_again(sent: dict[str, Sent], pack: str, target: Target) -> None:
    seen = read_back.by_blender(sent[pack].file(target))
    compare(sent[pack], target, seen)
    assert seen.textures >= (1 if PRESETS[target].format is Format.OBJ else 2)


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("target", ONE_EACH)
def test_the_skin_lies_where_it_was_painted(
    sent: dict[str, Sent], pack: str, target: Target
) -> None:
    """Also on the head that came without UVs."""
    places, uv = read_back.picture_places(sent[pack].file(target))
    rest = sent[pack].rest
    painted: dict[int, list[np.ndarray]] = {}
    for vertex, at in zip(read_back.nearest(rest, places).tolist(), uv, strict=True):
        painted.setdefault(vertex, []).append(at)
    corners = read_back.nearest(rest, rest[sent[pack].skin])
    for vertex, at in zip(corners.tolist(), sent[pack].uv, strict=True):
        assert min(np.abs(found - at).max() for found in painted[vertex]) < 1e-4


@pytest.mark.parametrize(
    ("pack", "target"), [each for each in MATRIX if PRESETS[each[1]].format is not Format.USD]
)
def test_assimp_imports_it(sent: dict[str, Sent], pack: str, target: Target) -> None:
    if assimp_reader.library() is None:
        pytest.skip("cmeel-assimp is not installed: `python3 install.py test`")
    seen = assimp_reader.read(sent[pack].file(target))
    preset = PRESETS[target]
    compare(sent[pack], target, seen, preset.space.unit if preset.format is Format.FBX else 1.0)
    assert seen.textures >= (0 if PRESETS[target].format is Format.OBJ else 2)


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("target", [Target.USD, Target.OMNIVERSE])
def test_usd_core_opens_it(
    sent: dict[str, Sent], tmp_path: Path, pack: str, target: Target
) -> None:
    # In a process of its own: Blender's module brings a USD library that does not mix with this.
    out = tmp_path / "seen.npz"
    command = [sys.executable, str(HERE / "usd_reader.py"), str(sent[pack].file(target)), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode == 3:
        pytest.skip("usd-core is not installed: `python3 install.py test`")
    assert done.returncode == 0, done.stderr
    arrays = np.load(out)
    up = str(arrays["up"])
    assert up == ("Y" if target is Target.OMNIVERSE else "Z") and arrays["unit"] == 1
    turn = (lambda p: p) if up == "Y" else (lambda p: p[..., [0, 2, 1]] * (1, 1, -1))
    joints = tuple(str(name).rpartition("/")[2] for name in arrays["joints"])
    seen = ReadBack(
        tuple(map(str, arrays["keys"])), turn(arrays["rest"]), turn(arrays["moves"]), joints,
        arrays["weights"], int(arrays["textures"]),
    )  # fmt: skip
    compare(sent[pack], target, seen)
    assert seen.textures >= 2


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("target", GLTF)
def test_its_own_bytes_say_so(sent: dict[str, Sent], pack: str, target: Target) -> None:
    seen = read_back.by_its_bytes(sent[pack].file(target))
    compare(sent[pack], target, seen)
    lashes = 1 if pack == "open" else 0  # other packs' are bands without a picture
    assert seen.textures == 2 + lashes


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("target", PLAYED)
def test_blender_plays_it(sent: dict[str, Sent], pack: str, target: Target) -> None:
    seen = played.by_blender(sent[pack].moving(target))
    assert played.off(sent[pack].talking, seen) < 1e-4


@pytest.mark.parametrize("pack", PACKS)
def test_its_own_bytes_play_it(sent: dict[str, Sent], pack: str) -> None:
    seen = played.by_its_bytes(sent[pack].moving(Target.WEB))
    assert played.off(sent[pack].talking, seen) < 1e-4


@pytest.mark.parametrize("pack", PACKS)
def test_usd_core_plays_it(sent: dict[str, Sent], tmp_path: Path, pack: str) -> None:
    seen = played.by_usd(sent[pack].moving(Target.USD), tmp_path / "seen.npz")
    assert played.off(sent[pack].talking, seen) < 1e-4


@pytest.fixture(scope="module")
def npm_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where npm has installed Khronos's validator and three.js."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("npm is not here: Khronos's validator and three.js come from it")
    kept = os.environ.get(launch.HOME_VARIABLE)
    folder = Path(kept) / "consumers" if kept else tmp_path_factory.mktemp("consumers")
    wanted = json.loads((CONSUMERS / "package.json").read_text("utf-8"))["dependencies"]
    if not all((folder / "node_modules" / name).is_dir() for name in wanted):
        folder.mkdir(exist_ok=True)
        packages = [f"{name}@{version}" for name, version in wanted.items()]
        call = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), *packages]
        done = subprocess.run(call, capture_output=True, text=True, timeout=300)
        if done.returncode:
            pytest.skip(f"npm could not install {packages}: {done.stderr[-200:]}")
    return folder


@pytest.mark.parametrize("pack", PACKS)
def test_khronos_finds_no_error(sent: dict[str, Sent], npm_folder: Path, pack: str) -> None:
    script = shutil.copy(CONSUMERS / "validate.mjs", npm_folder)
    files = [str(sent[pack].file(target)) for target in GLTF]
    files.append(str(sent[pack].moving(Target.WEB)))
    done = subprocess.run(["node", script, *files], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(reports) == len(GLTF) + 1
    assert [each for each in reports if each["errors"]] == []


_BROWSE = """
import sys
from pathlib import Path
from benchmarks.consumers import browser
if browser.program() is None:
    sys.exit(3)
file, picture, folder, sent = map(Path, sys.argv[1:])
print(*browser.read(file, picture, folder).faults(sent), sep="; ")
"""


@pytest.mark.parametrize("pack", PACKS)
def test_three_js_shows_it(
    sent: dict[str, Sent], npm_folder: Path, tmp_path: Path, pack: str
) -> None:
    """In a headless Chromium: keys, bones, places; and at rest it is another picture than with
    its jaw open and its head turned, which stands on the right."""
    shutil.copy(CONSUMERS / "three.html", npm_folder)
    one, picture = sent[pack], tmp_path / "three.png"
    np.savez(tmp_path / "sent.npz", rest=one.rest, moves=one.moves, used=one.used)
    paths = one.file(Target.WEB), picture, npm_folder, tmp_path / "sent.npz"
    done = subprocess.run(
        [sys.executable, "-c", _BROWSE, *map(str, paths)],
        capture_output=True, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=600,
    )  # fmt: skip
    if done.returncode == 3:
        pytest.skip("no Chromium on this machine")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
    image = bpy.data.images.load(str(picture))
    pixels = np.array(image.pixels[:]).reshape(image.size[1], image.size[0], 4)[..., :3]
    left, right = np.split(pixels, 2, axis=1)
    assert (np.abs(left - left[0, 0]).max(2) > 0.1).mean() > 0.1
    assert np.abs(left - right).mean() > 0.01


_PLAY = """
import sys
from pathlib import Path
import numpy as np
from benchmarks.consumers import browser
if browser.program() is None:
    sys.exit(3)
file, picture, folder, out, *seconds = sys.argv[1:]
found, places = browser.play(Path(file), Path(picture), Path(folder), tuple(map(float, seconds)))
np.savez(out, rest=found.rest, places=places)
"""


@pytest.mark.parametrize("pack", PACKS)
def test_three_js_plays_it(
    sent: dict[str, Sent], npm_folder: Path, tmp_path: Path, pack: str
) -> None:
    """In a headless Chromium, at five times; the first and the third are in the picture."""
    shutil.copy(CONSUMERS / "three.html", npm_folder)
    picture, out = tmp_path / "three.png", tmp_path / "seen.npz"
    paths = map(str, (sent[pack].moving(Target.WEB), picture, npm_folder, out))
    done = subprocess.run(
        [sys.executable, "-c", _PLAY, *paths, *map(str, played.SECONDS)],
        capture_output=True, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=600,
    )  # fmt: skip
    if done.returncode == 3:
        pytest.skip("no Chromium on this machine")
    assert done.returncode == 0, done.stderr
    arrays = np.load(out)
    assert played.off(sent[pack].talking, Played(arrays["rest"], arrays["places"])) < 1e-4
    image = bpy.data.images.load(str(picture))
    pixels = np.array(image.pixels[:]).reshape(image.size[1], image.size[0], 4)[..., :3]
    left, right = np.split(pixels, 2, axis=1)
    assert np.abs(left - right).mean() > 0.01
