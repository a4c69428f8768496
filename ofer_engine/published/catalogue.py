"""The files that the published OFER needs: what each is, who licenses it, where it is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

PACK_ID: Final = "ofer-flame2020"


class Part(StrEnum):
    """One imported file. The value is its name in the pack's folder."""

    IDGEN = "idgen"
    IDRANK = "idrank"
    EXPGEN = "expgen"
    FLAME_2020 = "flame2020"
    FRONT_VERTICES = "front_vertices"
    FLAME_2023 = "flame2023"
    FLAME_2023_OPEN = "flame2023_open"
    LANDMARKS = "landmark_embedding"
    FARL = "farl"
    ARCFACE = "arcface"
    SCRFD = "scrfd"


REQUIRED: Final = (Part.IDGEN, Part.IDRANK, Part.EXPGEN, Part.FLAME_2020, Part.FRONT_VERTICES)
"""Without these the pack cannot run; the others serve training and other heads."""


@dataclass(frozen=True)
class PublishedFile:
    """usual_name : as its publisher calls it; source : where it is published;
    licence : its title there; commercial : may results be sold under it; purpose : what it is for.
    """

    title: str
    usual_name: str
    source: str
    licence: str
    commercial: bool
    purpose: str


_OFER: Final = "github.com/prathebaselva/OFER (the weights are linked in its README)"
_OFER_LICENCE: Final = "OFER licence, non-commercial research (LICENSE in its repository)"
_FLAME: Final = "flame.is.tue.mpg.de (free registration)"
_FLAME_LICENCE: Final = "FLAME licence, non-commercial research"
_INSIGHTFACE: Final = "github.com/deepinsight/insightface, model zoo"
_INSIGHTFACE_LICENCE: Final = "InsightFace models, non-commercial research"
_NEEDED: Final = f"the pack {PACK_ID} needs it"
_ANOTHER: Final = "a head of its own; the published networks need FLAME 2020"
_TRAINING: Final = "where training starts from"


def _ofer(title: str, usual_name: str, source: str = _OFER) -> PublishedFile:
    return PublishedFile(title, usual_name, source, _OFER_LICENCE, False, _NEEDED)


CATALOGUE: Final[Mapping[Part, PublishedFile]] = MappingProxyType(
    {
        Part.IDGEN: _ofer("OFER identity generator (IdGen)", "model_idgen_flame20.tar"),
        Part.IDRANK: _ofer("OFER identity ranking (IdRank)", "model_idrank.tar"),
        Part.EXPGEN: _ofer("OFER expression generator (ExpGen)", "model_expgen_flame20.tar"),
        Part.FLAME_2020: PublishedFile(
            "FLAME 2020 head model", "generic_model.pkl", _FLAME, _FLAME_LICENCE, False, _NEEDED
        ),
        Part.FRONT_VERTICES: _ofer(
            "OFER's face vertices",
            "frontindices.npy",
            "github.com/prathebaselva/OFER, folder pretrained",
        ),
        Part.FLAME_2023: PublishedFile(
            "FLAME 2023 head model", "flame2023.pkl", _FLAME, _FLAME_LICENCE, False, _ANOTHER
        ),
        Part.FLAME_2023_OPEN: PublishedFile(
            "FLAME 2023 Open head model", "flame2023_Open.pkl", _FLAME, "CC-BY-4.0", True, _ANOTHER
        ),
        Part.LANDMARKS: PublishedFile(
            "FLAME landmark embedding",
            "landmark_embedding.npy",
            "github.com/yfeng95/DECA, folder data",
            "DECA licence, non-commercial research",
            False,
            "measuring FLAME heads against scans (evaluate now)",
        ),
        Part.FARL: PublishedFile(
            "FaRL face encoder",
            "FaRL-Base-Patch16-LAIONFace20M-ep64.pth",
            "github.com/FacePerceiver/FaRL, releases",
            "MIT",
            True,
            _TRAINING,
        ),
        Part.ARCFACE: PublishedFile(
            "ArcFace r100 encoder (Glint360K)",
            "backbone.pth",
            _INSIGHTFACE,
            _INSIGHTFACE_LICENCE,
            False,
            _TRAINING,
        ),
        Part.SCRFD: PublishedFile(
            "SCRFD face detector with five points",
            "scrfd_10g_bnkps.onnx",
            f"{_INSIGHTFACE}, in antelopev2.zip",
            _INSIGHTFACE_LICENCE,
            False,
            "the five points as published; without it our own detector gives them",
        ),
    }
)

_TRAINED_FROM: Final = {
    Part.IDGEN: "ArcFace",
    Part.IDRANK: "ArcFace, FaRL and the IdGen used",
    Part.EXPGEN: "ArcFace and FaRL",
}


def trained_here(part: Part) -> str:
    """The licence line of a network that was trained on this or another user's machine."""
    return (
        "trained by a user of OFER Faces, not published: bound by the licences of "
        f"{_TRAINED_FROM[part]} (non-commercial research), of FLAME, and of the data"
    )
