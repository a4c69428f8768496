"""Sentences keep their values, travel with them, and believe no stranger."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.contract.sentence import Sentence, from_fields, joined, to_fields, translated

EMPTY = Sentence("{name} is empty.", name="me.jpg")
NESTED = Sentence("{name} is damaged: {why}.", name="a.tar", why=Sentence("{part} is cut", part=3))
GERMAN = {
    "{name} is empty.": "{name} ist leer.",
    "{name} is damaged: {why}.": "{name} ist beschädigt: {why}.",
    "{part} is cut": "{part} ist abgeschnitten",
    "{share:.0%} of {count} heads.": "Von {count} Köpfen {share:.0%}.",
    "{seconds:.0f} s": "{seconds:.1f} Sekunden",
    "Try again.": "Noch einmal versuchen.",
}


def in_german(text: str) -> str:
    return translated(text, lambda english: GERMAN.get(english, english))


def test_a_sentence_is_its_english() -> None:
    assert EMPTY == "me.jpg is empty." and f"{EMPTY}" == str(EMPTY) == EMPTY
    assert (EMPTY.template, EMPTY.values) == ("{name} is empty.", {"name": "me.jpg"})
    assert Sentence("100 % {sure}") == "100 % {sure}"


@pytest.mark.parametrize(
    "value, kept",
    [
        (Path("a/b"), "a/b"),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (True, "True"),
        (None, "None"),
        (ErrorCode.NO_FACE, "no_face"),
        ("a\udcffb", "a\ufffdb"),
        ("a\ud800b\udfff", "a\ufffdb\ufffd"),
        ("Zo\udcc3\udcab", "Zo\xeb"),
        ("a\n\tb\x1b[31m\x9b1m\x7f.png", "a b\ufffd[31m\ufffd1m\ufffd.png"),
        (EMPTY, EMPTY),
    ],
)
def test_values_are_plain(value: object, kept: object) -> None:
    made = Sentence("{it}", it=value)
    assert made.values == {"it": kept}
    assert type(made.values["it"]) in (str, int, float, Sentence)


def test_another_language_orders_and_forms_the_values_itself() -> None:
    assert in_german(EMPTY) == "me.jpg ist leer."
    assert in_german(NESTED) == "a.tar ist beschädigt: 3 ist abgeschnitten."
    share = Sentence("{share:.0%} of {count} heads.", share=0.256, count=9)
    assert share == "26% of 9 heads." and in_german(share) == "Von 9 Köpfen 26%."
    assert in_german(Sentence("{seconds:.0f} s", seconds=1.25)) == "1.2 Sekunden"
    assert in_german(joined(EMPTY, "", "Try again.")) == "me.jpg ist leer. Noch einmal versuchen."
    assert in_german("Nobody translated this.") == "Nobody translated this."


def test_an_error_says_both_its_sentences() -> None:
    error = OferError(
        ErrorCode.NO_FACE, "No face in {name}.", "Choose {other:.1f}.", name="a", other=2, code="c"
    )
    assert str(error) == "No face in a. Choose 2.0."
    assert error.message.values == {"name": "a"} and error.hint.values == {"other": 2}
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, again.message, again.hint.template) == (
        ErrorCode.NO_FACE, "No face in a.", "Choose {other:.1f}.",
    )  # fmt: skip
    outer = Sentence("{name} was refused: {error}", name="b", error=error)
    assert outer == f"b was refused: {error}" and outer.values["error"].values


@pytest.mark.parametrize("text", [EMPTY, NESTED, joined(EMPTY, NESTED), Sentence("Plain {x}.")])
def test_what_travels_arrives(text: Sentence) -> None:
    for arrived in (from_fields(json.loads(json.dumps(to_fields(text)))), copy.deepcopy(text)):
        assert (arrived, arrived.template, arrived.values) == (text, text.template, text.values)


def test_what_nobody_would_accept_goes_as_its_english() -> None:
    for value in (float("nan"), "x" * 9000, 1 << 70):
        made = Sentence("It is {value}.", value=value)
        assert to_fields(made) == f"It is {value}."


@pytest.mark.parametrize(
    "template",
    [
        "{x.__class__}",
        "{x[0]}",
        "{x!r}",
        "{x:{width}}",
        "{x:999999999}",
        "{0}",
        "{}",
        "{x",
        "x}",
        "{x:.2f}",
        "{x} {y}",
    ],
)
def test_a_template_that_does_not_fit_is_shown_as_it_is(template: str) -> None:
    assert Sentence(template, x="value") == template


@pytest.mark.parametrize(
    "fields",
    [
        None,
        7,
        [],
        {},
        {"template": "a"},
        {"template": "a", "values": {}, "more": 1},
        {"template": 1, "values": {}},
        {"template": "{x}", "values": {"x": None}},
        {"template": "{x}", "values": {"x": True}},
        {"template": "{x}", "values": {"x": []}},
        {"template": "{x}", "values": {"x": "a" * 8001}},
        {"template": "{x}", "values": {"x": "\0"}},
        {"template": "{x}", "values": {"x": 1 << 63}},
        {"template": "{x}", "values": {"x": float("inf")}},
        {"template": "{x}", "values": {"y": 1}},
        {"template": "{x.y}", "values": {"x.y": 1}},
        {"template": "x" * 2001, "values": {}},
        {"template": "{x}", "values": {"x": {"template": "a"}}},
        "a\0b",
    ],
)
def test_what_strangers_send_is_refused(fields: object) -> None:
    with pytest.raises(ValueError):
        from_fields(fields)


def test_endless_nesting_is_refused() -> None:
    fields: object = "end"
    for _ in range(50):
        fields = {"template": "{x}", "values": {"x": fields}}
    with pytest.raises(ValueError):
        from_fields(fields)
