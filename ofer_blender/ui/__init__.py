"""The sidebar tab OFER, in the order of the work."""

from __future__ import annotations

from . import (
    export,
    expressions,
    hair,
    hypotheses,
    look,
    photo,
    provenance,
    rig,
    setup,
    skin,
    web_page,
)

CLASSES = (
    *photo.CLASSES,
    *hypotheses.CLASSES,
    *look.CLASSES,
    *expressions.CLASSES,
    *rig.CLASSES,
    *skin.CLASSES,
    *hair.CLASSES,
    *export.CLASSES,
    *web_page.CLASSES,
    *provenance.CLASSES,
    *setup.CLASSES,
)
