"""docs/pictures/skin.jpg: a portrait, the head picked and painted, its expressions in Blender and
in three.js; and how long rig, skin and export take.

    ENGINE_PYTHON -m benchmarks.skin_sheet PHOTO --blender BLENDER_PYTHON
        [--out docs/pictures/skin.jpg] [--keys expression_01 ...]

PHOTO : a portrait that may be shown, such as scikit-image's public-domain astronaut.png;
--blender : a Python with Blender's module (`install.py test` makes one). Needs a Chromium for the
web page.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from benchmarks.consumers import browser
from ofer_engine.contract import reconstruction

ROOT = Path(__file__).absolute().parents[2]
_KEYS: Final = tuple(f"expression_{n:02d}" for n in (1, 3, 6, 10, 12, 14))
_CELL: Final = (220, 259)
_GAP: Final = 10
_LINE: Final = 34
_SHOT: Final = (330, 389)
_PAPER, _INK = (246, 246, 244), (60, 60, 62)
_TIMERS: Final = """<body>
<script>window.requestAnimationFrame = (draw) => setTimeout(draw, 1);</script>"""
"""A page that nobody looks at is given no frames to draw."""
_SHOTS: Final = """
<script>
const shots = SHOTS;
const frame = () => new Promise((r) => setTimeout(r, 50));
(async () => {
  while (document.body.dataset.ready !== "yes") await new Promise((r) => setTimeout(r, 100));
  const view = document.getElementById("view"), sheet = document.createElement("canvas");
  sheet.width = 330 * shots.length; sheet.height = 389;
  for (let n = 0; n < shots.length; n++) {
    const [key, angle] = shots[n];
    for (const name of OFER_VIEW.keys) OFER_VIEW.set(name, 0);
    if (key) OFER_VIEW.set(key, 1);
    OFER_VIEW.turn(angle);
    await frame(); await frame();
    sheet.getContext("2d").drawImage(view, 330 * n, 0, 330, 389);
  }
  sheet.toBlob((picture) => fetch("/found", { method: "POST", body: picture }));
})();
</script></body>"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.skin_sheet")
    parser.add_argument("photo", type=Path)
    parser.add_argument("--blender", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures" / "skin.jpg")
    parser.add_argument("--keys", nargs=6, default=_KEYS)
    chosen = parser.parse_args(arguments)
    photo = chosen.photo.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        engine = [sys.executable, "-m", "ofer_engine"]
        _timed([*engine, "reconstruct", str(photo), "--out", scratch, "--name", "head"])
        folder = place / "head.ofer"
        seconds = _timed([*engine, "skin", str(folder), str(photo), "--resolution", "2048"])
        print(f"skin of 2048 pixels, the engine's start included: {seconds:.1f} s")
        render = ROOT / "benchmarks" / "skin_sheet" / "render.py"
        _timed([str(chosen.blender), str(render), str(folder), scratch, *chosen.keys])
        for what, took in json.loads((place / "seconds.json").read_text()).items():
            print(f"{what}: {took:.1f} s")
        _compose(chosen.out, _portrait(photo, folder), place, _shoot(place / "page", chosen.keys))
    print(f"{chosen.out}: {chosen.out.stat().st_size / 1000:.0f} kB")
    return 0


def _timed(call: list[str]) -> float:
    begun = time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(call)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.perf_counter() - begun


def _portrait(photo: Path, folder: Path) -> Image.Image:
    """The photo around its face, in a cell's shape."""
    left, top, width, height = reconstruction.read(folder).face.box
    middle, tall = (left + width / 2, top + height * 0.47), height * 1.9
    wide = tall * _CELL[0] / _CELL[1]
    box = (middle[0] - wide / 2, middle[1] - tall / 2, middle[0] + wide / 2, middle[1] + tall / 2)
    return Image.open(photo).convert("RGB").crop(tuple(map(int, box)))


def _shoot(page: Path, keys: list[str]) -> list[Image.Image]:
    """The web page's head from three sides and with each key."""
    shots = [["", -35], ["", 0], ["", 35], *([key, -12] for key in keys)]
    text = (page / "index.html").read_text("utf-8")
    size = f"#view {{ flex: none; width: {_SHOT[0]}px; height: {_SHOT[1]}px;"
    text = text.replace("#view { flex: 1; min-width: 0; height: 100%;", size)
    text = text.replace("<aside>", '<aside style="display: none">')
    text = text.replace("<body>", _TIMERS, 1)
    script = _SHOTS.replace("SHOTS", json.dumps(shots))
    (page / "shots.html").write_text(text.replace("</body>", script))
    sheet = Image.open(io.BytesIO(browser.sent_by(page, "shots.html"))).convert("RGB")
    return [sheet.crop((n * _SHOT[0], 0, (n + 1) * _SHOT[0], _SHOT[1])) for n in range(len(shots))]


def _compose(out: Path, photo: Image.Image, place: Path, three: list[Image.Image]) -> None:
    blender = [Image.open(place / f"blender_{n}.png").convert("RGB") for n in range(8)]
    rows = (
        ((photo, "the photo"), (blender[0], "head picked, skin painted"),
         (blender[1], "the same from the side"), (three[0], "as a web page (three.js)"),
         (three[1], "from the front"), (three[2], "and the other side")),
        tuple((each, "") for each in blender[2:]),
        tuple((each, "") for each in three[3:]),
    )  # fmt: skip
    names = ("", "expressions in Blender", "the same in three.js")
    size = (6 * (_CELL[0] + _GAP) + _GAP, 3 * (_CELL[1] + _LINE) + _GAP)
    sheet = Image.new("RGB", size, _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for row, (cells, name) in enumerate(zip(rows, names, strict=True)):
        top = _GAP + row * (_CELL[1] + _LINE)
        draw.text((_GAP, top + _CELL[1] + 5), name, fill=_INK, font=font)
        for column, (cell, text) in enumerate(cells):
            left = _GAP + column * (_CELL[0] + _GAP)
            sheet.paste(cell.resize(_CELL, Image.Resampling.LANCZOS), (left, top))
            draw.text((left, top + _CELL[1] + 5), text, fill=_INK, font=font)
    sheet.save(out, quality=88, optimize=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
