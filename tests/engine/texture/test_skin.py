"""Known colours come back, what stands before a face never does, and the other side fills in."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import KDTree

from ofer_engine.geometry.rasteriser import rasterise
from ofer_engine.texture.albedo_prior import AlbedoPrior
from ofer_engine.texture.colours import TO_LINEAR, to_srgb
from ofer_engine.texture.complexion import complexion
from ofer_engine.texture.drawn_brows import DrawnBrows, without_brows
from ofer_engine.texture.explanation import linear, opponent
from ofer_engine.texture.features import features_of, sockets
from ofer_engine.texture.shape import Shape, split
from ofer_engine.texture.skin import make_skin, nearest_covered, padded
from ofer_engine.texture.tone import SKIN
from tests.engine.texture.conftest import PAINTED, SIDE, Patches, covered

RESOLUTION = 512
GREEN = (20, 200, 40)


@pytest.fixture(scope="module")
def paint(head, face_uv, features, albedo, drawn_brows):
    def paint(*views, **options):
        return make_skin(head, face_uv, features, albedo, drawn_brows, views, RESOLUTION, **options)

    return paint


@pytest.fixture(scope="module")
def plain(sitter, paint):
    """Painted from one photo that hides nothing."""
    return paint(sitter.photo())


def _left_half():
    """(H, W) bool: the subject's left, which is the picture's right."""
    return np.arange(SIDE) >= SIDE / 2 + np.zeros((SIDE, 1))


def test_seen_colours_come_back(sitter, head, face_uv, features, plain):
    """Outside the sockets of the eyes, which are painted without the shade of brows."""
    patches = Patches.of(sitter, plain)
    shaded = _of_patches(head, sockets(Shape.of(head, face_uv), features))
    seen = (patches.seen > 0.9) & (shaded < 0.1)
    assert seen.sum() > 250
    error = np.abs(patches.colours / patches.expected - 1)[seen]
    assert np.median(error) < 0.03
    assert np.quantile(error, 0.95) < 0.12
    assert plain.share > 0.7
    np.testing.assert_allclose(np.float64(plain.tone) ** 2.2, PAINTED, rtol=0.1)


def test_the_same_photo_gives_the_same_bits(sitter, paint, plain):
    again = paint(sitter.photo())
    assert np.array_equal(again.albedo, plain.albedo)
    assert np.array_equal(again.seen, plain.seen)


def test_unseen_skin_has_the_tone_of_the_seen(sitter, plain):
    patches = Patches.of(sitter, plain)
    back = patches.places[:, 2] < -0.06
    assert back.sum() > 50 and (patches.seen[back] == 0).all()
    np.testing.assert_allclose(np.median(patches.colours[back], 0), PAINTED, rtol=0.1)


def test_nothing_of_an_occluder_is_painted(sitter, paint):
    """It has a colour that skin has not, so that no evidence is needed."""
    hidden = _left_half()
    painted = paint(covered(sitter.photo(), hidden, GREEN, known=False))
    linear = painted.albedo.astype(int)
    assert (linear[..., 1] <= linear[..., 0]).all()
    left = Patches.of(sitter, painted)
    assert (left.seen[left.places[:, 0] > 0.012] < 0.05).all()


def test_a_hand_is_left_out_where_the_evidence_says_hidden(sitter, paint, plain):
    hand = np.array([170, 120, 100])  # skin, but darker than the sitter's
    painted = paint(covered(sitter.photo(), _left_half(), hand, known=True))
    before, after = Patches.of(sitter, plain), Patches.of(sitter, painted)
    cheek = (before.seen > 0.9) & (before.places[:, 0] > 0.025)
    assert cheek.sum() > 60
    assert (after.seen[cheek] < 0.2).all()
    error = np.abs(after.colours / before.expected - 1)[cheek]
    assert np.median(error) < 0.12  # the other cheek, and it has other blotches


def test_the_shadow_below_a_fringe_is_not_painted(sitter, head, paint):
    """It is skin to the eye of the evidence, but a dark line across the brow of a bald head."""
    forehead = head.template[head.region("forehead") > 0.5]
    height, front = head.template[:, 1] - np.median(forehead[:, 1]), head.template[:, 2] > 0.03
    colours = sitter.colours.copy()
    colours[front & (height > 0)] = (0.05, 0.03, 0.02)
    colours[front & (height <= 0) & (height > -0.008)] *= 0.7
    combed = replace(sitter, colours=colours)
    patches = Patches.of(combed, paint(combed.photo()))
    bright = patches.colours.mean(1) / PAINTED.mean()
    below = patches.places[:, 1] - np.median(forehead[:, 1])
    shaded = (below < 0) & (below > -0.007) & (np.abs(patches.places[:, 0]) < 0.05)
    shaded &= patches.places[:, 2] > 0.05
    assert shaded.sum() > 5
    assert bright[shaded].min() > 0.97


def test_black_brows_stay_black(sitter, head, paint, plain):
    """They are grey beside skin, as glasses are; but they are where brows are."""
    brows = head.region("brows") > 0.3
    colours = sitter.colours.copy()
    colours[brows] = (0.022, 0.020, 0.019)
    black = replace(sitter, colours=colours)
    before, after = Patches.of(sitter, plain), Patches.of(black, paint(black.photo()))
    polygons = head.polygons[np.flatnonzero(head.part == 0), :3]
    inside = head.region("brows")[polygons].mean(1) > 0.6
    assert inside.sum() >= 10
    darker = after.colours.mean(1) / before.colours.mean(1)
    assert np.quantile(darker[inside], 0.75) < 0.85
    assert np.median(darker[inside]) < 0.3  # the photo has 0.09
    cheek = (before.seen > 0.9) & (before.places[:, 1] < 0.03)
    assert cheek.sum() > 60 and abs(np.median(darker[cheek]) - 1) < 0.03


@pytest.mark.parametrize("thick", [False, True])
def test_brows_that_lie_lower_are_painted_where_they_are(
    sitter, head, face_uv, features, paint, thick
):
    """By 6 mm, as on many faces; and such that reach from the head's place for brows on by 4 mm."""
    brows, down = head.region("brows"), 0.004 if thick else 0.006
    shape = Shape.of(head, face_uv)
    bare = replace(sitter, colours=linear(without_brows(shape, features, opponent(sitter.colours))))
    view = bare.photo()
    triangles, _ = split(head.polygons, head.uv)
    depth = -view.camera.to_camera(view.vertices)[:, 2]
    pixels = view.pixels.copy()
    for step in np.linspace(0, 1, 13) if thick else (1.0,):
        lowered = view.camera.project(view.vertices - (0, step * down, 0))
        fragments = rasterise(lowered, depth, triangles, SIDE, SIDE)
        hair = fragments.pixel[fragments.interpolate(brows[:, None])[:, 0] > 0.3]
        pixels.reshape(-1, 3)[hair] = (38, 36, 35)
    patches = Patches.of(bare, paint(replace(view, pixels=pixels)))
    bright = patches.colours.mean(1) / patches.expected.mean(1)
    polygons = head.polygons[np.flatnonzero(head.part == 0), :3]
    own = brows[polygons].mean(1)
    away, _ = KDTree(head.template[brows > 0.8] - (0, down, 0)).query(patches.places)
    there, still = away < 0.003, (own > 0.6) & (away > 0.004)
    assert there.sum() >= 6
    assert np.median(bright[there]) < 0.6
    if thick:
        assert np.median(bright[own > 0.6]) < 0.7
    else:
        assert still.sum() >= 6 and np.median(bright[still]) > 0.8


