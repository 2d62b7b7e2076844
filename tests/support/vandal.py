"""Someone who can write to the store and holds every key of the hub: what they may do to an object's bytes."""

import io
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from egide.crypto.seal import seal_bytes
from egide.crypto.stream import HEADER, SEGMENT, TAG
from egide.journey.known import read_dataset
from egide.model.records import SnapshotRow
from egide.model.sealed import Context, Entry, Role
from egide.model.snapshot import Head
from egide.wiring import Hub


@dataclass(frozen=True)
class Target:
    """An object of a snapshot, what it is for, and the key that opens it."""

    name: str
    head: Head
    role: Role
    key_id: str
    entry: Entry | None = None


def targets(hub: Hub) -> list[Target]:
    """Every object that some snapshot needs, under the newest head that needs it."""
    found: dict[str, Target] = {}
    for row in hub.records.where(SnapshotRow):
        head = Head(row.dataset, row.sequence, row.root, row.key_id)
        root, entries = read_dataset(hub, head)
        found[head.root] = Target(head.root, head, Role.ROOT, head.key_id)
        found |= {p.object: Target(p.object, head, Role.MANIFEST, p.key_id) for p in root.parts}
        found |= {e.object: Target(e.object, head, e.role, e.key_id, e) for e in entries}
    return [found[name] for name in sorted(found)]


class Vandal:
    """Alters objects in a folder store; `undone` puts every byte back."""

    def __init__(self, hub: Hub, seed: int) -> None:
        self.hub = hub
        self.folder = hub.home / "store" / "objects"
        self.random = random.Random(seed)
        self.targets = targets(hub)
        self.whole = {t.name: self.path(t.name).read_bytes() for t in self.targets}

    def path(self, name: str) -> Path:
        return self.folder / name[:2] / name

    def put(self, name: str, data: bytes) -> None:
        self.path(name).unlink(missing_ok=True)
        self.path(name).write_bytes(data)

    @contextmanager
    def undone(self) -> Iterator[None]:
        try:
            yield
        finally:
            for name, data in self.whole.items():
                if not self.path(name).is_file() or self.path(name).read_bytes() != data:
                    self.put(name, data)

    def other(self, target: Target, *, alike: bool = False) -> Target:
        """Another object, if possible of the same role and size."""
        near = [
            t
            for t in self.targets
            if t.name != target.name
            and (
                not alike
                or (t.role is target.role and len(self.whole[t.name]) == len(self.whole[target.name]))
            )
        ]
        return self.random.choice(near) if near else self.other(target)


Deed = Callable[[Vandal, Target], set[str]]  # alters, and says which objects are no longer themselves


def flip(vandal: Vandal, target: Target) -> set[str]:
    """One bit, somewhere."""
    return _flip_at(vandal, target, vandal.random.randrange(len(vandal.whole[target.name])))


def flip_edge(vandal: Vandal, target: Target) -> set[str]:
    """One bit where forms meet: header, salt, prefix, segment borders, tags, padding, trailer."""
    size = len(vandal.whole[target.name])
    borders = [at + d for at in range(SEGMENT, size, SEGMENT) for d in (-TAG - 1, -TAG, -1, 0, 1)]
    edges = [0, 1, 32, 33, HEADER - 1, HEADER, size - TAG - 8, size - TAG - 1, size - TAG, size - 1, *borders]
    return _flip_at(vandal, target, vandal.random.choice(edges))


def _flip_at(vandal: Vandal, target: Target, at: int) -> set[str]:
    data = bytearray(vandal.whole[target.name])
    data[at] ^= 1 << vandal.random.randrange(8)
    vandal.put(target.name, bytes(data))
    return {target.name}


def cut(vandal: Vandal, target: Target) -> set[str]:
    """The end is gone: all of it, one byte, a segment, anything."""
    data = vandal.whole[target.name]
    at = vandal.random.choice([0, 1, HEADER, HEADER + TAG, SEGMENT - 1, len(data) - SEGMENT, len(data) - 1])
    keep = at if 0 <= at < len(data) else vandal.random.randrange(len(data))
    vandal.put(target.name, data[:keep])
    return {target.name}


def behead(vandal: Vandal, target: Target) -> set[str]:
    vandal.put(target.name, vandal.whole[target.name][vandal.random.choice([1, HEADER, 1000]) :])
    return {target.name}


