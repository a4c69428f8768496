"""Files that are not ours to ship: in the folder that OFER_SHARED names, and nowhere else."""

import os
from pathlib import Path
from typing import Final

_FOLDER: Final = os.environ.get("OFER_SHARED") or "$OFER_SHARED"


def shared(name: str) -> Path:
    """Path of one; where the variable is not set, one that exists nowhere and says so."""
    return Path(_FOLDER) / name


ICT: Final = shared("heads/ict_facekit_light.npz")
