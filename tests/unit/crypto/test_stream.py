"""The stream is Tink's, both ways, and no change to it goes unseen."""

import io
import os
import warnings
from collections.abc import Callable

import pytest
import tink
from hypothesis import given, settings
from hypothesis import strategies as st
from tink import cleartext_keyset_handle, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

from egide.crypto.key import Key
from egide.crypto.stream import (
    FIRST_PLAIN,
    HEADER,
    PLAIN_SEGMENT,
    SEGMENT,
    SegmentReader,
    decrypt,
    encrypt,
    stream_size,
)
from egide.model.errors import Tampered

AAD = b"egide/1\x1fhub\x1fset\x1fpart\x1fk"
EDGES = [
    0,
    1,
    FIRST_PLAIN - 1,
    FIRST_PLAIN,
    FIRST_PLAIN + 1,
    FIRST_PLAIN + PLAIN_SEGMENT,
    FIRST_PLAIN + PLAIN_SEGMENT + 1,
    2_500_000,
]


@pytest.fixture(scope="module")
def key() -> Key:
    return Key.generate()


@pytest.fixture(scope="module")
def oracle(key: Key) -> streaming_aead.StreamingAead:
    """Tink's own implementation, holding the same key with our parameters."""
    streaming_aead.register()
    proto = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(key_value=key.expose())
    proto.params.ciphertext_segment_size = SEGMENT
    proto.params.derived_key_size = 32
    proto.params.hkdf_hash_type = common_pb2.SHA256
    keyset = tink_pb2.Keyset(primary_key_id=1)
    entry = keyset.key.add(key_id=1, status=tink_pb2.ENABLED, output_prefix_type=tink_pb2.RAW)
    entry.key_data.type_url = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"
    entry.key_data.value = proto.SerializeToString()
    entry.key_data.key_material_type = tink_pb2.KeyData.SYMMETRIC
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = tink.BinaryKeysetReader(keyset.SerializeToString())
        return cleartext_keyset_handle.read(text).primitive(streaming_aead.StreamingAead)


class _Kept(io.BytesIO):
    """A buffer that survives being closed by Tink."""

    def close(self) -> None:
        pass


def tink_encrypts(oracle: streaming_aead.StreamingAead, plain: bytes) -> bytes:
    out = _Kept()
    with oracle.new_encrypting_stream(out, AAD) as stream:
        stream.write(plain)
    return out.getvalue()


def sealed(plain: bytes, key: Key, aad: bytes = AAD) -> bytes:
    return b"".join(encrypt([plain], key, aad))


def reader(data: bytes, key: Key, aad: bytes = AAD) -> SegmentReader:
    return SegmentReader(lambda at, n: data[at : at + n], len(data), key, aad, "the-object")


@pytest.mark.parametrize("size", EDGES)
def test_tink_reads_what_we_write(size: int, key: Key, oracle: streaming_aead.StreamingAead) -> None:
    plain = os.urandom(size)
    with oracle.new_decrypting_stream(io.BytesIO(sealed(plain, key)), AAD) as stream:
        assert stream.read() == plain


@pytest.mark.parametrize("size", EDGES)
def test_we_read_what_tink_writes(size: int, key: Key, oracle: streaming_aead.StreamingAead) -> None:
    plain = os.urandom(size)
    data = tink_encrypts(oracle, plain)
    assert len(data) == stream_size(size)
    assert decrypt(data, key, AAD) == plain


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 90_000), max_size=6),
    at=st.floats(0, 1),
    share=st.floats(0, 1),
)
def test_any_writes_any_range(cuts: list[int], at: float, share: float) -> None:
    key = Key.generate()
    plain = os.urandom(sum(cuts))
    pieces, done = [], 0
    for cut in cuts:
        pieces.append(plain[done : done + cut])
        done += cut
    data = b"".join(encrypt(pieces, key, AAD))
    assert len(data) == stream_size(len(plain))
    offset = int(at * len(plain))
    length = int(share * (len(plain) - offset))
    assert reader(data, key).read_at(offset, length) == plain[offset : offset + length]