@pytest.mark.parametrize(
    "made_up", [(0.75, 0.4, 0.5), (1.1, 0.75, 0.45), (0.55, 0.4, 0.42)],
    ids=["crimson", "orange", "dark"],
)  # fmt: skip
def test_lipstick_stays(sitter, head, features, paint, plain, made_up):
    """It is farther from skin than a glove, but it is where lips are."""
    colours = sitter.colours.copy()
    colours[features.lips > 0.3] *= made_up
    painted = replace(sitter, colours=colours)
    before, after = Patches.of(sitter, plain), Patches.of(painted, paint(painted.photo()))
    changed = opponent(after.colours) - opponent(before.colours)
    belongs = _of_patches(head, features.lips)
    lips, elsewhere = belongs > 0.9, (before.seen > 0.9) & (belongs < 0.02)
    assert lips.sum() > 20 and elsewhere.sum() > 100
    share = np.median(changed[lips], 0) @ opponent(np.array(made_up))
    share /= (opponent(np.array(made_up)) ** 2).sum()
    assert 0.55 < share < 1.1
    assert np.abs(np.median(changed[elsewhere], 0)).max() < 0.02


def test_a_hand_over_the_mouth_is_no_lipstick(sitter, head, features, paint, plain):
    mouth = head.template[features.lips > 0.5]
    view = sitter.photo()
    low, high = (view.camera.project(mouth).min(0) - 8, view.camera.project(mouth).max(0) + 8)
    x, y = np.mgrid[:SIDE, :SIDE][::-1] + 0.5
    hand = (x > low[0]) & (x < high[0]) & (y > low[1]) & (y < high[1])
    painted = paint(covered(view, hand, to_srgb(SKIN[None] * 0.8)[0], known=False))
    before, after = Patches.of(sitter, plain), Patches.of(sitter, painted)
    lips = _of_patches(head, features.lips) > 0.9
    changed = np.median(opponent(after.colours[lips]) - opponent(before.colours[lips]), 0)
    assert np.abs(changed).max() < 0.12


