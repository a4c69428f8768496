"""A painted skin on a head: its pictures, its UVs, and the material that shows them."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.names import plain_name
from ...ofer_engine.contract.sentence import Sentence
from ...ofer_engine.contract.skin import Skin
from .. import compat
from ..head import own_mesh
from ..head.head_object import UV_LAYER
from ..undo import transaction
from . import skin_nodes

TEXTURES: Final = "textures"
"""Folder beside the .blend."""
_ROUGHNESS: Final = 0.48
_SUBSURFACE: Final = 0.16
_RADIUS: Final = (0.0085, 0.0032, 0.0018)
"""Metres that red, green and blue light travel in skin."""
_SPECULAR: Final = 0.42
_MADE: Final = "ofer_made"
"""Custom property of a skin's picture: sha256 of its file as it was made."""
_SOLID: Final = 1.2
"""Exponent from sRGB to the Solid view, whose lamps show linear colours too dark."""


class Keep(StrEnum):
    """Where the picture goes."""

    PACK = "PACK"
    BESIDE = "BESIDE"


def wear(
    head: bpy.types.Object, skin: Skin, keep: Keep, polygons: int | None = None
) -> bpy.types.Image:
    """Put a skin on a head, in place of an earlier one.

    polygons : how many of the mesh are the head's, the first ones; None: all.

    Raises OferError(RECONSTRUCTION_DAMAGED | READ_ONLY); then the head is as it was.
    """
    material = _material(head)
    uv = skin.uv()
    corners = _corners(head.data, uv, polygons)
    images = _pictures(head, skin, keep)
    _lay_out(head.data, uv, corners)
    earlier = skin_nodes.pictures(material)
    _show(own_mesh.own_material(head, 0), images, skin.tone, not earlier)
    _let_go(earlier.values())
    return images[skin_nodes.COLOUR]


def picture(head: bpy.types.Object) -> bpy.types.Image | None:
    """The colours of the skin that a head wears, if any."""
    return next((image for image, suffix in pictures(head).items() if not suffix), None)


def pictures(head: bpy.types.Object) -> dict[bpy.types.Image, str]:
    """Pictures of the skin that a head wears → what their names have after the skin's."""
    found = {}
    for material in head.data.materials:
        shown = skin_nodes.pictures(material) if material else {}
        if skin_nodes.COLOUR in shown:
            found |= {image: skin_nodes.SUFFIXES[node] for node, image in shown.items()}
    return found


def take_off(head: bpy.types.Object) -> None:
    """Back to plain skin; the pictures leave the file unless something else uses them."""
    shown = pictures(head)
    for slot, each in enumerate(head.data.materials):
        if each and skin_nodes.pictures(each):
            skin_nodes.clear(own_mesh.own_material(head, slot).node_tree)
    _let_go(shown)


def painted(head: bpy.types.Object) -> list[bpy.types.Image]:
    """Pictures of the skin that a head wears which somebody has painted on since they were made,
    and of which the .blend holds the only copy."""
    return [image for image in pictures(head) if _is_painted(image)]


def _let_go(images: Iterable[bpy.types.Image]) -> None:
    """Pictures leave the file unless something else uses them; those that were painted on stay."""
    for image in filter(_is_painted, images):
        image.use_fake_user = True
    transaction.once_done(lambda: compat.remove_unused(images))  # nothing brings a picture back


def _is_painted(image: bpy.types.Image) -> bool:
    made, packed = image.get(_MADE), image.packed_file
    if image.is_dirty or not (packed and isinstance(made, str) and made):
        return image.is_dirty
    return sha256(packed.data).hexdigest() != made


def _material(head: bpy.types.Object) -> bpy.types.Material:
    """The material of the skin: the first slot's. Raises OferError(BAD_REQUEST)."""
    materials = head.data.materials
    material = materials[0] if len(materials) else None
    tree = material and compat.enable_nodes(material)
    if not tree or not skin_nodes.shader(tree):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The first material of {name} has no Principled BSDF to put the skin in.",
            "Add one, or open the reconstruction again.",
            name=head.name,
        )
    return material


def _corners(mesh: bpy.types.Mesh, uv: np.ndarray, polygons: int | None) -> np.ndarray:
    """(F, 4) bool: corners that the head's polygons have, which what was joined to it follows.

    Raises OferError(BAD_REQUEST).
    """
    sizes = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_total", sizes)
    sizes = sizes[:polygons]
    if len(sizes) != len(uv) or not np.isin(sizes, (3, 4)).all():
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The mesh of this head was changed: the skin does not fit it any more.",
            "Open the reconstruction again and make the skin for that head.",
        )
    return np.arange(4) < sizes[:, None]


def _lay_out(mesh: bpy.types.Mesh, uv: np.ndarray, corners: np.ndarray) -> None:
    """Give the skin's polygons the UVs that it was painted in; the others keep theirs."""
    layer = mesh.uv_layers.get(UV_LAYER) or mesh.uv_layers.new(name=UV_LAYER)
    values = np.empty(len(mesh.loops) * 2, np.float32)
    layer.data.foreach_get("uv", values)  # writing `layer.uv` would change the undo step, too
    values = values.reshape(-1, 2)
    painted = uv.any(axis=(1, 2))[:, None] & corners
    own = values[: corners.sum()]
    own[painted[corners]] = uv[painted]
    layer.data.foreach_set("uv", values.ravel())
    mesh.update()


