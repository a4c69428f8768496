"""Packs on disk: the bundled one loads, and a damaged one is refused by name."""

import dataclasses
import hashlib
import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from ofer_engine import pack_registry
from ofer_engine.conditioning.person import EXTRA, HINTS, signed, unsigned
from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.records import Hints
from ofer_engine.diffusion.folded import FoldedDenoiser
from ofer_engine.diffusion.linear_belief import LinearBelief
from ofer_engine.heads.mouth_limits import limited
from ofer_engine.packs.open_description import HEAD, NETWORKS, read_record
from ofer_engine.packs.open_files import kept_as_bytes, write_pack
from ofer_engine.packs.open_pack import crop_around, read_open_pack
from ofer_engine.packs.pack import refuse_unknown_hints
from ofer_engine.photo.align import cut
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.photo.load import load_photo

CPU = torch.device("cpu")
CORNER = [i for i, name in enumerate(ARKIT_52) if name.startswith("mouth") and "Left" in name]
"""Units that share a limit with the left half of a smile."""


@pytest.fixture
def copy(tmp_path):
    """A pack folder that may be damaged."""
    return shutil.copytree(pack_registry.BUNDLED / "open", tmp_path / "open")


@pytest.fixture(scope="module")
def pack():
    return read_open_pack(pack_registry.BUNDLED / "open", CPU)


def test_the_bundled_pack_says_what_it_is(pack):
    assert pack.record.id == "open" and pack.record.commercial
    assert pack.record.claim == "plausible, not a likeness"
    assert read_record(pack_registry.BUNDLED / "open") == pack.record


def test_the_bundled_pack_is_small_enough():
    folder = pack_registry.BUNDLED / "open"
    assert sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) <= 60e6


def test_networks_are_ready_to_use_and_finite(pack):
    for name in NETWORKS:
        network = getattr(pack.networks, name)
        assert not network.training
        assert not any(p.requires_grad for p in network.parameters())
        assert all(torch.isfinite(v).all() for v in network.state_dict().values())


@torch.inference_mode()
def test_drawn_expressions_lie_about_the_one_that_the_conditioner_reads(pack):
    conditioner = pack.networks.conditioner
    crop = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(7))
    read = pack.read(crop)
    context = conditioner.context(read)
    torch.testing.assert_close(
        conditioner.regressed_expression(context), read.expression.clamp(0, 1), atol=1e-4, rtol=0
    )
    smile = ARKIT_52.index("mouthSmileLeft")
    drawn = torch.zeros(3, len(ARKIT_52))
    drawn[1, smile], drawn[2, smile] = 1.0, -1.0
    still, more, less = pack.expression_coefficients(drawn, signed(context))
    regressed = read.expression.clamp(0, 1).numpy()
    np.testing.assert_allclose(still, limited(regressed)[0], atol=1e-4)
    assert more[smile] > still[smile] >= less[smile]
    np.testing.assert_allclose(np.delete(more, CORNER), np.delete(still, CORNER), atol=1e-6)
    drifted = pack.expression_coefficients(drawn + 0.7, signed(context))
    np.testing.assert_allclose(drifted, [still, more, less], atol=1e-5)
    alone = pack.expression_coefficients(drawn[1:2], signed(context))
    np.testing.assert_allclose(alone[0], still, atol=1e-6)


@torch.inference_mode()
def test_identity_is_drawn_from_what_was_regressed_and_expressions_from_what_meets_the_points(
    pack, portrait
):
    photo = load_photo(portrait)
    face = FaceDetector.load(pack_registry.BUNDLED / "faces").detect(photo)[0]
    evidence = pack.encode(photo, face)
    picture = cut(photo, crop_around(face.landmarks).resized(pack.sizes.crop))
    read = pack.read_photos(torch.from_numpy(picture).permute(2, 0, 1)[None])
    said = pack.networks.conditioner.regressed_expression
    regressed, fitted = read.expression.clamp(0, 1), said(evidence.contexts.expression)
    torch.testing.assert_close(said(evidence.contexts.identity), regressed, atol=1e-4, rtol=0)
    torch.testing.assert_close(evidence.contexts.ranking, evidence.contexts.identity)
    assert (fitted - regressed).abs().max() > 0.01
    person = pack.person_contexts([evidence], Hints())
    torch.testing.assert_close(said(unsigned(person.expression)), fitted, atol=1e-4, rtol=0)
    moved = np.tensordot(fitted[0].numpy(), pack.head.expression[:, pack.head.point_vertices], 1)
    np.testing.assert_allclose(evidence.shift, moved, atol=1e-4)


