"""The wire: every message survives a round trip, and nothing else is taken for one."""

import json
import typing

import pytest

from ofer_engine.contract import protocol
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.records import Hints, PinRecord
from ofer_engine.contract.sentence import Sentence, joined

REQUESTS = [
    protocol.Hello(protocol.PROTOCOL_VERSION),
    protocol.OpenPhoto(1, "/photos/Zoë \u2028 5.jpg"),
    protocol.Reconstruct(
        2,
        (
            protocol.PhotoFace("a.jpg", box=(1.0, 2.5, 3.0, 4.0), hidden=("eyes",)),
            protocol.PhotoFace("b.jpg", 3, points=(1.0, 2.0, 3.0, 2.0, 2.0, 5.0), mask="m.png"),
        ),
        "/out",
        "a",
        seed=2**40,
        hints=Hints(age=30.0, sex=None, build=0.5),
        guidance=0.25,
    ),
    protocol.MoreLikeThis(3, "/out/a.ofer", "/out", "b", (4, 7), (0.5, 0.5), strength=0.25),
    protocol.MoreLikeThis(
        3,
        "/out/a.ofer",
        "/out",
        "b",
        (4,),
        (1.0,),
        pins=(PinRecord(9, (1.5, 2.0), 1),),
        hints=Hints(age=30.0),
    ),
    protocol.Express(4, "/out/a.ofer", "/out/e.npz", (4,), (1.0,)),
    protocol.Texture(
        5,
        "/out/a.ofer",
        (protocol.SkinPhoto("a.jpg", "m.png"), protocol.SkinPhoto("")),
        "/out/skin",
        (4,),
        (1.0,),
        resolution=512,
        clean_shave=True,
        paint_brows=False,
    ),
    protocol.Picture(5, "/out/a.ofer", "/out/b", "/out/a.png", "/out/a.npy", (0.1, 0.2, 0.3)),
    protocol.Perform(8, "/v/a.mp4", "/out", "a", face=1, box=(1.0, 2.0, 3.0, 4.0), rate=25.0),
    protocol.InspectWeights(6, ("/weights/a.pt",)),
    protocol.InstallWeights(7, ("/weights/a.pt", "/weights/b.pkl")),
    protocol.Cancel(),
    protocol.Unload(),
    protocol.Quit(),
]
EVENTS = [
    protocol.Ready(1, "0.1.0", "cpu", 512, ("open", "mine"), ("open",)),
    protocol.PhotoOpened(
        1, "a.jpg", 640, 480, (protocol.FaceFound((1.0, 2.0, 3.0, 4.0), 0.9, 0.5, True),), ("n",)
    ),
    protocol.WeightsInspected(6, (protocol.WeightFile("/weights/a.pt", "IdGen", "OFER", False),)),
    protocol.Stage(2, "Drawing heads", 3, 20, 1.25),
    protocol.HypothesisReady(2, "/out/a.ofer", "identity", "identity_01", 0, 1, 0.02, 1, 25),
    protocol.Result(2, "/out/a.ofer", ()),
    protocol.Failure(2, "no_face", "No face.", "Place it.", "/log"),
    protocol.failure(
        2, OferError(ErrorCode.NO_FACE, "No face in {name}.", "Wait {s:.1f} s.", name="a", s=2)
    ),
    protocol.Result(
        2, "/out/a.ofer", (joined(Sentence("Photo {n} is {why}.", n=3, why="dark"), "End."),)
    ),
    protocol.Cancelled(2),
    protocol.Heartbeat(),
]


def test_the_lists_above_hold_every_kind():
    assert {type(m) for m in REQUESTS} == set(typing.get_args(protocol.Request))
    assert {type(m) for m in EVENTS} == set(typing.get_args(protocol.Event))


@pytest.mark.parametrize("message", REQUESTS)
def test_requests_survive_the_wire(message):
    line = protocol.encode(message)
    assert line.isascii() and "\n" not in line
    assert protocol.decode_request(line) == message