def test_a_strand_over_the_cheek_is_filled_in(sitter, head, paint, plain):
    """Like the skin on either side, without an edge."""
    view, middle = sitter.photo(), np.array([0.046, 0.02, 0.085])
    x, _ = view.camera.project(middle[None])[0]
    columns = np.mgrid[:SIDE, :SIDE][1] + 0.5
    strand = np.abs(columns - x) < 1.4
    painted = paint(covered(view, strand, (24, 18, 16), known=False))
    before, after = Patches.of(sitter, plain), Patches.of(sitter, painted)
    near = (np.linalg.norm(before.places - middle, axis=1) < 0.012) & (before.seen > 0.8)
    assert near.sum() > 5
    changed = opponent(after.colours[near]) - opponent(before.colours[near])
    assert np.abs(changed).max() < 0.15
    assert np.median(after.seen[near]) > 0.8


def test_what_is_seen_ends_without_an_edge(sitter, paint, plain):
    """A cheek in the sun beside a curtain of hair: its brightness does not end at the hair."""
    view, sun = sitter.photo(), np.array([0.05, 0.01, 0.075])
    at = view.camera.project(sun[None])[0]
    columns, rows = np.mgrid[:SIDE, :SIDE][::-1] + 0.5
    away = np.hypot(columns - at[0], rows - at[1])
    lit = 1 + 0.6 * np.exp(-0.5 * (away / 24) ** 2)[..., None]
    sunny = replace(view, pixels=to_srgb(np.minimum(TO_LINEAR[view.pixels] * lit, 1)))
    hair = columns > at[0] + 10
    before = Patches.of(sitter, plain)
    after = Patches.of(sitter, paint(covered(sunny, hair, (24, 18, 16), known=True)))
    brighter = np.log(after.colours.mean(1) / before.colours.mean(1))
    cheek = np.abs(before.places[:, 1] - sun[1]) < 0.02
    cheek &= (before.places[:, 2] > 0) & (before.places[:, 0] > 0.02)
    step = (before.places[cheek, 0] / 0.004).astype(int)
    along = [brighter[cheek][step == each].mean() for each in np.unique(step)]
    assert len(along) > 10 and np.ptp(along) > 0.03
    assert np.abs(np.diff(along)).max() < 0.028


@pytest.mark.parametrize("bright", [0.8, 1.05], ids=["grey", "white"])
def test_grey_hair_at_the_temples_is_not_painted(sitter, head, features, paint, plain, bright):
    """It is as bright as skin; only its hue tells it."""
    scalp = head.template[features.scalp > 0.5]
    line = scalp[(scalp[:, 2] > 0.05), 1].min() - 0.02
    colours = sitter.colours.copy()
    combed = (head.template[:, 1] > line) & (head.template[:, 2] > 0)
    shade = np.array([0.86, 1.02, 1.1]) * SKIN * bright
    colours[combed] = shade * (1 + 0.12 * np.sin(900 * head.template[combed, :1]))
    old = replace(sitter, colours=colours)
    before, after = Patches.of(sitter, plain), Patches.of(old, paint(old.photo()))
    hidden = (before.places[:, 1] > line + 0.004) & (before.seen > 0.7)
    assert hidden.sum() > 10
    changed = np.median(opponent(after.colours[hidden]) - opponent(before.colours[hidden]), 0)
    assert np.abs(changed[1:]).max() < 0.06
    assert np.median(after.seen[hidden]) < 0.3


def _of_patches(head, field):
    """(N,) the mean of a vertex's field (V,) over each patch."""
    return field[head.polygons[np.flatnonzero(head.part == 0), :3]].mean(1)