def test_a_head_is_as_far_away_as_was_read_unless_the_photo_tells_its_lens(pack, portrait):
    photo = load_photo(portrait)
    assert photo.focal is None
    face = FaceDetector.load(pack_registry.BUNDLED / "faces").detect(photo)[0]
    picture = cut(photo, crop_around(face.landmarks).resized(pack.sizes.crop))
    with torch.inference_mode():
        read = pack.read_photos(torch.from_numpy(picture).permute(2, 0, 1)[None])
    metres = float(read.pose[0, 2].exp())
    ears = pack.head.landmarks(pack.head.template)[[234, 454]].mean(axis=0)
    seen = pack.encode(photo, face)
    assert not seen.focal_known
    assert -seen.camera.to_camera(ears)[2] == pytest.approx(metres, rel=0.03)
    said = pack.encode(dataclasses.replace(photo, focal=700.0), face)
    assert said.focal_known and said.camera.focal == 700.0


def test_candidates_are_the_samples_moved_apart_and_their_mean(pack):
    networks = dataclasses.replace(pack.networks, spread=torch.tensor(1.5))
    wide = dataclasses.replace(pack, networks=networks)
    drawn = np.random.default_rng(2).normal(size=(5, pack.identities)).astype(np.float32)
    mean = drawn.mean(axis=0)
    *samples, last = wide.candidates(drawn)
    np.testing.assert_allclose(last, mean, atol=1e-6)
    np.testing.assert_allclose(np.stack(samples) - mean, 1.5 * (drawn - mean), atol=1e-5)
    np.testing.assert_allclose(wide.candidates(drawn[:1]), drawn[:1], atol=1e-6)


def test_writing_and_reading_again_changes_nothing(pack, copy):
    write_pack(copy, pack.record, pack.sizes, pack.networks, small=kept_as_bytes(copy))
    again = read_open_pack(copy, CPU)
    assert again.sizes == pack.sizes
    assert dataclasses.replace(again.record, fingerprint=pack.record.fingerprint) == pack.record
    for name in NETWORKS:
        one = getattr(pack.networks, name).state_dict()
        other = getattr(again.networks, name).state_dict()
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_pack_may_have_a_belief_beneath_its_idgen_or_none(pack, copy):
    size, photo = pack.identities, pack.networks.conditioner.context_size
    belief = LinearBelief(size, photo, len(HINTS))
    belief.offset.copy_(torch.linspace(-1, 1, size))
    context = torch.zeros(1, pack.networks.idgen.shape.context)
    x = torch.randn(3, size, generator=torch.Generator().manual_seed(1))
    for held in (belief, None):
        write_pack(copy, pack.record, pack.sizes, dataclasses.replace(pack.networks, belief=held))
        again = read_open_pack(copy, CPU)
        plain = FoldedDenoiser(again.networks.idgen).condition(context)(x, 700)
        photo_context = torch.zeros(1, photo + EXTRA)
        line = 0.0 if held is None else belief.noise(x, 700, belief.given(photo_context))
        torch.testing.assert_close(again.idgen.condition(context)(x, 700), plain + line)
    file = copy / "idgen.safetensors"
    tensors = load_file(file) | {"belief.slope": torch.zeros(2, 2)}
    save_file(tensors, file)
    files = json.loads((copy / "pack.json").read_text())["files"]
    _describe(copy, files=files | {file.name: hashlib.sha256(file.read_bytes()).hexdigest()})
    with pytest.raises(OferError, match=file.name) as caught:
        read_open_pack(copy, CPU)
    assert caught.value.code is ErrorCode.WEIGHTS_DAMAGED


def test_another_spread_is_another_pack(pack, copy):
    wider = dataclasses.replace(pack.networks, spread=pack.networks.spread + 0.25)
    write_pack(copy, pack.record, pack.sizes, wider)
    again = read_open_pack(copy, CPU)
    assert torch.equal(again.networks.spread, wider.spread)
    assert again.record.fingerprint != pack.record.fingerprint


@pytest.mark.parametrize("name", [HEAD, *(f"{n}.safetensors" for n in NETWORKS)])
def test_one_flipped_bit_is_found_in_every_file(copy, name):
    file = copy / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(OferError, match=name) as caught:
        read_open_pack(copy, CPU)
    assert caught.value.code is ErrorCode.WEIGHTS_DAMAGED


