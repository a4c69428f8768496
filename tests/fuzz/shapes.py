"""Values from a stranger: JSON of any form, and small harm done to what was whole."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

NUMBERS = st.one_of(
    st.integers(-3, 40),
    st.sampled_from([2**31, 2**63, -(2**63) - 1, 10**400, 255, 1 << 40]),
    st.floats(),
    st.sampled_from([0.0, -1.0, 0.5, 1e308, 5e-324]),
)
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "identity_01", "../../x", "/etc/passwd", "a\0b", "\udce9", "a" * 5000]),
)
PLAIN = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
JSON = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def places(value: Any, way: tuple = ()) -> list[tuple]:
    """The way to every value inside a JSON value."""
    found = [way] if way else []
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    for key, each in inner:
        found += places(each, (*way, key))
    return found


@st.composite
def harmed(draw: Any, whole: Any, most: int = 3) -> Any:
    """A JSON value of which some parts were changed, taken away or added to."""
    value = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, most))):
        ways = places(value)
        if not ways:
            return value
        *way, last = draw(st.sampled_from(ways))
        inner = value
        for key in way:
            inner = inner[key]
        what = draw(st.sampled_from(["other", "gone", "more", "twice"]))
        if what == "other":
            inner[last] = draw(JSON)
        elif what == "gone":
            del inner[last]
        elif what == "more" and isinstance(inner, dict):
            inner[draw(st.text(max_size=8))] = draw(JSON)
        elif isinstance(inner, list):
            inner.insert(0, copy.deepcopy(inner[last]))
    return value


@st.composite
def bitten(draw: Any, whole: bytes, most: int = 6) -> bytes:
    """Bytes of which some were changed, cut out, doubled or put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        what = draw(st.sampled_from(["flip", "set", "cut", "out", "in", "wide"]))
        if what == "flip" and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif what == "set" and data:
            data[at] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, 0x28, 0x62, 0x52]))
        elif what == "cut":
            del data[at:]
        elif what == "out":
            del data[at : at + draw(st.integers(1, 16))]
        elif what == "in":
            data[at:at] = draw(st.binary(min_size=1, max_size=16))
        else:
            data[at : at + 4] = draw(st.sampled_from([b"\xff" * 4, b"\0\0\0\x80", b"\0\0\0\x40"]))
    return bytes(data)