@pytest.mark.parametrize("message", EVENTS)
def test_events_survive_the_wire(message):
    assert protocol.decode_event(protocol.encode(message)) == message


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "[]",
        "null",
        '{"type": "Nothing"}',
        '{"type": "Hello"}',
        '{"type": "Hello", "protocol": "1"}',
        '{"type": "Hello", "protocol": true}',
        '{"type": "Hello", "protocol": 1, "more": 2}',
        '{"type": "OpenPhoto", "id": 1.5, "path": "a"}',
        '{"type": "Express", "id": 1, "folder": "a", "out": "b", "rows": "12", "weights": [1]}',
        '{"type": "Express", "id": 1, "folder": "a", "out": "b", "rows": [1.5], "weights": [1]}',
        '{"type": "Reconstruct", "id": 1, "photos": ["a"], "out": "b", "name": "c"}',
        '{"type": "Reconstruct", "id": 1, "photos": [], "out": "b", "name": "c", "hints": 3}',
        '{"type": "Reconstruct", "id": 1, "photos": [], "out": "b", "name": "c",'
        ' "hints": {"age": "old"}}',
        '{"type": "Reconstruct", "id": 1, "photos": [], "out": "b", "name": "c",'
        f' "hints": {{"age": {"9" * 400}}}}}',
        f'{{"type": "OpenPhoto", "id": {"9" * 400}, "path": "a"}}',
        f'{{"type": "OpenPhoto", "id": {"9" * 5000}, "path": "a"}}',
        '{"type": "Reconstruct", "id": 1, "photos": [], "out": "b", "name": "c", "guidance": NaN}',
        '{"type": "Reconstruct", "id": 1, "photos": [], "out": "b", "name": "c", "seed": 1e999}',
        '{"type": "Express", "id": 1, "folder": "a", "out": "b", "rows": [1], "weights": [1e999]}',
        '{"type": "OpenPhoto", "id": 1, "path": "a\\u0000b"}',
        '{"type": ["OpenPhoto"], "id": 1, "path": "a"}',
        '{"type": {}, "id": 1, "path": "a"}',
        '{"type": "OpenPhoto", "id": 1, "path": [["path", "a"]]}',
        '{"type": "Texture", "id": 1, "folder": "a", "photos": [[["path", "a"]]], "out": "b",'
        ' "rows": [1], "weights": [1]}',
        '{"type": "OpenPhoto", "id": 1, "path": "' + "a" * 300_000 + '"}',
        '{"type": "Hello", "protocol": ' + "[" * 100_000,
        '{"a":' * 100_000,
        "[" * 100_000,
        "\x00\xff",
        "\ud800",
        '{"type": "OpenPhoto", "id": 1, "path": "a\\ud800b"}',
        '{"type": "OpenPhoto", "id": 1, "path": "\\uD83D"}',
        '{"type": "OpenPhoto", "id": 1, "path": "a", "\\udbff": 1}',
    ],
)
def test_anything_else_is_refused_by_name(line):
    with pytest.raises(OferError) as caught:
        protocol.decode_request(line)
    assert caught.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("value", ["9" * 400, "1e999", "NaN", "-Infinity", '"1"', "[]", "true"])
def test_an_event_with_a_number_that_is_none_is_refused(value):
    line = f'{{"type": "Stage", "id": 2, "name": "Drawing", "step": 1, "of": 2, "eta": {value}}}'
    assert not protocol.is_last_word(line)
    with pytest.raises(OferError) as caught:
        protocol.decode_event(line)
    assert caught.value.code is ErrorCode.BAD_REQUEST


def test_what_would_have_ended_a_request_is_told_from_what_a_library_prints():
    broken = f'{{"type": "Cancelled", "id": {"9" * 400}}}'
    with pytest.raises(OferError):
        protocol.decode_event(broken)
    assert protocol.is_last_word(broken)
    for line in ("Downloading", '{"type": "Result"}', '{"type": "Nix", "id": 1}', ""):
        assert not protocol.is_last_word(line)


def test_a_file_name_that_is_no_utf_8_survives_the_wire():
    request = protocol.OpenPhoto(1, "/photos/Zo\udceb.jpg")
    line = protocol.encode(request)
    assert line.isascii() and protocol.decode_request(line) == request


def test_letters_beyond_the_first_plane_survive_the_wire():
    request = protocol.OpenPhoto(1, "/photos/\N{GRINNING FACE}\N{LINEAR B SYLLABLE B008 A}.jpg")
    line = protocol.encode(request)
    assert line.isascii() and protocol.decode_request(line) == request


def test_a_number_that_is_not_finite_is_not_sent():
    with pytest.raises(ValueError, match="float"):
        protocol.encode(protocol.Stage(1, "Drawing heads", 1, 2, float("nan")))


def test_an_event_is_no_request():
    with pytest.raises(OferError):
        protocol.decode_request(protocol.encode(protocol.Heartbeat()))


def test_a_failure_carries_the_error_whole():
    error = OferError(ErrorCode.NO_FACE, "No face was found.", "Place it by hand.")
    event = protocol.failure(7, error, "/log")
    assert event == protocol.Failure(
        7, "no_face", "No face was found.", "Place it by hand.", "/log"
    )
    assert json.loads(protocol.encode(event))["type"] == "Failure"