def test_a_reader_that_fills_buffers_gives_the_same(key: Key) -> None:
    plain = os.urandom(3_000_000)
    data = sealed(plain, key)

    def fill(offset: int, into: memoryview) -> None:
        into[:] = data[offset : offset + len(into)]

    fast = SegmentReader(lambda at, n: data[at : at + n], len(data), key, AAD, read_into=fill)
    assert fast.read_at(0, len(plain)) == plain
    assert fast.read_at(70_000, 1_500_000) == plain[70_000:1_570_000]


def _flip(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def _swap(data: bytes, a: int, b: int) -> bytes:
    parts = [data[i : i + SEGMENT] for i in range(0, len(data), SEGMENT)]
    parts[a], parts[b] = parts[b], parts[a]
    return b"".join(parts)


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "header length": lambda d: _flip(d, 0),
    "salt": lambda d: _flip(d, 5),
    "nonce prefix": lambda d: _flip(d, HEADER - 1),
    "first segment": lambda d: _flip(d, HEADER),
    "middle segment": lambda d: _flip(d, SEGMENT + 100),
    "last tag": lambda d: _flip(d, len(d) - 1),
    "cut by a byte": lambda d: d[:-1],
    "cut at a segment": lambda d: d[: 3 * SEGMENT],
    "cut to nothing": lambda d: b"",
    "cut in the header": lambda d: d[:20],
    "cut in a tag": lambda d: d[: 3 * SEGMENT + 5],
    "extended by a tag": lambda d: d + d[-16:],
    "extended by a byte": lambda d: d + b"\0",
    "extended by a segment": lambda d: d + d[SEGMENT : 2 * SEGMENT],
    "two segments swapped": lambda d: _swap(d, 1, 2),
    "last two swapped": lambda d: _swap(d, 2, 3),
    "a segment repeated": lambda d: d[: 2 * SEGMENT] + d[SEGMENT:],
    "a segment left out": lambda d: d[:SEGMENT] + d[2 * SEGMENT :],
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(change: str, key: Key) -> None:
    data = CHANGES[change](sealed(os.urandom(FIRST_PLAIN + 3 * PLAIN_SEGMENT), key))
    with pytest.raises(Tampered) as seen:
        decrypt(data, key, AAD, "the-object")
    assert seen.value.facts == {"name": "the-object"}


@pytest.mark.parametrize("index", [0, 1, 3])
def test_a_segment_of_another_stream_is_refused(index: int, key: Key) -> None:
    plain = os.urandom(4 * SEGMENT - 1000)
    ours, theirs = sealed(plain, key), sealed(plain, key)
    cut = slice(index * SEGMENT or HEADER, (index + 1) * SEGMENT)
    with pytest.raises(Tampered):
        decrypt(ours[: cut.start] + theirs[cut] + ours[cut.stop :], key, AAD)


def test_another_key_or_place_does_not_open(key: Key) -> None:
    data = sealed(b"payload", key)
    with pytest.raises(Tampered):
        decrypt(data, Key.generate(), AAD)
    with pytest.raises(Tampered):
        decrypt(data, key, AAD + b"x")


def test_a_cut_at_a_segment_shows_at_the_end_check(key: Key) -> None:
    cut = reader(sealed(os.urandom(5 * SEGMENT), key)[: 3 * SEGMENT], key)
    with pytest.raises(Tampered):
        cut.check_end()


def test_a_range_outside_is_the_callers_mistake(key: Key) -> None:
    opened = reader(sealed(b"12345", key), key)
    for offset, length in [(-1, 2), (0, 6), (5, 1), (0, -1)]:
        with pytest.raises(ValueError, match="leaves the stream"):
            opened.read_at(offset, length)


def test_equal_plaintexts_give_unrelated_streams(key: Key) -> None:
    assert sealed(b"same", key)[1:] != sealed(b"same", key)[1:]
