"""A sealed object opens with its key in its place, says nothing by its size, and hides no change."""

import dataclasses
import hashlib
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.crypto.key import Key
from egide.crypto.padding import SMALLEST, TRAILER, object_size, padded_size, padme
from egide.crypto.seal import SealWriter, Unsealed, seal_bytes, verify_name
from egide.crypto.stream import SEGMENT, encrypt
from egide.model.errors import Tampered, Unreachable
from egide.model.messages import known
from egide.model.sealed import Context, Role


class Bytes:
    """An object's bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, len(data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


@pytest.fixture(scope="module")
def key() -> Key:
    return Key.generate()


@pytest.fixture(scope="module")
def context(key: Key) -> Context:
    return Context("hub-1", "snds", Role.PART, key.id)


@pytest.mark.parametrize("size", [0, 1, 65_472, 65_473, 200_000, 3_000_000])
def test_what_was_sealed_comes_back(size: int, key: Key, context: Context, tmp_path: Path) -> None:
    payload = os.urandom(size)
    sealed, path = seal_bytes(payload, tmp_path, key, context)
    data = path.read_bytes()
    assert (sealed.size, sealed.plain_size) == (len(data), size) == (object_size(size), size)
    assert sealed.name == hashlib.sha256(data).hexdigest()
    verify_name(Bytes(data), sealed.name)
    for hint in (None, size):
        opened = Unsealed(Bytes(data), key, context, hint)
        assert opened.plain_size == size
        assert opened.read_all() == payload
        assert opened.read_at(size // 3, size // 2) == payload[size // 3 :][: size // 2]


def test_a_parquet_file_is_written_through(key: Key, context: Context, tmp_path: Path) -> None:
    table = pa.table({"n": range(100_000), "t": [str(i % 97) for i in range(100_000)]})
    with SealWriter(tmp_path, key, context) as out:
        with pq.ParquetWriter(out, table.schema) as parquet:
            parquet.write_table(table)
        out.finish()
    payload = Unsealed(Bytes(out.path.read_bytes()), key, context).read_all()
    assert pq.read_table(pa.BufferReader(payload)).equals(table)


def test_a_pyarrow_buffer_is_sealed(key: Key, context: Context, tmp_path: Path) -> None:
    _, path = seal_bytes(pa.py_buffer(b"abc"), tmp_path, key, context)
    assert Unsealed(Bytes(path.read_bytes()), key, context).read_all() == b"abc"


@pytest.mark.parametrize("field", ["hub", "dataset", "role", "key_id"])
def test_another_place_does_not_open(field: str, key: Key, context: Context, tmp_path: Path) -> None:
    _, path = seal_bytes(b"x" * 99, tmp_path, key, context)
    other = {"hub": "hub-2", "dataset": "pmsi", "role": Role.ROOT, "key_id": "0" * 32}[field]
    elsewhere = dataclasses.replace(context, **{field: other})
    same_secret = Key(elsewhere.key_id, key.expose())
    with pytest.raises(Tampered):
        Unsealed(Bytes(path.read_bytes()), same_secret, elsewhere)


def test_a_key_of_another_id_is_refused(key: Key, context: Context, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not the one"):
        seal_bytes(b"x", tmp_path, Key.generate(), context)


@settings(max_examples=60, deadline=None)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_flipped_bit_is_seen(at: float, bit: int) -> None:
    key = Key("k", bytes(32))
    context = Context("h", "d", Role.PART, "k")
    payload = os.urandom(150_000)
    total = padded_size(len(payload)) - len(payload) - TRAILER
    plain = payload + bytes(total) + len(payload).to_bytes(TRAILER, "big")
    data = bytearray(b"".join(encrypt([plain], key, context.aad())))
    name = hashlib.sha256(data).hexdigest()
    data[int(at * len(data))] ^= 1 << bit
    with pytest.raises(Tampered) as seen:
        Unsealed(Bytes(bytes(data)), key, context, name="object-1").read_all()
    assert seen.value.facts["name"] == "object-1"
    with pytest.raises(Tampered, match=name):
        verify_name(Bytes(bytes(data)), name)


@pytest.mark.parametrize("cut", [-1, -SEGMENT, 3 * SEGMENT, SEGMENT, 60, 0])
def test_a_cut_or_longer_object_is_seen_on_opening(
    cut: int, key: Key, context: Context, tmp_path: Path
) -> None:
    sealed, path = seal_bytes(os.urandom(400_000), tmp_path, key, context)
    data = path.read_bytes()
    for hint in (None, sealed.plain_size):
        with pytest.raises(Tampered):
            Unsealed(Bytes(data[:cut]), key, context, hint)
        with pytest.raises(Tampered):
            Unsealed(Bytes(data + data[:SEGMENT]), key, context, hint)


def test_a_size_that_the_manifest_did_not_sign_is_seen(key: Key, context: Context, tmp_path: Path) -> None:
    _, path = seal_bytes(os.urandom(400_000), tmp_path, key, context)
    source = Bytes(path.read_bytes())
    with pytest.raises(Tampered):
        Unsealed(source, key, context, 300_000)
    with pytest.raises(Tampered):  # same padded size: seen when all is read
        Unsealed(source, key, context, 400_001).read_all()


def test_leaving_without_finish_leaves_nothing(key: Key, context: Context, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), SealWriter(tmp_path, key, context) as out:
        out.write(b"half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="finished"):
        out.write(b"more")


def test_a_spill_file_has_no_padding(tmp_path: Path) -> None:
    key = Key.generate()
    context = Context("h", "spill", Role.PART, key.id)
    with SealWriter(tmp_path, key, context, pad=False) as out:
        out.write(b"12345")
        assert out.finish(sync=False).size == 40 + 5 + 16
    assert Unsealed(Bytes(out.path.read_bytes()), key, context, pad=False).read_all() == b"12345"


def test_a_full_disk_is_said_and_nothing_stays(
    key: Key, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open
    monkeypatch.setattr(
        os,
        "open",
        lambda path, flags, mode=0o777: (real(path, flags, mode), real("/dev/full", os.O_WRONLY))[1],
    )
    with pytest.raises(Unreachable) as seen:
        SealWriter(tmp_path, key, context)
    assert seen.value.key == "seal.disk_full"
    assert list(tmp_path.iterdir()) == []


def test_small_payloads_look_alike() -> None:
    assert {object_size(n) for n in range(0, SMALLEST - TRAILER + 1, 97)} == {SEGMENT}
    assert object_size(SMALLEST - TRAILER + 1) > SEGMENT


@settings(max_examples=100)
@given(st.integers(2, 1 << 40))
def test_padme_is_tight_and_regular(length: int) -> None:
    longer = padme(length)
    assert length <= longer <= length * 1.12
    assert padme(longer) == longer
    exponent = longer.bit_length() - 1
    assert longer % (1 << max(0, exponent - exponent.bit_length())) == 0


def test_padding_has_few_sizes() -> None:
    assert len({padded_size(n) for n in range(0, 50_000_000, 10_007)}) < 300


@pytest.mark.parametrize("cause", ["misnamed", "disk_full", "disk_failed", "broken"])
def test_every_cause_has_its_sentence(cause: str) -> None:
    assert known(f"seal.{cause}")