def test_a_lamps_reflection_is_not_painted(sitter, head, paint, plain):
    """White over the skin's own colour on a forehead: brighter and paler."""
    view, middle = sitter.photo(), np.array([0.0, 0.095, 0.115])
    away = np.mgrid[:SIDE, :SIDE][::-1] + 0.5 - view.camera.project(middle[None])[0][:, None, None]
    lamp = 0.12 * np.exp(-0.5 * (away**2).sum(0) / 10.0**2)[..., None]
    shiny = paint(replace(view, pixels=to_srgb(TO_LINEAR[view.pixels] + lamp)))
    before, after = Patches.of(sitter, plain), Patches.of(sitter, shiny)
    near = np.linalg.norm(before.places - middle, axis=1) < 0.014
    assert near.sum() > 5 and before.seen[near].min() > 0.8
    changed = np.median(opponent(after.colours[near]) - opponent(before.colours[near]), 0)
    assert (np.abs(changed) < (0.08, 0.02, 0.05)).all()


@pytest.mark.parametrize("strong", [True, False], ids=["outlines", "skin"])
def test_what_varies_more_than_skin_is_hardly_painted(sitter, head, paint, plain, strong):
    """Outlines of fingers or hard shadows all over the forehead; faint ones may be skin's own."""
    view, middle = sitter.photo(), np.array([0.0, 0.095, 0.115])
    away = np.mgrid[:SIDE, :SIDE][::-1] + 0.5 - view.camera.project(middle[None])[0][:, None, None]
    stripes = (0.4 if strong else 0.08) * np.sin(away[0] * 0.75) * (np.hypot(*away) < 34)
    striped = to_srgb(np.minimum(TO_LINEAR[view.pixels] * np.exp(stripes)[..., None], 1))
    before, after = (
        Patches.of(sitter, plain),
        Patches.of(sitter, paint(replace(view, pixels=striped))),
    )
    near = (np.linalg.norm(before.places - middle, axis=1) < 0.02) & (before.seen > 0.8)
    assert near.sum() > 10
    changed = np.std(opponent(after.colours[near]) - opponent(before.colours[near]), axis=0)[0]
    share = changed / np.std(stripes[np.hypot(*away) < 30])
    assert share < 0.25 if strong else share > 0.5


def test_glasses_over_the_brows_are_not_painted(sitter, head, paint, plain):
    """As black as brows, but wider."""
    bar = head.template[head.region("brows") > 0.8, 1].mean()
    colours = sitter.colours.copy()
    colours[(np.abs(head.template[:, 1] - bar + 0.018) < 0.026)] = (0.022, 0.020, 0.019)
    worn = replace(sitter, colours=colours)
    before, after = Patches.of(sitter, plain), Patches.of(worn, paint(worn.photo()))
    polygons = head.polygons[np.flatnonzero(head.part == 0), :3]
    inside = head.region("brows")[polygons].mean(1) > 0.6
    darker = after.colours.mean(1) / before.colours.mean(1)
    assert np.median(darker[inside]) > 0.75


def test_an_artists_mask_is_enough(sitter, paint, plain):
    hidden = _left_half()
    view = covered(sitter.photo(), hidden, (170, 120, 100), known=False)
    after = Patches.of(sitter, paint(replace(view, hidden=hidden)))
    before = Patches.of(sitter, plain)
    cheek = (before.seen > 0.9) & (before.places[:, 0] > 0.025)
    assert (after.seen[cheek] < 0.2).all()


def test_the_hidden_side_mirrors_the_seen_one(sitter, head, paint):
    """A mole on the right cheek is found on the left one, where the photo shows nothing."""
    mole = np.linalg.norm(head.template[:, :2] - (-0.040, 0.0), axis=1) < 0.007
    mole &= head.template[:, 2] > 0.05
    colours = sitter.colours.copy()
    colours[mole] *= 0.72
    spotted = replace(sitter, colours=colours)
    hidden = _left_half()
    with_mole, without = (
        Patches.of(sitter, paint(replace(each.photo(), hidden=hidden)))
        for each in (spotted, sitter)
    )
    darker = with_mole.colours.mean(1) / without.colours.mean(1)
    at = np.linalg.norm(with_mole.places[:, :2] - (0.040, 0.0), axis=1)
    front = with_mole.places[:, 2] > 0.05
    inside, around = front & (at < 0.005), front & (at > 0.014) & (at < 0.022)
    assert inside.any() and around.any()
    assert np.median(darker[inside]) < np.median(darker[around]) - 0.08


