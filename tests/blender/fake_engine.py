"""An engine that misbehaves on command: `fake_engine.py MODE PREPARED_FOLDER`.

The real one cannot be made to hang, babble or speak another protocol. It speaks plain JSON lines
of its own, so that a mistake in our encoder cannot hide in both ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import shutil
import sys
import threading
import time
from pathlib import Path

MODE, PREPARED = sys.argv[1], Path(sys.argv[2])
requests: queue.Queue[dict | None] = queue.Queue()
cancelled = threading.Event()
quiet = threading.Event()


def send(kind: str, /, **fields: object) -> None:
    sys.stdout.write(json.dumps({"type": kind, **fields}) + "\n")
    sys.stdout.flush()


def read() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        if request["type"] == "Cancel":
            cancelled.set()
        else:
            requests.put(request)
    os._exit(0)


def beat() -> None:
    while True:
        if not quiet.is_set():
            send("Heartbeat")
        time.sleep(0.2)


def babble() -> None:
    sys.stdout.write("Downloading… 50 %\n{}\n[1, 2\n" + '{"type": "Result"}\n\n{"type": "Nix"}\n')
    sys.stdout.write("x" * 200_000 + "\n")
    sys.stdout.flush()
    sys.stdout.buffer.write(b"\xff\xfe\x00\n")
    sys.stdout.flush()


def open_photo(request: dict) -> None:
    if MODE == "bad_photo":
        message = "anna.jpg is no picture."
        send("Failure", id=request["id"], code="photo_unreadable", message=message,
             hint="Choose a JPEG or PNG.", log="")  # fmt: skip
        return
    face = {"score": 0.9, "low_confidence": False}
    faces = [
        {"box": [10.0, 20.0, 100.0, 120.0], "confidence": 0.99, **face},
        {"box": [300, 20, 80.5, 90], "confidence": 0.4, **face, "low_confidence": True},
    ]
    found = [] if MODE == "no_face" else faces[:1] if MODE == "one_face" else faces
    if request.get("picture"):
        write_picture(Path(request["picture"]))
    send("PhotoOpened", id=request["id"], path=request["path"], width=640, height=480,
         faces=found, notes=["The photo was scaled down."])  # fmt: skip


def write_picture(path: Path) -> None:
    """A tenth of 640 x 480 in one grey, as numpy would write it."""
    header = "{'descr': '|u1', 'fortran_order': False, 'shape': (48, 64, 3), }"
    padded = header.ljust(117).encode() + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded
                     + bytes([128]) * (48 * 64 * 3))  # fmt: skip


def inspect_weights(request: dict) -> None:
    files = [
        {"path": path, "title": "FLAME 2020 head model", "licence": "FLAME licence",
         "commercial": False, "refusal": "It runs code." if path.endswith("evil.pkl") else ""}
        for path in request["paths"]
    ]  # fmt: skip
    send("WeightsInspected", id=request["id"], files=files)


def install_weights(request: dict) -> None:
    (PREPARED / "installed.json").write_text(json.dumps(request))
    send("Result", id=request["id"], path=str(PREPARED), notes=["Installed: FLAME 2020."])


def refuse(request: dict, code: str) -> None:
    send("Failure", id=request["id"], code=code, message="It cannot be done.", hint="Do this.",
         log="")  # fmt: skip


def reconstruct(request: dict) -> None:
    if MODE.startswith("refuse_"):
        refuse(request, MODE.removeprefix("refuse_"))
        return
    if MODE == "one_faceless" and Path(request["photos"][0]["path"]).stem == "nobody":
        refuse(request, "no_face")
        return
    if MODE == "odd_event":
        sys.stdout.write((PREPARED / "odd_event").read_text() + "\n")
        sys.stdout.flush()
    if MODE == "odd_answer":
        path = "[" * 5000 + "]" * 5000
        sys.stdout.write(f'{{"type": "Result", "id": {request["id"]}, "path": {path}}}\n')
        sys.stdout.flush()
        return
    if MODE == "halfway":
        unfinished = Path(request["out"]) / f"{request['name']}.ofer" / "thumbnails"
        unfinished.mkdir(parents=True)
    steps = 600 if MODE in ("slow", "deaf", "mute", "die", "halfway") else 3
    for step in range(steps):
        send("Stage", id=request["id"], name="Drawing heads", step=step, of=steps, eta=1.5)
        if cancelled.is_set() and MODE != "deaf":
            cancelled.clear()
            send("Cancelled", id=request["id"])
            return
        if MODE == "mute":
            quiet.set()
            time.sleep(60)
        if MODE == "die":
            os._exit(3)
        if MODE == "garbage":
            babble()
        time.sleep(0.02)
    if MODE == "unreadable":
        sys.stdout.write('{"type": "Result", "id": ' + "9" * 400 + ', "path": "a", "notes": []}\n')
        sys.stdout.flush()
        return
    folder = Path(request["out"]) / f"{request['name']}.ofer"
    shutil.copytree(PREPARED / "anna.ofer", folder)
    if MODE == "damaged":
        (folder / "polygons.npy").write_bytes(b"no array")
    name_photos(folder / "reconstruction.json", request["photos"])
    (PREPARED / "request.json").write_text(json.dumps(request))
    send("Result", id=request["id"], path=str(folder), notes=["The focal length was assumed."])


def perform(request: dict) -> None:
    """The prepared head, with the performance that lies in it."""
    send("Stage", id=request["id"], name="Reading the video", step=1, of=9, eta=3.0)
    folder = Path(request["out"]) / f"{request['name']}.ofer"
    shutil.copytree(PREPARED / "anna.ofer", folder)
    (PREPARED / "request.json").write_text(json.dumps(request))
    send("Result", id=request["id"], path=str(folder), notes=[])


def name_photos(path: Path, photos: list[dict]) -> None:
    """Let the record be of the photos that were sent, as far as it has any and they are there."""
    record = json.loads(path.read_text("utf-8"))
    there = [photo for photo in photos if Path(photo["path"]).is_file()]
    for view, photo in zip(record["views"], there, strict=False):
        digest = hashlib.sha256(Path(photo["path"]).read_bytes()).hexdigest()
        view["photo"] |= {"name": Path(photo["path"]).name, "sha256": digest}
    path.write_text(json.dumps(record), "utf-8")


def more_like_this(request: dict) -> None:
    """The folder gets what lies in PREPARED/more, after one head was announced."""
    send("Stage", id=request["id"], name="Drawing heads", step=1, of=2, eta=0.2)
    folder = Path(request["out"]) / f"{request['name']}.ofer"
    send("HypothesisReady", id=request["id"], folder=str(PREPARED / "more" / "anna.ofer"),
         name="identity_05", kind="identity", row=4, rank=1, score=0.3, number=1, of=3)  # fmt: skip
    (PREPARED / "request.json").write_text(json.dumps(request))
    if MODE == "slow":
        cancelled.wait()
        cancelled.clear()
        send("Cancelled", id=request["id"])
        return
    shutil.copytree(PREPARED / "more" / "anna.ofer", folder, dirs_exist_ok=True)
    send("Result", id=request["id"], path=str(folder), notes=[])


def express(request: dict) -> None:
    """The answer that lies in PREPARED, wherever it came from."""
    (PREPARED / "request.json").write_text(json.dumps(request))
    shutil.copyfile(PREPARED / "expressions.npz", request["out"])
    send("Result", id=request["id"], path=request["out"], notes=[])


def texture(request: dict) -> None:
    """A skin of one grey that the prepared head fits, or what the mode says of the photos."""
    (PREPARED / "texture.json").write_text(json.dumps(request))
    if MODE == "no_skin":
        refuse(request, "photo_unreadable")
        return
    if MODE == "slow_skin":
        send("Stage", id=request["id"], name="Painting the skin", step=1, of=2, eta=9.0)
        while not (cancelled.is_set() or (PREPARED / "go_on").exists()):
            time.sleep(0.02)
        if cancelled.is_set():
            cancelled.clear()
            send("Cancelled", id=request["id"])
            return
    shutil.copytree(PREPARED / "skin", request["out"])
    send("Result", id=request["id"], path=request["out"], notes=[])


def picture(request: dict) -> None:
    """Of each hypothesis the picture of the one before it."""
    (PREPARED / "picture.json").write_text(json.dumps(request))
    out = Path(request["out"])
    out.mkdir()
    pictures = sorted((PREPARED / "anna.ofer" / "thumbnails").iterdir())
    for place, each in enumerate(pictures):
        shutil.copyfile(pictures[place - 1], out / each.name)
    send("Result", id=request["id"], path=str(out), notes=[])


def main() -> None:
    threading.Thread(target=read, daemon=True).start()
    if MODE == "flood":
        while True:
            sys.stdout.write("y" * 4096)
    if MODE == "stillborn":
        os.kill(os.getpid(), 9)
    threading.Thread(target=beat, daemon=True).start()
    while request := requests.get():
        match request["type"]:
            case "Hello":
                protocol = 99 if MODE == "foreign" else 4
                packs = ["open"]
                send("Ready", protocol=protocol, engine="fake", device="cpu", memory=9, packs=packs)
            case "OpenPhoto":
                open_photo(request)
            case "Reconstruct":
                reconstruct(request)
            case "Perform":
                perform(request)
            case "InspectWeights":
                inspect_weights(request)
            case "InstallWeights":
                install_weights(request)
            case "MoreLikeThis":
                more_like_this(request)
            case "Texture":
                texture(request)
            case "Picture":
                picture(request)
            case "Express":
                express(request)
            case "Quit":
                return


main()
