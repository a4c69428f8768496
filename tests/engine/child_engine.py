"""The engine as a real child process, for tests that speak its protocol."""

import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

from ofer_engine.client.launch import engine_command, engine_environment
from ofer_engine.contract import protocol

ROOT = Path(__file__).resolve().parents[2]
PLACED = {"path", "face", "box", "points", "hidden", "mask"}
SMALL = {"identities": 12, "keep": 3, "expressions": 2, "steps": 5}


class Engine:
    """A child process whose events are read in the background."""

    def __init__(self, log):
        self.log = log
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                engine_command(Path(sys.executable), ROOT, ["serve", "--device", "cpu"]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=engine_environment(),
                text=True,
                encoding="utf-8",
            )
        self.events = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def end(self):
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def _read(self):
        for line in self.process.stdout:
            self.events.put(protocol.decode_event(line))
        self.events.put(None)

    def send(self, message):
        line = message if isinstance(message, str) else protocol.encode(message)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def until(self, *kinds, seconds=60.0):
        """Events up to and including the first of these kinds."""
        seen = []
        deadline = time.monotonic() + seconds
        while True:
            event = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            assert event is not None, f"the engine ended: {self.log.read_text()}"
            if not isinstance(event, protocol.Heartbeat):
                seen.append(event)
            if isinstance(event, kinds):
                return seen

    def answer(self, request, seconds=120.0):
        """The event that ends a request."""
        self.send(request)
        ends = (protocol.Result, protocol.PhotoOpened, protocol.Failure, protocol.Cancelled)
        return self.until(*ends, seconds=seconds)[-1]


def request_of(photo, out, **more):
    """more : fields of the photo's face or of the request."""
    placed = {key: more.pop(key) for key in PLACED & set(more)}
    seen = protocol.PhotoFace(**({"path": str(photo)} | placed))
    return protocol.Reconstruct(5, (seen,), str(out), "face", **(SMALL | more))
