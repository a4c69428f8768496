"""A layout that writes down what a panel draws; Blender draws none without a window."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import bpy


class RecordingLayout:
    """Takes every call that our panels make and fails where Blender would."""

    def __init__(self, drawn: list[str] | None = None) -> None:
        self.drawn = [] if drawn is None else drawn
        self.alert = self.use_property_split = self.use_property_decorate = False
        self.scale_x = self.scale_y = 1.0
        self.active = self.enabled = True

    def _nest(self, **_: Any) -> RecordingLayout:
        return RecordingLayout(self.drawn)

    row = column = box = grid_flow = split = _nest

    def label(self, text: str = "", icon: str = "NONE", translate: bool = True) -> None:
        _check_icon(icon)
        self.drawn.append(text)

    def operator(
        self,
        idname: str,
        text: str = "",
        icon: str = "NONE",
        depress: bool = False,
        translate: bool = True,
    ) -> SimpleNamespace:
        _check_icon(icon)
        module, name = idname.split(".")
        kind = getattr(getattr(bpy.ops, module), name).get_rna_type()
        shown = text or kind.name
        self.drawn.append(f"[{idname}] {'*' if depress else ''}{shown}")
        return SimpleNamespace()

    def operator_menu_enum(
        self, idname: str, prop: str, text: str = "", icon: str = "NONE"
    ) -> SimpleNamespace:
        module, name = idname.split(".")
        assert getattr(getattr(bpy.ops, module), name).get_rna_type().properties[prop].enum_items
        return self.operator(idname, text, icon)

    def prop(
        self, data: Any, name: str, text: str | None = None, icon: str = "NONE", **_: Any
    ) -> None:
        _check_icon(icon)
        self.drawn.append(f"{text or data.bl_rna.properties[name].name}: {getattr(data, name)}")

    def enum_item_name(self, data: Any, name: str, identifier: str) -> str:
        items = data.bl_rna.properties[name].enum_items
        return items[identifier].name if identifier in items else ""

    def progress(self, factor: float, text: str) -> None:
        assert 0 <= factor <= 1
        self.drawn.append(f"progress {factor:.2f} {text}")

    def template_icon(self, icon_value: int, scale: float) -> None:
        self.drawn.append("thumbnail")

    def template_icon_view(self, data: Any, name: str, **_: Any) -> None:
        choices = data.bl_rna.properties[name]
        assert choices.type == "ENUM"
        self.drawn.append(f"gallery at {getattr(data, name)}")


def _check_icon(icon: str) -> None:
    known = bpy.types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items
    assert icon in known, icon


def draw(panel: str) -> list[str]:
    """What a panel shows now, line by line; nothing where its poll says no."""
    kind = getattr(bpy.types, panel)
    if hasattr(kind, "poll") and not kind.poll(bpy.context):
        return []
    layout = RecordingLayout()
    # Not the guard around it: a panel that fails must fail here.
    inspect.unwrap(kind.draw)(SimpleNamespace(layout=layout), bpy.context)
    return layout.drawn


def draw_preferences(preferences: bpy.types.AddonPreferences) -> list[str]:
    """What the add-on's preferences show."""
    layout = RecordingLayout()
    inspect.unwrap(type(preferences).draw)(_Preferences(preferences, layout), bpy.context)
    return layout.drawn


class _Preferences:
    def __init__(self, preferences: bpy.types.AddonPreferences, layout: RecordingLayout) -> None:
        self._preferences, self.layout = preferences, layout

    def __getattr__(self, name: str) -> Any:
        return getattr(self._preferences, name)
