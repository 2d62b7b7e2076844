"""Pseudonyms are plain HMAC-SHA-256, equal for equal values of one domain, and say nothing without the key."""

import base64
import hashlib
import hmac
import os

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.crypto.key import Key
from egide.crypto.pseudonym import pseudonymise, rekey_integers, show, show_array

KEY = Key("k", bytes(range(32)))


def expected(value: bytes, domain: str, key: Key = KEY) -> bytes:
    return hmac.new(key.expose(), domain.encode() + b"\x1f" + value, hashlib.sha256).digest()[:20]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=30))), st.sampled_from(["psa", "ano", "é"]))
def test_agrees_with_the_standard_library(values: list[str | None], domain: str) -> None:
    made = pseudonymise(pa.array(values, pa.string()), KEY, domain)
    assert made.type == pa.binary(20)
    assert made.to_pylist() == [None if v is None else expected(v.encode(), domain) for v in values]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
def test_every_form_of_text_gives_the_same(kind: pa.DataType) -> None:
    array = pa.array(["a", "b", None, "a"]).cast(kind)
    want = [expected(b"a", "psa"), expected(b"b", "psa"), None, expected(b"a", "psa")]
    assert pseudonymise(array, KEY, "psa").to_pylist() == want
    assert pseudonymise(array.dictionary_encode(), KEY, "psa").to_pylist() == want
    assert pseudonymise(pa.chunked_array([array[:1], array[1:]]), KEY, "psa").to_pylist() == want
    assert pseudonymise(array[2:], KEY, "psa").to_pylist() == want[2:]


def test_a_list_of_bytes_and_stages_in_a_row() -> None:
    first = pseudonymise([b"x", b"y"], KEY, "stage1")
    second = pseudonymise(first, KEY, "psa")
    assert second.to_pylist() == [expected(v, "psa") for v in first.to_pylist()]


def test_a_null_in_a_dictionary_stays_null() -> None:
    array = pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["a", None]))
    assert pseudonymise(array, KEY, "psa").to_pylist() == [expected(b"a", "psa"), None, None]


def test_nothing_in_nothing_out() -> None:
    assert len(pseudonymise([], KEY, "psa")) == 0
    assert len(show_array(pa.array([], pa.binary(20)))) == 0


def test_domains_and_keys_never_meet() -> None:
    one = pseudonymise([b"v"], KEY, "psa")
    assert one != pseudonymise([b"v"], KEY, "ano")
    assert one != pseudonymise([b"v"], Key.generate(), "psa")
    for domain in ("", "a\x1fb"):
        with pytest.raises(ValueError, match="domain"):
            pseudonymise([b"v"], KEY, domain)


def test_numbers_are_not_pseudonymised_as_text() -> None:
    with pytest.raises(TypeError):
        pseudonymise(pa.array([1, 2]), KEY, "psa")


def test_shown_in_base32() -> None:
    raw = [os.urandom(20) for _ in range(100)]
    want = [base64.b32encode(r).decode() for r in raw]
    assert [show(r) for r in raw] == want
    assert show_array(pa.array(raw, pa.binary(20))).to_pylist() == want
    assert show_array(pa.array([None, *raw], pa.binary(20))).to_pylist() == [None, *want]
    assert show_array(pa.array(raw, pa.binary(20))[7:9]).to_pylist() == want[7:9]
    assert all(len(w) == 32 and "=" not in w for w in want)
    with pytest.raises(ValueError, match="20 bytes"):
        show(b"short")
    with pytest.raises(TypeError):
        show_array(pa.array([b"short"]))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_integers_become_other_integers(values: list[int]) -> None:
    made = rekey_integers(np.array(values, np.int64), KEY, "row")
    assert made.dtype == np.int64 and (made > 0).all()
    for value, new in zip(values, made.tolist(), strict=True):
        digest = hmac.new(KEY.expose(), b"row\x1f" + value.to_bytes(8, "big", signed=True), hashlib.sha256)
        assert new == int.from_bytes(digest.digest()[:8], "big") & (2**63 - 1)
