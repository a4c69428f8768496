"""The script for a GPU, tried without one in its smallest form."""

import pytest
import torch

from benchmarks import on_gpu


def test_a_check_that_fails_is_a_row_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    def broken(bench):
        yield on_gpu.Row("first", "nothing", "0")
        raise RuntimeError("no kernel | no image")

    def sound(bench):
        yield on_gpu.Row("second", "nothing", "1")

    monkeypatch.setattr(on_gpu, "CHECKS", (broken, sound))
    table = tmp_path / "table.md"
    assert on_gpu.main(["--dry", "--out", str(table)]) == 1
    *_, first, failed, second = table.read_text(encoding="utf-8").splitlines()
    assert first.startswith("| first |") and second.startswith("| second |")
    assert "failed: RuntimeError: no kernel / no image" in failed
    assert {line.count("|") for line in (first, failed, second)} == {6}


def test_the_cpu_is_not_apart_from_itself_and_another_network_is():
    rows = list(on_gpu.sampling(on_gpu.Bench(on_gpu.CPU, on_gpu.DRY)))
    assert len(rows) == 5 and {row.figure for row in rows} == {"0.0e+00 sd"}
    networks = [on_gpu._invented(on_gpu.DRY.idgen, seed) for seed in range(2)]
    one, other = (on_gpu._sample(network, 4, on_gpu.CPU) for network in networks)
    assert float(on_gpu._apart(one, other).removesuffix(" sd")) > 0.1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_without_end_fail(value):
    assert on_gpu._apart(torch.tensor([0.0, value]), torch.zeros(2)).startswith("failed")
    apart = on_gpu._millimetres(torch.full((1, 3), value).numpy(), torch.zeros(1, 3).numpy())
    assert apart.startswith("failed")
