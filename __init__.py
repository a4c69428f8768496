"""OFER Faces as a Blender extension; nothing is imported until Blender registers it."""


def register() -> None:
    """Add OFER Faces to Blender."""
    from . import ofer_blender

    ofer_blender.register()


def unregister() -> None:
    """Take OFER Faces out of Blender, ending what still runs."""
    from . import ofer_blender

    ofer_blender.unregister()
