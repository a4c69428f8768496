"""The script for a GPU, tried without one in its smallest form."""

import pytest
import torch

from benchmarks.on_gpu import bench, difference, run, sampling


def test_a_check_that_fails_is_a_row_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    def broken(_):
        yield bench.TableRow("first", "nothing", "0")
        raise RuntimeError("no kernel | no image")

    def sound(_):
        yield bench.TableRow("second", "nothing", "1")

    monkeypatch.setattr(run, "CHECKS", (broken, sound))
    table = tmp_path / "table.md"
    assert run.main(["--dry", "--out", str(table)]) == 1
    *_, first, failed, second = table.read_text(encoding="utf-8").splitlines()
    assert first.startswith("| first |") and second.startswith("| second |")
    assert "failed: RuntimeError: no kernel / no image" in failed
    assert {line.count("|") for line in (first, failed, second)} == {6}


def test_the_cpu_is_not_apart_from_itself_and_another_network_is():
    rows = list(sampling.sampling(bench.Bench(bench.CPU, bench.DRY)))
    assert len(rows) == 5 and {row.figure for row in rows} == {"0.0e+00 sd"}
    networks = [sampling.invented_denoiser(bench.DRY.idgen, seed) for seed in range(2)]
    one, other = (sampling.sample(network, 4, bench.CPU) for network in networks)
    assert float(difference.in_deviations(one, other).removesuffix(" sd")) > 0.1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_fail(value):
    assert difference.in_deviations(torch.tensor([0.0, value]), torch.zeros(2)).startswith("failed")
    apart = difference.in_millimetres(torch.full((1, 3), value).numpy(), torch.zeros(1, 3).numpy())
    assert apart.startswith("failed")
