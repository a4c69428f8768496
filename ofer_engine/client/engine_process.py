"""The one engine process that the queue uses: started on first use, kept warm, let go. No bpy."""

from __future__ import annotations

from dataclasses import dataclass

from ..contract.protocol import Event, Request
from .engine_client import EngineClient
from .engine_settings import EngineSettings
from .launch import engine_environment


@dataclass
class EngineProcess:
    """client : the engine at work, or None."""

    client: EngineClient | None = None
    _command: tuple[str, ...] = ()

    @property
    def answering(self) -> bool:
        """It has said its first word."""
        return self.client is not None and self.client.ready is not None

    def start(self, engine: EngineSettings) -> None:
        """Keep the warm engine if it still lives and is the right one, else start it.

        Raises OferError(ENGINE_MISSING).
        """
        if self.client and self.client.usable and self._command == engine.command:
            return
        self.close()
        self._command = engine.command
        self.client = EngineClient(engine.command, engine_environment(), engine.log)

    def send(self, request: Request) -> None:
        """Give the engine a request, if there is one."""
        if self.client:
            self.client.send(request)

    def events(self) -> list[Event]:
        """What the engine said since the last call."""
        return self.client.events() if self.client else []

    def reap(self) -> None:
        """Forget an engine that is dead."""
        if self.client and not self.client.usable:
            self.client = None

    def drop(self) -> None:
        """End the engine now."""
        client, self.client = self.client, None
        if client:
            client.kill()

    def close(self) -> None:
        """Let the engine end."""
        if self.client:
            self.client.close()
            self.client = None