@pytest.mark.parametrize("name", ["pack.json", HEAD, "idgen.safetensors"])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(OferError, match=name) as caught:
        read_open_pack(copy, CPU)
    assert caught.value.code is ErrorCode.WEIGHTS_MISSING and caught.value.hint


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"format": "2"}', b"{}", b"\xff\xfe\x00", b'{"a":' * 9],
)
def test_a_damaged_description_is_refused(copy, content):
    (copy / "pack.json").write_bytes(content)
    with pytest.raises(OferError) as caught:
        read_open_pack(copy, CPU)
    assert caught.value.code is ErrorCode.WEIGHTS_DAMAGED


def _describe(copy, **changes):
    file = copy / "pack.json"
    fields = json.loads(file.read_text()) | changes
    file.write_text(json.dumps(fields))


SIZES = json.loads((pack_registry.BUNDLED / "open" / "pack.json").read_text())["sizes"]


@pytest.mark.parametrize(
    "sizes",
    [
        {"rank_vertices": 20_000},
        {"points": 20_000, "identities": 20_000},
        {"idgen_widths": [20_000] * 16},
        {"idgen_widths": [128] * 100_000},
        {"rank_widths": [10**12]},
        {"rank_widths": [12, 12]},
        {"identities": 0},
        {"identities": -SIZES["identities"]},
        {"identities": True},
        {"identities": float(SIZES["identities"])},
        {"more": 1},
        {"idgen_widths": []},
        {"points": 239},
        {"contour": 23},
    ],
)
def test_sizes_that_the_files_do_not_have_are_refused_before_memory_is_asked_for(copy, sizes):
    _describe(copy, sizes=SIZES | sizes)
    before = resource_peak()
    with pytest.raises(OferError) as caught:
        read_open_pack(copy, CPU)
    assert caught.value.code is ErrorCode.WEIGHTS_DAMAGED
    assert resource_peak() - before < 300_000  # the files themselves


def resource_peak():
    """Kilobytes; always 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize(
    "files",
    [{}, {"../../etc/passwd": "0" * 64}, {"head.npz": 5}, [], None, {"head.npz": "0" * 64}],
)
def test_files_that_a_pack_does_not_have_are_never_opened(copy, files):
    _describe(copy, files=files)
    with pytest.raises(OferError, match="pack.json") as caught:
        read_open_pack(copy, CPU)
    assert caught.value.code is ErrorCode.WEIGHTS_DAMAGED


@pytest.mark.parametrize("version", [1e100, True, "8", None])
def test_a_format_that_is_no_whole_number_is_refused(copy, version):
    _describe(copy, format=version)
    with pytest.raises(OferError, match="pack.json") as caught:
        read_open_pack(copy, CPU)
    assert caught.value.code is ErrorCode.WEIGHTS_DAMAGED


@pytest.mark.parametrize("version", [1, 99])
def test_a_pack_of_another_version_is_told_from_a_damaged_one(copy, version):
    (copy / "pack.json").write_text(f'{{"format": {version}}}')
    with pytest.raises(OferError, match="another version") as caught:
        read_open_pack(copy, CPU)
    assert caught.value.code is ErrorCode.WEIGHTS_WRONG and caught.value.hint


@pytest.mark.parametrize("change", [{"identities": 7}, {"points": "many"}, {"more": 1}])
def test_sizes_that_do_not_fit_the_weights_are_refused(copy, change):
    file = copy / "pack.json"
    description = json.loads(file.read_text())
    description["sizes"] |= change
    file.write_text(json.dumps(description))
    with pytest.raises(OferError) as caught:
        read_open_pack(copy, CPU)
    assert caught.value.code is ErrorCode.WEIGHTS_DAMAGED


def test_the_registry_finds_packs_and_protects_the_bundled_ones(tmp_path, copy):
    shutil.copytree(copy, tmp_path / "packs" / "mine")
    shutil.copytree(copy, tmp_path / "packs" / "open")
    found = pack_registry.find_packs(tmp_path)
    assert set(found) == {"open", "mine"}
    assert found["open"] == pack_registry.BUNDLED / "open"
    with pytest.raises(OferError, match="mine") as caught:
        pack_registry.pack_folder("nobody", tmp_path)
    assert caught.value.code is ErrorCode.WEIGHTS_MISSING


def test_hints_that_a_pack_was_not_trained_with_are_refused(pack):
    refuse_unknown_hints(pack.record, Hints(age=30.0, build=0.2))
    deaf = dataclasses.replace(pack.record, hints=())
    with pytest.raises(OferError, match="age or build") as caught:
        refuse_unknown_hints(deaf, Hints(age=30.0, build=0.2))
    assert caught.value.code is ErrorCode.BAD_REQUEST and caught.value.hint
