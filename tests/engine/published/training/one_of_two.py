"""One process of a run: `python -m … DATA OUT`, by itself or as torchrun would start it."""

import sys
from pathlib import Path

import torch

from ofer_engine.published.training.batches import Batches
from ofer_engine.published.training.crops import CropReader
from ofer_engine.published.training.generators import plan_of, train_generator
from ofer_engine.published.training.recipes import TrainingStage
from ofer_engine.published.training.scan_data import read_scan_data
from ofer_engine.research.training.ranks import joined_ranks
from tests.engine.published.training.tiny import RECIPE, tiny_trainee


def main(data: Path, out: Path) -> None:
    torch.set_num_threads(1)
    with joined_ranks(torch.device("cpu")) as (ranks, device):
        examples = read_scan_data(data, ["FLORENCE"]).examples
        batches = Batches(
            examples[:6],
            CropReader(None, out, pictures=False),
            RECIPE.people,
            RECIPE.images,
            5,
            ranks,
        )
        trainee = tiny_trainee()
        plan = plan_of(RECIPE, batches, 6, 3)
        train_generator(
            TrainingStage.IDGEN, trainee, batches, examples[6:], RECIPE, plan, out, device
        )  # fmt: skip
        torch.save(trainee.state_dict(), out / f"model{ranks.rank}of{ranks.count}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
