"""Following one face: through movement, cuts, strangers and a hand."""

import numpy as np
import pytest

from ofer_engine.performance import watch
from ofer_engine.performance.follow import STRANGER, WATCHED, CutFinder, Follower
from ofer_engine.photo.landmarks import LandmarkReading
from ofer_engine.photo.load import Photo

GREY = Photo(np.full((90, 160, 3), 90, np.uint8), "a", "", None, (160, 90))
FLASH = Photo(np.full((90, 160, 3), 220, np.uint8), "a", "", None, (160, 90))
SHAPE = np.random.default_rng(0).uniform(-10, 10, (468, 3))
ANNA, BERT = np.zeros(120), np.full(120, 1.0)  # eleven deviations apart


def face(x, y=45, presence=1.0):
    return LandmarkReading(SHAPE + (x, y, 0), presence)


class Scene:
    """A detector that sees what it is told. near : what is seen where the face was; seen : all
    faces, with whose they are."""

    def __init__(self):
        self.near, self.seen = None, []
        self.asked = 0

    def again(self, photo, landmarks):
        return self.near or LandmarkReading(landmarks, 0.0)

    def glance(self, photo):
        self.asked += 1
        return tuple(reading for reading, _ in self.seen)

    def code(self, photo, landmarks):
        return next(who for reading, who in self.seen if reading.landmarks is landmarks)


@pytest.fixture
def scene():
    return Scene()


@pytest.fixture
def follower(scene):
    """Following Anna at x = 60, well known."""
    found = Follower(scene, scene.code)
    found.begin(face(60).landmarks)
    scene.near = face(60)
    for _ in range(2 * WATCHED + 6):
        assert found.next(GREY).presence == 1.0
        assert not found.learn(ANNA, 1.0)
    return found


def test_a_face_is_found_where_it_was_without_looking_elsewhere(scene, follower):
    scene.near = face(64)
    assert follower.next(GREY).landmarks is scene.near.landmarks and scene.asked == 0


def test_another_face_is_not_taken_when_the_person_leaves(scene, follower):
    scene.near, scene.seen = None, [(face(120), BERT)]
    assert all(follower.next(GREY).landmarks is None for _ in range(60))


def test_the_person_is_taken_again_beside_another_wherever(scene, follower):
    scene.near = None
    for _ in range(40):
        follower.next(GREY)
    scene.seen = [(face(100), BERT), (face(20), ANNA + 0.1)]
    found = [follower.next(GREY) for _ in range(8)]
    assert any(each.landmarks is scene.seen[1][0].landmarks for each in found)
    assert not any(each.landmarks is scene.seen[0][0].landmarks for each in found)


def test_after_a_cut_the_place_says_nothing(scene, follower):
    scene.near, scene.seen = face(60), [(face(60), BERT)]
    sighting = follower.next(FLASH)
    assert sighting.cut and sighting.landmarks is None
    scene.seen = [(face(90), ANNA)]
    back = [follower.next(GREY)] + [follower.next(GREY) for _ in range(5)]
    assert back[0].cut and back[0].landmarks is scene.seen[0][0].landmarks


def test_a_jump_is_no_movement(scene, follower):
    scene.near = face(110)
    assert follower.next(GREY).landmarks is None


def test_somebody_who_came_before_the_person_is_let_go_of(scene, follower):
    stranger = ANNA + (STRANGER + 1) / np.sqrt(120)
    learned = []
    for _ in range(WATCHED):
        follower.next(GREY)
        learned.append(follower.learn(stranger, 1.0))
    assert learned[0] == 0 and [each for each in learned if each] == [WATCHED]
    scene.near, scene.seen = face(60), [(face(60), stranger)]
    assert follower.next(GREY).landmarks is None


def test_what_is_hardly_seen_teaches_nothing(scene, follower):
    for _ in range(2 * WATCHED):
        assert not follower.learn(BERT, 0.4)


@pytest.mark.parametrize("known", [8, 15, 30, 47])
def test_somebody_who_comes_before_a_person_of_the_first_seconds_is_let_go_of(scene, known):
    follower = Follower(scene, scene.code)
    follower.begin(face(60).landmarks)
    scene.near = face(60)
    said = []
    for frame in range(known + WATCHED):
        follower.next(GREY)
        said.append(follower.learn(BERT if frame >= known else ANNA, 1.0))
        if said[-1]:
            break
    assert len(said) - known <= said[-1] <= WATCHED, "all frames of hers, and few of the person"
    scene.near, scene.seen = face(60), [(face(60), BERT), (face(120), ANNA)]
    seen = [follower.next(GREY) for _ in range(4)]
    found = [each.landmarks for each in seen if each.landmarks is not None]
    assert found and all(each is scene.seen[1][0].landmarks for each in found[:1])


def test_a_state_goes_on_as_the_follower_would_have(scene, follower):
    other = Follower(scene, scene.code)
    assert other.resume(follower.state())
    scene.near = None
    scene.seen = [(face(20), ANNA)]
    for _ in range(40):
        one, two = follower.next(GREY), other.next(GREY)
        assert (one.landmarks is None) == (two.landmarks is None)
    assert not Follower(scene, scene.code).resume({})
    with pytest.raises(ValueError):
        other.resume(follower.state() | {"last": np.zeros((468, 2))})


def test_a_pan_is_no_cut_and_another_picture_is_one():
    rng = np.random.default_rng(1)
    wide = np.repeat(np.repeat(rng.integers(0, 255, (9, 40, 3), np.uint8), 20, 0), 20, 1)
    cuts = CutFinder()
    assert not any(cuts.is_cut(wide[:, 4 * n : 4 * n + 320]) for n in range(20))
    assert cuts.is_cut(255 - wide[:, 80:400])


class Doubtful:
    """A follower that finds out at one frame that it has followed somebody else."""

    def __init__(self, at):
        self.at, self.met = at, 0

    def learn(self, identity, sureness):
        self.met += 1
        return WATCHED * (self.met == self.at)


def test_frames_of_somebody_else_are_blotted_out_also_those_on_their_way(monkeypatch):
    answer = {"identity": ANNA, "visible": np.ones(240)}
    monkeypatch.setattr(watch, "read_crops", lambda pack, crops: [dict(answer) for _ in crops])
    rows = []
    glimpses = [watch._Glimpse({"seconds": n, "presence": 1.0}, object()) for n in range(60)]
    with watch._Reader(None, rows, Doubtful(30)) as reader:
        for glimpse in glimpses:
            reader.take(glimpse)
        reader.finish()
    assert [row["seconds"] for row in rows] == list(range(60))
    kept = [row["seconds"] for row in rows if "identity" in row]
    assert set(range(30 - WATCHED)) <= set(kept) and not set(range(30 - WATCHED, 30)) & set(kept)
    first_after = min(each for each in kept if each >= 30)
    assert 30 < first_after <= 30 + 2 * watch.TOGETHER + 1 and kept[-1] == 59
