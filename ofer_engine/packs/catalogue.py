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


REQUIRED: Final = (Part.IDGEN, Part.IDRANK, Part.EXPGEN, Part.FLAME_2020, Part.FRONT_VERTICES)
"""Without these the pack cannot run; the others serve training and other heads."""


@dataclass(frozen=True)
class PublishedFile:
    """usual_name : as its publisher calls it; source : where it is published;
    licence : its title there; commercial : may results be sold under it.
    """

    title: str
    usual_name: str
    source: str
    licence: str
    commercial: bool


_OFER: Final = "github.com/prathebaselva/OFER (the weights are linked in its README)"
_OFER_LICENCE: Final = "OFER licence, non-commercial research (LICENSE in its repository)"
_FLAME: Final = "flame.is.tue.mpg.de (free registration)"
_FLAME_LICENCE: Final = "FLAME licence, non-commercial research"

CATALOGUE: Final[Mapping[Part, PublishedFile]] = MappingProxyType(
    {
        Part.IDGEN: PublishedFile(
            "OFER identity generator (IdGen)",
            "model_idgen_flame20.tar",
            _OFER,
            _OFER_LICENCE,
            False,
        ),
        Part.IDRANK: PublishedFile(
            "OFER identity ranking (IdRank)", "model_idrank.tar", _OFER, _OFER_LICENCE, False
        ),
        Part.EXPGEN: PublishedFile(
            "OFER expression generator (ExpGen)",
            "model_expgen_flame20.tar",
            _OFER,
            _OFER_LICENCE,
            False,
        ),
        Part.FLAME_2020: PublishedFile(
            "FLAME 2020 head model", "generic_model.pkl", _FLAME, _FLAME_LICENCE, False
        ),
        Part.FRONT_VERTICES: PublishedFile(
            "OFER's face vertices",
            "frontindices.npy",
            "github.com/prathebaselva/OFER, folder pretrained",
            _OFER_LICENCE,
            False,
        ),
        Part.FLAME_2023: PublishedFile(
            "FLAME 2023 head model", "flame2023.pkl", _FLAME, _FLAME_LICENCE, False
        ),
        Part.FLAME_2023_OPEN: PublishedFile(
            "FLAME 2023 Open head model", "flame2023_Open.pkl", _FLAME, "CC-BY-4.0", True
        ),
        Part.LANDMARKS: PublishedFile(
            "FLAME landmark embedding",
            "landmark_embedding.npy",
            "github.com/yfeng95/DECA, folder data",
            "DECA licence, non-commercial research",
            False,
        ),
        Part.FARL: PublishedFile(
            "FaRL face encoder",
            "FaRL-Base-Patch16-LAIONFace20M-ep64.pth",
            "github.com/FacePerceiver/FaRL, releases",
            "MIT",
            True,
        ),
        Part.ARCFACE: PublishedFile(
            "ArcFace r100 encoder (Glint360K)",
            "backbone.pth",
            "github.com/deepinsight/insightface, model zoo",
            "non-commercial research",
            False,
        ),
    }
)
