"""The hand: moves the mouse, presses keys and finds buttons, inside Blender.

Blender takes one simulated event per round of its main loop, so everything here is a generator
that yields the seconds to wait; `stage.py` runs it with a timer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import bpy

Moves = Iterator[float]

BEAT: Final = 0.04
"""Seconds between two events."""
_TURNS: Final = 7
_STEP: Final = 13  # pixels between two looks for a button; a button is 20 high


class Hand:
    """The mouse and the keys of Blender's first window.

    quick : press calls what the button calls, and does not look for it. Looking takes some twenty
    redraws of the sidebar, which are slow without a graphics card.
    """

    def __init__(self, quick: bool = False) -> None:
        self.quick = quick
        self.x, self.y = 10, 10
        self.clicks = 0
        self._seen: dict[str, tuple[int, int]] = {}

    @property
    def window(self) -> bpy.types.Window:
        """The first window, or the second while it is open; Blender makes it anew when a file is
        opened."""
        return bpy.context.window_manager.windows[-1]

    def move(self, x: float, y: float) -> Moves:
        """Put the mouse at window pixels, x right, y up."""
        self.x, self.y = int(x), int(y)
        self.window.event_simulate(type="MOUSEMOVE", value="NOTHING", x=self.x, y=self.y)
        yield BEAT

    def key(self, kind: str, **modifiers: bool) -> Moves:
        """Press and release a key or mouse button where the mouse is."""
        for value in ("PRESS", "RELEASE"):
            self.window.event_simulate(type=kind, value=value, x=self.x, y=self.y, **modifiers)
            yield BEAT

    def hold(self, kind: str) -> Moves:
        """Press without releasing: what follows is dragging."""
        yield from self._simulate(kind, "PRESS")

    def release(self, kind: str) -> Moves:
        """End what `hold` began."""
        yield from self._simulate(kind, "RELEASE")

    def _simulate(self, kind: str, value: str) -> Moves:
        self.window.event_simulate(type=kind, value=value, x=self.x, y=self.y)
        yield BEAT

    def click(self, x: float, y: float, **modifiers: bool) -> Moves:
        """Click as an artist does; counted in `clicks`."""
        yield from self.move(x, y)
        yield from self.key("LEFTMOUSE", **modifiers)
        self.clicks += 1

    def wheel(self, kind: str, times: int) -> Moves:
        """Turn the wheel where the mouse is; kind : WHEELUPMOUSE or WHEELDOWNMOUSE."""
        for _ in range(times):
            self.window.event_simulate(type=kind, value="PRESS", x=self.x, y=self.y)
            yield BEAT

    def press(self, operator: str, **arguments: object) -> Moves:
        """Find the button of an operator (`ofer.compare`) with these arguments and click it."""
        if self.quick:
            yield from self._call(operator, arguments)
            return
        place = yield from self.find(_call_text(operator, arguments))
        yield from self.click(*place)

    def _call(self, operator: str, arguments: dict[str, object]) -> Moves:
        """What the click does, without looking for the button."""
        module, name = operator.split(".")
        area, region = sidebar(self.window)
        with bpy.context.temp_override(window=self.window, area=area, region=region):
            getattr(getattr(bpy.ops, module), name)("INVOKE_DEFAULT", True, **arguments)
        self.clicks += 1
        yield 2 * BEAT

    def find(self, button: str, across: float = 0.5) -> Iterator[float]:
        """Where in the sidebar a button is, by the operator call or the property path that
        Blender's own Copy Python Command tells of it: `ofer.reconstruct(`, `.favourites_only`.

        across : share of the sidebar's width where it is likely to be, to look there first.
        Looks where it was seen last, then where the sidebar stands, then scrolls down from its
        top. Raises LookupError.
        """
        for call, place in list(self._seen.items()):
            if button in call:
                yield from self.move(*place)
                if button in self.under():
                    return place
        for turn in range(_TURNS):
            if turn == 1:
                yield from self.scroll_to_top()
            elif turn > 1:
                yield from self.scroll(18)
            place = yield from self._look(button, across)
            if place:
                return place
        raise LookupError(f"there is no button {button}")

    def show(self, button: str, lines: int, across: float = 0.5) -> Moves:
        """Scroll the sidebar until the button is seen; quick : by so many lines."""
        if self.quick:
            yield from self.scroll_to_top()
            yield from self.scroll(lines)
        else:
            yield from self.find(button, across)

    def scroll_to_top(self) -> Moves:
        """Show the sidebar from its first panel on."""
        area, region = sidebar(self.window)
        yield from self.move(region.x + region.width * 0.5, region.y + region.height * 0.5)
        with bpy.context.temp_override(window=self.window, area=area, region=region):
            for _ in range(30):
                bpy.ops.view2d.scroll_up(deltay=200)
        yield 2 * BEAT

    def scroll(self, lines: int) -> Moves:
        """Move the sidebar's panels up by lines of 20 pixels."""
        area, region = sidebar(self.window)
        with bpy.context.temp_override(window=self.window, area=area, region=region):
            for _ in range(lines):
                bpy.ops.view2d.scroll_down(deltay=20)
        yield 2 * BEAT

    def _look(self, button: str, across: float) -> Iterator[float]:
        """Passes down the sidebar, the likeliest first."""
        _, region = sidebar(self.window)
        for share in dict.fromkeys((across, 0.5, 0.93, 0.2, 0.78, 0.06)):
            x = region.x + (region.width - 20) * share
            for y in range(region.height - 30, 12, -_STEP):
                yield from self.move(x, region.y + y)
                call = self.under()
                if call:
                    self._seen[call] = (self.x, self.y)
                if button in call:
                    return (self.x, self.y)
        return None

    def under(self) -> str:
        """What the button under the mouse does, or ""."""
        area, region = sidebar(self.window)
        with bpy.context.temp_override(window=self.window, area=area, region=region):
            wm = bpy.context.window_manager
            if bpy.ops.ui.copy_python_command_button.poll():
                bpy.ops.ui.copy_python_command_button()
                return wm.clipboard.replace('"', "'")
            if bpy.ops.ui.copy_data_path_button.poll():
                bpy.ops.ui.copy_data_path_button(full_path=True)
                return wm.clipboard
        return ""


def _call_text(operator: str, arguments: dict[str, object]) -> str:
    """How Blender writes the call: without arguments that have their usual value."""
    module, name = operator.split(".")
    usual = getattr(getattr(bpy.ops, module), name).get_rna_type().properties
    given = [f"{key}={value!r}" for key, value in arguments.items() if usual[key].default != value]
    return f"{operator}({', '.join(given)}"


def view(window: bpy.types.Window) -> bpy.types.Area:
    """The 3D viewport."""
    return next(area for area in window.screen.areas if area.type == "VIEW_3D")


def sidebar(window: bpy.types.Window) -> tuple[bpy.types.Area, bpy.types.Region]:
    """The 3D viewport and its sidebar, which is 1 pixel wide while it is closed."""
    area = view(window)
    return area, next(region for region in area.regions if region.type == "UI")
