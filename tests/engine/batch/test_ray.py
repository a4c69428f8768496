"""A batch on a cluster of two nodes on this machine, one of which is killed. Only where Ray is
installed (`python3 install.py setup --with batch`)."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ofer_engine.batch.local_workers import LocalWorkers
from ofer_engine.batch.photo_list import read_photo_list
from ofer_engine.batch.results import TableResults
from ofer_engine.batch.run import run_batch
from ofer_engine.batch.settings import BatchSettings
from ofer_engine.contract.errors import OferError
from ofer_engine.contract.sampling import SamplingParams
from ofer_engine.pack_registry import pack_record

pytest.importorskip("ray.cluster_utils")


@pytest.fixture
def cluster():
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield made
    made.shutdown()


def settings(out):
    out.mkdir()
    return BatchSettings(
        pack_record("open", None), SamplingParams(6, 2, 1, steps=4), out, True, None
    )


def rows(tasks, results, summary):
    return [results.row(summary.photos[task.number]) for task in tasks]


def test_ray_that_does_not_start_here_is_no_cluster_that_is_away(tmp_path, monkeypatch):
    from ofer_engine.batch.ray_workers import RayWorkers

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / ("long" * 30)))  # no socket has such a name
    with pytest.raises(OferError) as refused:
        RayWorkers(settings(tmp_path / "out"), "auto")
    assert "Ray did not start on this machine" in refused.value.message
    assert "socket" in refused.value.hint


def test_a_cluster_that_the_environment_names_is_not_replaced_by_this_machine(
    tmp_path, monkeypatch
):
    from ofer_engine.batch.ray_workers import RayWorkers

    monkeypatch.setenv("RAY_ADDRESS", "first:noport")
    with pytest.raises(OferError) as refused:
        RayWorkers(settings(tmp_path / "out"), "auto")
    assert refused.value.message == "Ray is not to be reached at first:noport."


def test_a_node_is_killed_and_every_photo_is_done_once(cluster, portrait, tmp_path, monkeypatch):
    from ofer_engine.batch.ray_workers import RayWorkers

    monkeypatch.chdir(tmp_path)  # where no node was started
    folder = Path("photos")
    folder.mkdir()
    pixels = np.asarray(Image.open(portrait).convert("RGB"), np.float32)
    for number in range(8):
        shaded = (pixels * (1 - 0.04 * number)).astype(np.uint8)
        Image.fromarray(shaded).save(folder / f"p{number}.png")
    tasks = read_photo_list(folder)
    other = cluster.add_node(num_cpus=1)
    on_ray = settings(tmp_path / "ray")
    workers = RayWorkers(on_ray, cluster.address)
    killed = []

    def kill_once(summary):
        if summary.done >= 2 and not killed:
            killed.append(other)
            cluster.remove_node(other, allow_graceful=False)

    results = TableResults(on_ray)
    try:
        summary = run_batch(tasks, workers, results, on_ray.out / "errors.jsonl", kill_once)
    finally:
        workers.close()
    assert killed and (summary.done, summary.failed) == (8, 0)
    assert len(results.file.read_bytes().splitlines()) == 8

    here = settings(tmp_path / "here")
    local, alone = LocalWorkers(here, 1), TableResults(here)
    try:
        same = run_batch(tasks, local, alone, here.out / "errors.jsonl")
    finally:
        local.close()
    assert rows(tasks, results, summary) == rows(tasks, alone, same)
