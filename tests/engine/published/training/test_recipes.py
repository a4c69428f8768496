"""Recipes: the published figures, and TOML files that change some."""

import dataclasses

import pytest

from ofer_engine.contract.errors import OferError
from ofer_engine.published.training.recipes import Candidates, Loss, TrainingStage, read_recipe
from ofer_engine.research.training.loop import Precision
from ofer_engine.research.training.rates import Rule


def test_the_published_figures():
    idgen = read_recipe(TrainingStage.IDGEN, "published")
    assert (idgen.people, idgen.images, idgen.epochs) == (16, 4, 1000)
    assert (idgen.rate, idgen.arcface_rate, idgen.weight_decay) == (1e-3, 1e-4, 1e-4)
    assert (idgen.rule, idgen.loss, idgen.precision) == (
        Rule.PLATEAU,
        Loss.PUBLISHED,
        Precision.FLOAT32,
    )
    assert not (idgen.average or idgen.clip or idgen.warmup or idgen.occluded or idgen.held_out)
    assert idgen.batch_statistics and idgen.final_norm and idgen.jaw_gain == 1.0
    assert read_recipe(TrainingStage.EXPGEN, "published").farl_rate == 1e-4
    idrank = read_recipe(TrainingStage.IDRANK, "published")
    assert (idrank.people, idrank.images, idrank.epochs, idrank.rate) == (8, 1, 650, 1e-6)
    assert idrank.candidates == Candidates(100, "ddpm", 0, 1.0)


def test_a_toml_file_changes_what_it_names_and_nothing_else(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('base = "published"\npeople = 2\nrate = 1\nrule = "cosine"\n'
                    "[candidates]\ncount = 10\n")  # fmt: skip
    base = read_recipe(TrainingStage.IDRANK, "published")
    assert read_recipe(TrainingStage.IDRANK, str(file)) == dataclasses.replace(
        base,
        people=2,
        rate=1.0,
        rule=Rule.COSINE,
        candidates=dataclasses.replace(base.candidates, count=10),
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("peple = 2", "peple"),
        ("people = 2.5", "people"),
        ('people = "2"', "people"),
        ('rule = "step"', "rule"),
        ("candidates = 3", "candidates"),
        ('base = "theirs"', "theirs"),
        ("people = ", "mine.toml"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path, text, named):
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(OferError, match=named):
        read_recipe(TrainingStage.IDGEN, str(tmp_path / "mine.toml"))
