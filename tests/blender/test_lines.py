"""Sentences are broken where they reach the sidebar's edge."""

from __future__ import annotations

from ofer_faces.ofer_blender.ui import lines


def _measure(text: str) -> float:
    """Wide capitals, narrow small letters; letters of Japanese are the widest."""
    return sum(2.0 if letter.isupper() else 3.0 if letter > "\u3000" else 1.0 for letter in text)


def test_lines_are_as_long_as_they_may_be() -> None:
    text = "May be sold (CC0-1.0 head, Apache-2.0 face networks)."
    broken = lines.broken(text, 30, _measure)
    assert " ".join(broken) == text
    assert all(_measure(line) <= 30 for line in broken)
    following = [line.split()[0] for line in broken[1:]]
    for line, word in zip(broken, following, strict=False):
        assert _measure(f"{line} {word}") > 30


def test_a_word_that_fits_nowhere_has_a_line_of_its_own() -> None:
    said = lines.broken("in /a/very/long/folder it lies", 12, _measure)
    assert said == ("in", "/a/very/long/folder", "it lies")


def test_japanese_is_broken_between_letters_but_not_before_a_full_stop() -> None:
    said = lines.broken("写真をドロップします。", 30, _measure)
    assert said == ("写真をドロップしま", "す。")


def test_without_a_region_letters_are_counted() -> None:
    said = lines.fitting("The photo's own light is taken out as far as can be told.")
    assert said == ("The photo's own light is taken out as", "far as can be told.")
