"""What Blender's FBX exporter leaves in a file: paths of this machine, an empty above the bones."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Final

from . import fbx_tree
from .fbx_tree import Record, Tree
from .presets import Space

_PATHS: Final = (b"FileName", b"Filename", b"RelativeFilename")
_PATH_SETTINGS: Final = (b"Path", b"RelPath")
_OF_THE_BLEND: Final = b"Original|ApplicationNativeFile"
_COUNTED: Final = (b"Model", b"NodeAttribute", b"AnimationCurveNode", b"AnimationCurve")
_Y_UP: Final = {
    b"UpAxis": 1, b"UpAxisSign": 1, b"FrontAxis": 2, b"FrontAxisSign": 1, b"CoordAxis": 0,
    b"CoordAxisSign": 1,
}  # fmt: skip


def tidy(path: Path, space: Space) -> None:
    """Rewrite a file without paths, with the axes that its shapes were laid in. Raises OSError,
    ValueError where it is no FBX file."""
    tree = fbx_tree.read(path)
    for record in tree.everything():
        _forget_paths(record)
    if space.y_up:
        settings = tree.only(b"GlobalSettings")
        for name, number in _Y_UP.items():
            if found := settings.setting(name):
                found.set_number(4, number)
    if space.bones_first:
        _take_empty_out(tree)
    fbx_tree.write(tree, path)


def _forget_paths(record: Record) -> None:
    """Of pictures the name stays, of the .blend nothing."""
    if record.name in _PATHS and record.raw and record.raw[0][:1] == b"S":
        record.set_text(0, _last(record.values[0]))
    elif record.name == b"P" and record.values[0] in _PATH_SETTINGS:
        record.set_text(4, _last(record.values[4]))
    elif record.name == b"P" and record.values[0] == _OF_THE_BLEND:
        record.set_text(4, b"")


def _last(path: bytes) -> bytes:
    return PurePath(path.decode("utf-8", "replace").replace("\\", "/")).name.encode()


def _take_empty_out(tree: Tree) -> None:
    """Hang what hangs on an armature's empty on the scene instead: it stands at the origin, so
    nothing moves."""
    objects, links = tree.only(b"Objects"), tree.only(b"Connections")
    empties = {each.values[0] for each in objects.all(b"Model") if each.values[2] == b"Null"}
    hung = {each.values[1] for each in links.inner if each.values[2] in empties}
    noted = {each.values[0] for each in objects.all(b"NodeAttribute") if each.values[0] in hung}
    gone = empties | noted
    gone |= _fed_by(links, empties)  # what would animate it: curves of nodes
    gone |= _fed_by(links, gone - empties)
    objects.inner = [each for each in objects.inner if each.values[0] not in gone]
    links.inner = [each for each in links.inner if each.values[1] not in gone]
    for each in links.inner:
        if each.values[2] in gone:
            each.set_number(2, 0)
    for pose in objects.all(b"Pose"):
        _drop_nodes(pose, gone)
    _count(tree, objects)


def _fed_by(links: Record, nodes: set[int]) -> set[int]:
    """What is linked to properties of nodes."""
    return {each.values[1] for each in links.inner
            if each.values[0] == b"OP" and each.values[2] in nodes}  # fmt: skip


def _drop_nodes(pose: Record, gone: set[int]) -> None:
    def stays(each: Record) -> bool:
        return each.name != b"PoseNode" or each.all(b"Node")[0].values[0] not in gone

    pose.inner = [each for each in pose.inner if stays(each)]
    for each in pose.all(b"NbPoseNodes"):
        each.set_number(0, len(pose.all(b"PoseNode")))


def _count(tree: Tree, objects: Record) -> None:
    """The head of the file tells how many of each kind there are."""
    definitions = tree.only(b"Definitions")
    for kind in definitions.all(b"ObjectType"):
        for count in kind.all(b"Count"):
            if kind.values[0] in _COUNTED:
                count.set_number(0, len(objects.all(kind.values[0])))
    total = sum(
        count.values[0] for each in definitions.all(b"ObjectType") for count in each.all(b"Count")
    )
    for each in definitions.all(b"Count"):
        each.set_number(0, total)