def _pictures(head: bpy.types.Object, skin: Skin, keep: Keep) -> dict[str, bpy.types.Image]:
    """By node. Raises OferError(RECONSTRUCTION_DAMAGED | READ_ONLY); then none is left."""
    files = {skin_nodes.COLOUR: skin.albedo, skin_nodes.NORMAL: skin.normal,
             skin_nodes.ROUGHNESS: skin.roughness}  # fmt: skip
    made: dict[str, bpy.types.Image] = {}
    try:
        for node, path in files.items():
            if path:
                name = f"{head.name}_skin{skin_nodes.SUFFIXES[node]}"
                made[node] = _picture(bpy.path.clean_name(name), path, keep)
                made[node][_MADE] = skin.digest(path.name)
                if node != skin_nodes.COLOUR:
                    made[node].colorspace_settings.name = "Non-Color"
    except OferError:
        for image in made.values():
            if keep == Keep.BESIDE:
                Path(bpy.path.abspath(image.filepath)).unlink(missing_ok=True)
            bpy.data.images.remove(image)
        raise
    return made


def _picture(name: str, path: Path, keep: Keep) -> bpy.types.Image:
    """Raises OferError(RECONSTRUCTION_DAMAGED | READ_ONLY)."""
    if keep == Keep.BESIDE:
        path = _beside(path, name)
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError as cause:
        raise OferError(
            ErrorCode.RECONSTRUCTION_DAMAGED,
            "The painted skin cannot be read.",
            "Make the skin from the photo again.",
        ) from cause
    image.name = name
    if keep == Keep.BESIDE:
        image.filepath = bpy.path.relpath(str(path))
    else:
        image.pack()
        place = _unpacked(image)
        image.filepath_raw = image.packed_files[0].filepath = place
    return image


def _unpacked(image: bpy.types.Image) -> str:
    """Where Unpack is to write a packed picture. Blender asks nobody when it replaces a file there,
    or shows that file instead; so no other picture has this name: none here, whatever its capitals,
    nor, as it names the content, one of a .blend that is appended to or saved beside this one."""
    content = sha256(image.packed_file.data).hexdigest()[:8]
    name = f"//{TEXTURES}/{plain_name(image.name)}_{content}"
    taken = {each.filepath.casefold() for each in bpy.data.images if each != image}
    place, number = f"{name}.png", 1
    while place.casefold() in taken:
        number += 1
        place = f"{name}_{number:02d}.png"
    return place


def _beside(albedo: Path, name: str) -> Path:
    if not bpy.data.filepath:
        raise OferError(
            ErrorCode.READ_ONLY,
            "This .blend has not been saved: there is no folder to put the picture beside.",
            "Save it first, or pack the picture into it.",
        )
    folder = Path(bpy.data.filepath).parent / TEXTURES
    path, number = folder / f"{name}.png", 1
    try:
        folder.mkdir(exist_ok=True)
        while path.exists():  # undo must find the earlier picture again
            number += 1
            path = folder / f"{name}_{number:02d}.png"
        _copy_whole(albedo, path)
    except OSError as cause:
        if cause.errno in (errno.ENOSPC, errno.EDQUOT):
            code, message = (
                ErrorCode.DISK_FULL,
                Sentence("The disk is full: {name} could not be written.", name=path.name),
            )
        else:
            code, message = (
                ErrorCode.READ_ONLY,
                Sentence(
                    "{name} could not be written: {strerror}.",
                    name=path.name,
                    strerror=cause.strerror,
                ),
            )
        raise OferError(code, message, "Pack the picture into the .blend instead.") from cause
    return path


def _copy_whole(source: Path, path: Path) -> None:
    """Raises OSError; then nothing is left of the copy."""
    folder = Path(tempfile.mkdtemp(prefix=".ofer_", dir=path.parent))
    try:
        shutil.copyfile(source, folder / path.name)
        (folder / path.name).rename(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _show(
    material: bpy.types.Material,
    images: dict[str, bpy.types.Image],
    tone: tuple[float, ...],
    first: bool,
) -> None:
    """first : the material showed no skin before; else what an artist set since stays."""
    skin_nodes.show(material.node_tree, images)
    shader = skin_nodes.shader(material.node_tree)
    if first:
        shader.inputs["Roughness"].default_value = _ROUGHNESS
        shader.inputs["Specular IOR Level"].default_value = _SPECULAR
        shader.inputs["Subsurface Weight"].default_value = _SUBSURFACE
        shader.inputs["Subsurface Radius"].default_value = _RADIUS
        shader.inputs["Subsurface Scale"].default_value = 1.0
    linear = [value**2.2 for value in tone]
    material.diffuse_color = (*(value**_SOLID for value in tone), 1.0)
    shader.inputs["Base Color"].default_value = (*linear, 1.0)
