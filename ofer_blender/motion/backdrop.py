"""The video behind the head: a camera that sees the head as the video does, frame by frame."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...ofer_engine.contract.errors import OferError
from ...ofer_engine.contract.numbered_pictures import numbered_pictures
from ...ofer_engine.contract.performance import Performance
from ...ofer_engine.contract.photo_files import PHOTO_SUFFIXES
from ...ofer_engine.contract.records import CameraRecord
from ..head import head_frame
from ..photo import photo_camera
from ..undo.likeness import match


def set_up(
    scene: bpy.types.Scene, head: bpy.types.Object, recorded: Performance, video: Path, start: int
) -> bpy.types.Object:
    """Make the camera of the video the scene's, with the video behind the head, its first frame at
    `start`; render size and frame rate become the video's. A head has one such camera: what it saw
    before is forgotten.

    video : the file, or a folder of numbered pictures. The camera stands where it stood in the
    first frame. Raises RuntimeError where Blender cannot read the video, and OferError as
    `head_frame.placement`; then nothing was changed.
    """
    clip = _clip(video, recorded)
    placed = head_frame.placement(head)
    straight = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    away = tuple(float(value) for value in recorded.array("place")[0])
    centre = (recorded.width / 2, recorded.height / 2)
    record = CameraRecord(
        recorded.focal, centre, straight, away, recorded.width, recorded.height, False
    )
    earlier = _clips(head.ofer.video_camera)
    camera = _in_place(head, photo_camera.build(record, head, placed))
    camera.name = camera.data.name = f"{head.name} video"
    if not camera.users_scene:
        scene.collection.objects.link(camera)
    head.ofer.video_camera = camera
    _show(camera.data, clip, start)
    scene.camera = camera
    scene.render.resolution_x, scene.render.resolution_y = recorded.width, recorded.height
    shown = bpy.data.user_map(subset=earlier)  # pyright: ignore[reportCallIssue]
    for each, users in shown.items():
        if not (users or each.use_fake_user):
            bpy.data.movieclips.remove(each)
    return camera


def _in_place(head: bpy.types.Object, made: bpy.types.Object) -> bpy.types.Object:
    """A new camera, or the head's earlier one, which then sees the same. What shows another head
    as well, as its copy, is left to that."""
    camera = head.ofer.video_camera
    others = [each for each in bpy.data.objects if each != head and each.ofer.is_head]
    shared = any(each.ofer.video_camera == camera and each.users_scene for each in others)
    if camera is None or camera.type != "CAMERA" or not camera.users_scene or shared:
        return made
    match(camera.data, made.data)
    camera.matrix_world = made.matrix_world
    camera.data.background_images.clear()
    data = made.data
    bpy.data.objects.remove(made)
    bpy.data.cameras.remove(data)
    return camera


def _clips(camera: bpy.types.Object | None) -> set[bpy.types.MovieClip]:
    """What a camera shows behind what it sees."""
    seen = camera.data.background_images if camera and camera.type == "CAMERA" else ()
    return {each.clip for each in seen if each.clip}


def keep_step(scene: bpy.types.Scene, rate: float) -> None:
    """Let the scene run at the video's frames a second, so that a frame of one is one of the
    other."""
    whole = max(round(rate), 1)
    scene.render.fps, scene.render.fps_base = whole, whole / rate


def file_of(video: Path) -> Path:
    """The file that Blender opens: the video, or the first of numbered pictures, of which one is
    given, or their folder; the folder itself where it has none."""
    try:
        if video.is_dir():
            return next(file for _, file in numbered_pictures(video))
        if video.suffix.lower() in PHOTO_SUFFIXES:
            return next(file for _, file in numbered_pictures(video.parent, video))
    except (OferError, StopIteration):
        pass
    return video


def _clip(video: Path, recorded: Performance) -> bpy.types.MovieClip:
    """Always a new one: one that is there shows the video as it was when Blender read it, and may
    be an artist's own, or begin at another frame. Raises RuntimeError."""
    clip = bpy.data.movieclips.load(str(file_of(video)), check_existing=False)
    if not clip.frame_duration:
        bpy.data.movieclips.remove(clip)
        raise RuntimeError(f"{video.name} has no pictures that Blender can read")
    clip.name = recorded.video
    return clip


def _show(camera: bpy.types.Camera, clip: bpy.types.MovieClip, start: int) -> None:
    clip.frame_start = start
    background = camera.background_images.new()
    background.source, background.clip = "MOVIE_CLIP", clip
    background.display_depth = "BACK"
    background.frame_method = "STRETCH"  # which is what pixels that are no squares need
    background.alpha = 1.0
    camera.show_background_images = True
