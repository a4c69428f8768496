"""Downloads that go wrong, from a package index on this machine: told, then mended."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.setup.console import Console
from ofer_engine.setup.home import Home
from ofer_engine.setup.lock import Lock
from ofer_engine.setup.runner import Runner
from ofer_engine.setup.uv import Uv

from .conftest import BASE, Project, lock_wheels, make_wheel

_PAGE = b"<!DOCTYPE html><html><body>Please log in to the network.</body></html>"


@dataclass
class Index:
    """wheel : the one file that it has; fault : how it answers for it, "" for well."""

    wheel: Path
    fault: str = ""

    def listing(self) -> bytes:
        digest = hashlib.sha256(self.wheel.read_bytes()).hexdigest()
        name = self.wheel.name
        return (
            f'<html><body><a href="/files/{name}#sha256={digest}">{name}</a></body></html>'.encode()
        )

    def file(self) -> tuple[int, bytes, int]:
        """Status, what is sent, and the length that is promised."""
        whole = self.wheel.read_bytes()
        if self.fault.startswith("cut at "):
            share = int(self.fault.split()[2]) / 100
            return 200, whole[: int(share * len(whole))], len(whole)
        sent = {"a page in its place": _PAGE, "other bytes": bytes(reversed(whole))}
        body = sent.get(self.fault, whole)
        return (404 if self.fault == "not found" else 200), body, len(body)


@pytest.fixture
def index(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """It, and an environment of variables in which it alone is asked."""
    shelf = tmp_path / "index"
    shelf.mkdir()
    served = Index(make_wheel(shelf, "extra", "extra", f"DATA = {'x' * 40_000!r}\n"))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, length = 200, served.listing(), len(served.listing())
            if self.path.startswith("/files/"):
                status, body, length = served.file()
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    lock_wheels(project.root, shelf, "extra", "extra")
    for name, value in project.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
    yield served
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("not found", "Something else arrived in place of a package"),
        ("a page in its place", "Something else arrived in place of a package"),
        ("other bytes", "Something else arrived in place of a package"),
        ("cut at 10", "The connection broke while a package was fetched"),
        ("cut at 50", "The connection broke while a package was fetched"),
        ("cut at 99", "The connection broke while a package was fetched"),
    ],
)
def test_a_bad_download_is_told_and_the_next_run_mends_it(
    project: Project, index: Index, fault: str, said: str
) -> None:
    home = Home(project.home)
    runner = Runner(home.engine.folder, project.home / "log", Console())
    uv = Uv.bring(home.tools, Lock(project.root / "requirements"), [str(BASE)], runner)
    locked = ("-r", str(project.root / "requirements" / "extra.txt"))
    index.fault = fault
    with pytest.raises(OferError) as caught:
        uv.install(home.engine, *locked)
    assert caught.value.code is ErrorCode.ENGINE_MISSING
    assert said in caught.value.message and "run this again" in caught.value.hint.lower()
    assert home.engine.ask("import extra").returncode != 0
    index.fault = ""
    uv.install(home.engine, *locked)
    assert home.engine.ask("import extra; print(len(extra.DATA))").stdout == "40000\n"