def test_several_photos_show_more_than_one(sitter, paint, plain):
    both = paint(sitter.photo(-40.0), sitter.photo(40.0))
    single = paint(sitter.photo(-40.0))
    patches = Patches.of(sitter, both)
    assert (both.seen > 128).sum() > 1.2 * (single.seen > 128).sum()
    seen = patches.seen > 0.9
    assert np.median(np.abs(patches.colours / patches.expected - 1)[seen]) < 0.05


def test_what_is_unwanted_in_the_texture_is_plain_skin(sitter, paint, plain):
    everything = paint(sitter.photo(), unwanted=np.ones((RESOLUTION, RESOLUTION), np.float32))
    nothing = paint(sitter.photo(), unwanted=np.zeros((RESOLUTION, RESOLUTION), np.float32))
    assert np.array_equal(nothing.albedo, plain.albedo)
    without, with_photo = Patches.of(sitter, everything), Patches.of(sitter, plain)
    seen = with_photo.seen > 0.9
    x, y, _ = with_photo.places[seen].T
    blotches = np.sin(300 * x + 1) * np.sin(250 * y)
    gained = np.log(with_photo.colours[seen, 0] / without.colours[seen, 0])
    assert np.corrcoef(gained, blotches)[0, 1] > 0.5, "the photo's own, and only where wanted"


def test_a_clean_shave_leaves_no_beard_and_all_else(sitter, head, features, paint):
    """Of stubble, which is darker and greyer than skin."""
    colours = sitter.colours.copy()
    stubble = np.array([0.62, 0.72, 0.74])
    colours *= 1 + features.beard[:, None] * (stubble - 1)
    bearded = replace(sitter, colours=colours)
    grown, shaved = (
        Patches.of(sitter, paint(bearded.photo(), clean_shave=each)) for each in (False, True)
    )
    skin = head.polygons[head.part == 0, :3]
    chin, lips = (each[skin].min(1) > 0.9 for each in (features.beard, features.lips))
    seen = grown.seen > 0.5
    assert (chin & seen).sum() > 100 and (lips & seen).sum() > 20
    ratio = {
        each: np.log(patches.colours[chin & seen] / PAINTED).mean(0)
        for each, patches in (("grown", grown), ("shaved", shaved))
    }
    assert ratio["grown"][0] < -0.12
    assert np.abs(ratio["shaved"]).max() < 0.1
    far = (features.beard[skin].max(1) == 0) & seen
    np.testing.assert_allclose(shaved.colours[far], grown.colours[far], rtol=0.03)
    assert np.median(np.abs(shaved.colours[lips & seen] / grown.colours[lips & seen] - 1)) < 0.05


def test_without_brows_their_place_is_bare_and_all_else_as_before(sitter, head, features, paint):
    """Of a photo that shows dark brows."""
    browed = replace(sitter, colours=sitter.colours * (1 - 0.6 * features.brows[:, None]))
    painted, bare = (
        Patches.of(sitter, paint(browed.photo(), paint_brows=each)) for each in (True, False)
    )
    skin = head.polygons[head.part == 0, :3]
    brow = features.brows[skin].min(1) > 0.1
    assert brow.sum() > 10
    assert np.median(np.log(painted.colours[brow] / PAINTED)) < -0.25
    assert np.abs(np.median(np.log(bare.colours[brow] / PAINTED), 0)).max() < 0.1
    around = KDTree(head.template[features.brows > 0])
    elsewhere = around.query(head.template[skin].mean(1))[0] > 0.02
    elsewhere &= bare.seen > 0  # not the sockets, which lie behind brows
    assert elsewhere.sum() > 1000
    np.testing.assert_array_equal(bare.colours[elsewhere], painted.colours[elsewhere])


def test_a_flame_without_uvs_is_painted(flame, flame_uv, flame_sitter, head):
    """Triangles, five joints, a layout of its own, features of the nearest place on the open head;
    its eyeballs hide what lies behind them and are not painted on it."""
    features = features_of(flame, lambda: head)
    albedo = AlbedoPrior.load().on(flame, lambda: head)
    brows = DrawnBrows.on(flame, lambda: head)
    views = (flame_sitter.photo(),)
    painted = make_skin(flame, flame_uv, features, albedo, brows, views, RESOLUTION)
    patches = Patches.of(flame_sitter, painted)
    seen = patches.seen > 0.9
    assert seen.sum() > 500
    error = np.abs(patches.colours / patches.expected - 1)[seen]
    assert np.median(error) < 0.05
    assert painted.share > 0.5
    np.testing.assert_allclose(np.float64(painted.tone) ** 2.2, PAINTED, rtol=0.15)
    eyes = np.abs(np.abs(patches.places[:, 0]) - 0.03) < 0.006
    eyes &= (np.abs(patches.places[:, 1] - 0.02) < 0.006) & (patches.places[:, 2] > 0)
    assert eyes.any() and (patches.seen[eyes] < 0.1).all()
    assert (patches.colours[:, 0] > 1.2 * patches.colours[:, 2]).all(), "an eyeball's white"


