"""The ledger's rows in the same database, so that an event and what it records share one transaction."""

from collections.abc import Iterator

from django.db.models import Max

from egide.adapters.records.models import LedgerHead, LedgerLeaf, LedgerNode
from egide.model.errors import Tampered


class DjangoLedger:
    """See egide.ports.ledger.LedgerStore."""

    def size(self) -> int:
        last = LedgerLeaf.objects.aggregate(last=Max("index"))["last"]
        return 0 if last is None else last + 1

    def append_leaf(self, index: int, leaf: bytes, leaf_hash: bytes, side: bytes | None) -> None:
        LedgerLeaf.objects.create(index=index, leaf=leaf, side=side)
        LedgerNode.objects.create(level=0, index=index, hash=leaf_hash)

    def put_node(self, level: int, index: int, hash_: bytes) -> None:
        LedgerNode.objects.create(level=level, index=index, hash=hash_)

    def node(self, level: int, index: int) -> bytes:
        found = LedgerNode.objects.filter(level=level, index=index).values_list("hash", flat=True).first()
        if found is None:
            raise Tampered("ledger.node-missing", level=level, index=index)
        return _raw(found)

    def nodes(self, level: int, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        rows = LedgerNode.objects.filter(level=level, index__gte=start, index__lt=end).order_by("index")
        return ((index, _raw(hash_)) for index, hash_ in rows.values_list("index", "hash"))

    def leaf(self, index: int) -> bytes:
        found = LedgerLeaf.objects.filter(index=index).values_list("leaf", flat=True).first()
        if found is None:
            raise Tampered("ledger.leaf-missing", index=index)
        return _raw(found)

    def leaves(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        rows = LedgerLeaf.objects.filter(index__gte=start, index__lt=end).order_by("index")
        return ((index, _raw(leaf)) for index, leaf in rows.values_list("index", "leaf"))

    def side(self, index: int) -> bytes | None:
        found = LedgerLeaf.objects.filter(index=index).values_list("side", flat=True).first()
        return None if found is None else _raw(found)

    def erase_side(self, index: int) -> None:
        LedgerLeaf.objects.filter(index=index).update(side=None)

    def put_checkpoint(self, size: int, note: bytes) -> None:
        LedgerHead.objects.update_or_create(size=size, defaults={"note": note})

    def last_checkpoint(self) -> bytes | None:
        found = LedgerHead.objects.order_by("-size").values_list("note", flat=True).first()
        return None if found is None else _raw(found)

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        rows = LedgerHead.objects.order_by("size").values_list("size", "note")
        return ((size, _raw(note)) for size, note in rows)


def _raw(kept: bytes | memoryview | str) -> bytes:
    """What stands in a binary column, even where somebody wrote text into it: verification names it then."""
    return kept.encode() if isinstance(kept, str) else bytes(kept)
