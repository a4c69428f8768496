"""Which build of PyTorch is taken, and by what, seen from a real pip and a real package index."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ofer_engine.setup import machine

from .conftest import Index, Project, lock_wheels, make_wheel

_UV_WITHOUT_PYTORCHS_INDEX = f"""#!/bin/sh
case "$*" in *--torch-backend*)
    echo "$*" > "$(dirname "$0")/asked"
    echo "error: dns error"
    exit 1
esac
exec "{Path(sys.executable).with_name("uv")}" "$@"
"""
_NVIDIA_SMI = """#!/bin/sh
echo "NVIDIA Test GPU, 570.1"
"""


@pytest.fixture
def index(bare: Project, local_index: Index) -> dict[str, str]:
    """Variables that make a package index on this machine the source of the project's wheels."""
    make_wheel(bare.shelf, "uv", "uv", "", script=_UV_WITHOUT_PYTORCHS_INDEX)
    lock_wheels(bare.root, bare.shelf, "uv", "uv")
    for wheel in list(bare.shelf.glob("*.whl")):
        local_index.take(wheel)
    return local_index.variables


def _asked(project: Project) -> str:
    """What uv was last asked of PyTorch's own index."""
    return (project.home / "tools" / "bin" / "asked").read_text()


def test_a_build_on_this_disk_comes_first(bare: Project) -> None:
    answer = bare.install("setup")
    assert "[3/5] PyTorch 1.0, the build on this disk" in answer.out.splitlines()


def test_uv_is_asked_for_the_cpu_build_and_pip_takes_over_where_it_fails(
    bare: Project, index: dict[str, str], tmp_path: Path
) -> None:
    answer = bare.install("setup", PATH="/usr/bin:/bin", **index)
    assert answer.code == 0, answer.out
    assert "[3/5] PyTorch 1.0, CPU build" in answer.out.splitlines()
    assert "PyTorch's own index gave nothing" in answer.out
    asked = _asked(bare)
    assert asked.startswith("pip compile ") and f" --python {bare.python} " in asked
    assert " --only-binary=:all: " in asked and " --generate-hashes --torch-backend cpu " in asked
    assert " --no-emit-package numpy " in asked
    assert bare.works()


def test_uv_is_left_to_choose_where_an_nvidia_gpu_answers(
    bare: Project, index: dict[str, str], tmp_path: Path
) -> None:
    tool = tmp_path / "tools" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text(_NVIDIA_SMI)
    tool.chmod(0o755)
    answer = bare.install("setup", PATH=f"{tool.parent}:/usr/bin:/bin", **index)
    assert "[3/5] PyTorch 1.0, CUDA build" in answer.out.splitlines()
    assert "--torch-backend auto " in _asked(bare)


def test_a_build_asked_for_replaces_another_and_is_then_kept(
    bare: Project, index: dict[str, str]
) -> None:
    assert bare.install("setup", "--torch", "cpu", **index).code == 0
    assert bare.install("setup", "--torch", "cu128", **index).code == 0
    assert "--torch-backend cu128 " in _asked(bare)
    assert bare.install("setup", "--torch", "cu128").last.endswith("Nothing to do.")
    assert bare.install("setup").last.endswith("Nothing to do.")


@pytest.mark.parametrize(
    ("versions", "amd"), [(("0", "0"), False), (("0", "110000"), True), ((), False)]
)
def test_an_amd_gpu_is_told_from_the_kernel_driver(versions, amd, tmp_path, monkeypatch) -> None:
    for node, version in enumerate(versions):
        (tmp_path / str(node)).mkdir()
        lines = f"cpu_cores_count 8\ngfx_target_version {version}\n"
        (tmp_path / str(node) / "properties").write_text(lines)
    monkeypatch.setattr(machine, "_KFD_NODES", tmp_path)
    monkeypatch.setattr(machine, "nvidia_gpus", tuple)
    monkeypatch.setattr("sys.platform", "linux")
    expected = machine.Accelerator.ROCM if amd else machine.Accelerator.CPU
    assert machine.accelerator() is expected