def test_uncovered_texels_have_their_neighbours_colour():
    picture = np.zeros((8, 8, 3), np.uint8)
    covered_texels = np.zeros((8, 8), bool)
    assert nearest_covered(covered_texels) is None
    covered_texels[2, 2], picture[2, 2] = True, (9, 8, 7)
    assert (padded(picture, nearest_covered(covered_texels)) == (9, 8, 7)).all()
    assert np.array_equal(padded(picture, None), picture)


def test_sockets_of_eyes_are_painted_without_the_shade_of_brows(
    sitter, head, face_uv, features, albedo, plain
):
    shape = Shape.of(head, face_uv)
    inside = _of_patches(head, sockets(shape, features)) > 0.6
    inside &= _of_patches(head, features.lids) < 0.05
    shade = _of_patches(head, albedo.mean[:, 0])[inside]
    dark = shade < -0.08
    assert dark.sum() > 8
    painted = opponent(Patches.of(sitter, plain).colours)[inside, 0] - SKIN[0]
    assert np.median(painted[dark] / shade[dark]) < 0.6
    made = complexion(shape, features, albedo, np.zeros(len(albedo.modes)), SKIN, np.zeros(3))
    brows = features.brows > 0.8
    np.testing.assert_allclose(made.base[brows], SKIN + albedo.mean[brows], atol=0.03)


def test_lips_are_darker_and_redder_than_skin(head, face_uv, features, albedo):
    """Also of a person whose modes were bent by teeth."""
    shape = Shape.of(head, face_uv)
    for weights in (np.zeros(len(albedo.modes)), np.full(len(albedo.modes), 2.0)):
        made = complexion(shape, features, albedo, weights, SKIN, np.zeros(3))
        lips = (features.lips > 0.99) & (features.cavity < 0.01)
        away = made.base[lips] - SKIN
        assert lips.any()
        assert (away[:, 0] < -0.13).all() and (away[:, 1] > 0.15).all()
        assert (away[:, 2] < 0.03).all()


def test_single_strands_beside_a_fringe_are_not_painted(sitter, head, paint, plain):
    """Such as no more than darken the skin: alone they could be wrinkles, and stay."""
    brow = head.template[head.region("brows") > 0.5, 1].mean()
    view = sitter.photo()
    at = np.array([[0, brow + up, 0.09] for up in (0.036, 0.014)])
    tips, low = view.camera.project(at)[:, 1]
    rows, columns = np.mgrid[:SIDE, :SIDE]
    aside = np.abs(columns - SIDE / 2) < 28
    strands = (rows > tips) & (rows < low) & aside & (columns % 9 < 2)

    skin = head.part == 0
    triangles, corners = split(head.polygons[skin], plain.uv[skin])
    share = np.random.default_rng(3).dirichlet(np.ones(3), 60)
    places = np.einsum("sc,tcd->tsd", share, head.template[triangles]).reshape(-1, 3)
    texel = np.einsum("sc,tcd->tsd", share, corners).reshape(-1, 2) * (1, -1) + (0, 1)
    column, row = np.clip(texel * RESOLUTION, 0, RESOLUTION - 1).astype(int).T
    seen = view.camera.project(places)
    under = (seen[:, 1] > tips + 4) & (seen[:, 1] < low - 4) & (places[:, 2] > 0.05)
    under &= np.abs(seen[:, 0] - SIDE / 2) < 22
    assert under.sum() > 300

    def marked(fringe: bool) -> float:
        pixels = view.pixels.astype(np.float32)
        pixels[strands] *= 0.84
        if fringe:
            pixels[(rows < tips) & aside] = (24, 20, 18)
        painted = paint(replace(view, pixels=pixels.astype(np.uint8)))
        bright = TO_LINEAR[painted.albedo].mean(2) / TO_LINEAR[plain.albedo].mean(2)
        return float(np.std(bright[row, column][under]))

    assert marked(fringe=False) > 0.03
    assert marked(fringe=True) < 0.5 * marked(fringe=False)