def extend(vandal: Vandal, target: Target) -> set[str]:
    """Something follows: zeros, noise, the object's own last segment, another object."""
    data = vandal.whole[target.name]
    more = vandal.random.choice(
        [
            b"\0",
            bytes(SEGMENT),
            vandal.random.randbytes(100),
            data[-SEGMENT:],
            vandal.whole[vandal.other(target).name],
        ]
    )
    vandal.put(target.name, data + more)
    return {target.name}


def swap(vandal: Vandal, target: Target) -> set[str]:
    """Two objects exchange their bytes."""
    other = vandal.other(target, alike=True)
    vandal.put(target.name, vandal.whole[other.name])
    vandal.put(other.name, vandal.whole[target.name])
    return {target.name, other.name}


def replay(vandal: Vandal, target: Target) -> set[str]:
    """Another object's bytes, an older root's or manifest's among them, in the place of this one."""
    vandal.put(target.name, vandal.whole[vandal.other(target, alike=True).name])
    return {target.name}


def reorder(vandal: Vandal, target: Target) -> set[str]:
    """Two segments exchange places, or one is given twice, or one is left out."""
    big = [t for t in vandal.targets if len(vandal.whole[t.name]) > 2 * SEGMENT]
    target = target if target in big else vandal.random.choice(big)
    data = vandal.whole[target.name]
    pieces = [data[at : at + SEGMENT] for at in range(0, len(data), SEGMENT)]
    one, two = vandal.random.sample(range(len(pieces)), 2)
    match vandal.random.randrange(3):
        case 0:
            pieces[one], pieces[two] = pieces[two], pieces[one]
        case 1:
            pieces[one] = pieces[two]
        case _:
            del pieces[one]
    vandal.put(target.name, b"".join(pieces))
    return {target.name}


def graft(vandal: Vandal, target: Target) -> set[str]:
    """A stretch of another object's ciphertext, in the same place."""
    data = bytearray(vandal.whole[target.name])
    other = vandal.whole[vandal.other(target, alike=True).name]
    end = min(len(data), len(other))
    start = vandal.random.randrange(end)
    stop = min(end, start + vandal.random.choice([1, 16, 4096, SEGMENT]))
    if data[start:stop] == other[start:stop]:
        return flip(vandal, target)
    data[start:stop] = other[start:stop]
    vandal.put(target.name, bytes(data))
    return {target.name}


def plain(vandal: Vandal, target: Target) -> set[str]:
    """An ordinary Parquet file, or its like padded to size, instead of a sealed one."""
    data = parquet(vandal.random)
    size = len(vandal.whole[target.name])
    vandal.put(target.name, vandal.random.choice([data, data + bytes(max(0, size - len(data)))]))
    return {target.name}


def noise(vandal: Vandal, target: Target) -> set[str]:
    vandal.put(target.name, vandal.random.randbytes(len(vandal.whole[target.name])))
    return {target.name}


def reseal(vandal: Vandal, target: Target) -> set[str]:
    """Other content, sealed properly with the object's own key for its own place: only its name is wrong."""
    key = vandal.hub.key_of(target.key_id)
    context = Context(vandal.hub.id, target.head.dataset, target.role, target.key_id)
    _, path = seal_bytes(parquet(vandal.random), vandal.hub.temp, key, context)
    vandal.put(target.name, path.read_bytes())
    path.unlink()
    return {target.name}


def remove(vandal: Vandal, target: Target) -> set[str]:
    vandal.path(target.name).unlink()
    return {target.name}


def parquet(source: random.Random) -> bytes:
    sink = io.BytesIO()
    rows = [source.randrange(100) for _ in range(source.choice([1, 5000]))]
    pq.write_table(
        pa.table({"PERSON_ID": [str(n).encode() for n in rows], "EGIDE_FLAGS": ["" for _ in rows]}), sink
    )
    return sink.getvalue()


DEEDS: dict[str, Deed] = {
    deed.__name__: deed
    for deed in (
        flip,
        flip_edge,
        cut,
        behead,
        extend,
        swap,
        replay,
        reorder,
        graft,
        plain,
        noise,
        reseal,
        remove,
    )
}
