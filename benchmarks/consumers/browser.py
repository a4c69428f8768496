"""three.js in a headless Chromium: a page loads an exported head, says what it found, shows it."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .found import Found

HERE = Path(__file__).parent
OPTIONS = (
    "--headless", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader", "--hide-scrollbars",
)  # fmt: skip
"""Of a Chromium that draws without a screen or a graphics card."""
_PATIENCE = 300
"""Seconds that a page may take."""
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def program() -> str | None:
    """A Chromium on this machine."""
    return next((found for name in _PROGRAMS if (found := shutil.which(name))), None)


def read(file: Path, picture: Path, folder: Path = HERE) -> Found:
    """What the page found in a GLB; `picture` gets the page as a PNG. folder : has three.html, and
    three.js in its node_modules."""
    return _shown(file, picture, folder, ())[0]


def play(
    file: Path, picture: Path, folder: Path, seconds: Sequence[float]
) -> tuple[Found, np.ndarray]:
    """As `read`, and where the vertices are at times of the animation: (T, N, 3) metres. The page
    shows the head at the first time on the left, at the third on the right."""
    return _shown(file, picture, folder, seconds)


def _shown(
    file: Path, picture: Path, folder: Path, seconds: Sequence[float]
) -> tuple[Found, np.ndarray]:
    with tempfile.TemporaryDirectory() as scratch:
        handler = functools.partial(_Handler, file, Path(scratch) / "found", folder=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            page = f"http://127.0.0.1:{server.server_port}/three.html?file=/head.glb"
            page += f"&times={','.join(map(str, seconds))}" if seconds else ""
            call = [
                program(), *OPTIONS, f"--user-data-dir={scratch}/profile", "--window-size=900,520",
                "--virtual-time-budget=60000", f"--screenshot={picture}", page,
            ]  # fmt: skip
            done = subprocess.run(call, capture_output=True, text=True, timeout=300)
            server.shutdown()
        found = Path(scratch) / "found"
        if not found.is_file():
            raise ValueError(f"three.js reported nothing on {file.name}: {done.stderr[-400:]}")
        head, _, values = found.read_bytes().partition(b"\n")
    report = json.loads(head)
    points = np.frombuffer(values, "<f4").reshape(-1, report["vertices"], 3)
    moves, places = np.split(points[1:], [len(report["keys"])])
    found = Found(
        tuple(report["keys"]), tuple(report["bones"]), points[0], moves, report["influences"],
        report["off_one"], report["textures"],
    )  # fmt: skip
    return found, places


def sent_by(folder: Path, page: str) -> bytes:
    """What a page of a folder sends to /found in its own time. Raises TimeoutError."""
    with tempfile.TemporaryDirectory() as scratch:
        found = Path(scratch) / "found"
        handler = functools.partial(_Handler, folder / "head.glb", found, folder=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            place = f"http://127.0.0.1:{server.server_port}/{page}"
            call = [program(), *OPTIONS, "--remote-debugging-port=0",
                    f"--user-data-dir={scratch}/profile", place]  # fmt: skip
            window = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                end = time.monotonic() + _PATIENCE
                while not found.is_file():
                    if time.monotonic() > end:
                        raise TimeoutError(f"{page} reported nothing in {_PATIENCE} seconds")
                    time.sleep(0.5)
                return found.read_bytes()
            finally:
                window.terminate()
                window.wait(30)
                server.shutdown()


class _Handler(http.server.SimpleHTTPRequestHandler):
    """A folder, the head as /head.glb, and an ear at /found."""

    def __init__(self, head: Path, found: Path, *rest: object, folder: Path = HERE) -> None:
        self._head, self._found = head, found
        super().__init__(*rest, directory=str(folder))

    def translate_path(self, path: str) -> str:
        return str(self._head) if path.startswith("/head.glb") else super().translate_path(path)

    def do_POST(self) -> None:
        """Keep what the page says."""
        part = self._found.with_suffix(".part")
        part.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        part.replace(self._found)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
