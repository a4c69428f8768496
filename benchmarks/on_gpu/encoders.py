"""The networks that read a photo or a head, each on one face."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from ofer_engine.conditioning.evidence import EvidenceNetwork
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_pack import read_open_pack
from ofer_engine.published.arcface import ArcFace
from ofer_engine.published.farl import Farl
from ofer_engine.published.published_keys import IDRANK_SHAPE
from ofer_engine.ranking.ranker import Ranker

from .bench import CPU, Bench, TableRow
from .difference import in_deviations
from .held_out import held_out_pictures


def encoders(bench: Bench) -> Iterator[TableRow]:
    """ArcFace, FaRL, IdRank and the bundled conditioner on one face."""
    torch.manual_seed(2)
    ranked = torch.randn(bench.scale.heads, IDRANK_SHAPE.vertices, 3), torch.randn(1024)
    crop = held_out_pictures(1)[0]
    conditioner = read_open_pack(BUNDLED / "open", CPU).networks.conditioner
    works: Sequence[tuple[str, nn.Module, tuple[object, ...]]] = (
        ("ArcFace, invented weights", ArcFace(), (torch.randn(1, 3, 112, 112), True)),
        ("FaRL, invented weights", Farl(), (torch.randn(1, 3, 224, 224),)),
        (f"IdRank of {bench.scale.heads}, published size", Ranker(IDRANK_SHAPE), ranked),
        ("the bundled conditioner, its points", _Points(conditioner), (crop,)),
    )
    for name, network, given in works:
        network = network.eval()
        there = [one.to(bench.device) if isinstance(one, Tensor) else one for one in given]
        with torch.inference_mode():
            expected = network(*given)
            network = network.to(bench.device)
            found = network(*there)
            yield TableRow(
                name,
                "the CPU's",
                in_deviations(found, expected),
                bench.seconds(lambda n=network, t=there: n(*t)),
            )


class _Points(nn.Module):
    """The conditioner's points alone."""

    def __init__(self, conditioner: EvidenceNetwork) -> None:
        super().__init__()
        self.conditioner = conditioner

    def forward(self, crops: Tensor) -> Tensor:
        return self.conditioner(crops).points
