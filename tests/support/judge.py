"""What the hub's store says of a delivery, line by line, beside what the delivery's files say."""

from collections import Counter, defaultdict
from functools import cached_property
from pathlib import Path

from egide.journey.identity import pseudonymiser
from egide.model.delivery import DeliveryReport
from egide.model.sealed import Role
from egide.model.table import DataClass
from egide.wiring import Hub
from support.plain import PlainDelivery, PlainFile
from support.stored import entries_of, refusals_of, rows_of

Found = tuple[str, int, str, str]  # file, line, rule, severity


class Judge:
    """What the hub's store says of a delivery, beside what the delivery's files say."""

    def __init__(self, hub: Hub, folder: Path, report: DeliveryReport, domain: str = "snds") -> None:
        self.hub, self.report, self.domain = hub, report, domain
        self.delivery = PlainDelivery(folder)
        self.refusals = refusals_of(hub, report.delivery)
        self.refused: dict[str, set[int]] = defaultdict(set)
        for row in self.refusals:
            self.refused[str(row["file"])].add(int(str(row["line"])))

    def found(self) -> Counter[Found]:
        """Every refusal and flag, with how often it was said."""
        told: Counter[Found] = Counter()
        for row in self.refusals:
            told[str(row["file"]), int(str(row["line"])), str(row["rule"]), "refuse"] += 1
        for path, line, _, rule in self.flags:
            told[path, line, rule, "flag"] = 1
        return told

    @cached_property
    def flags(self) -> set[tuple[str, int, str, str]]:
        """(file, line, column, rule) of every flag in the store. Fails where a row is missing, altered or invented."""
        keyed = pseudonymiser(self.hub, self.domain, DataClass(self.report.data_class))
        told = set()
        for table in {f.table.name for f in self.delivery.files}:
            names = [c.name for c in self.delivery.model.tables[table].columns]
            stored: dict[tuple[object, ...], list[str]] = defaultdict(list)
            for row, _, flags in rows_of(self.hub, str(self.report.snapshot), table, names):
                stored[row].append(flags)
            for file in (f for f in self.delivery.files if f.table.name == table):
                lines = self.accepted(file)
                for line, values in self.delivery.typed(file, lines, keyed):
                    given = dict(zip(file.names, values, strict=True))
                    row = tuple(given.get(n) for n in names)
                    assert stored.get(row), (
                        f"{file.path}, line {line}: accepted, and not in the store as it was"
                    )
                    flags = stored[row].pop()
                    told |= {(file.path, line, *f.split(":")) for f in flags.split()}
            left = sum(map(len, stored.values()))
            assert left == 0, f"{table}: {left} rows in the store that nobody delivered"
        return told

    def accepted(self, file: PlainFile) -> list[int]:
        lines = [n for n in range(2, file.count + 2) if n not in self.refused[file.path]]
        assert all(n in file.lines for n in lines), f"{file.path}: a line that is no row was accepted"
        return lines

    def assert_accounted_for(self) -> None:
        """Rows in = accepted + quarantined, by file and by table, in the report, the manifest and the store."""
        for file, told in zip(
            sorted(self.delivery.files, key=lambda f: f.path),
            sorted(self.report.files, key=lambda f: str(f["file"])),
            strict=True,
        ):
            assert told["file"] == file.path
            assert told["rows_in"] == file.count
            assert told["accepted"] == len(self.accepted(file))
            assert told["quarantined"] == len(self.refused[file.path])
        kept = Counter[str]()
        aside = Counter[str]()
        for entry in entries_of(self.hub, str(self.report.snapshot)):
            kept[entry.table] += entry.rows
        for entry in entries_of(self.hub, str(self.report.snapshot), role=Role.QUARANTINE):
            aside[entry.table] += entry.rows
        for name, tally in self.report.tables.items():
            assert tally.balanced()
            assert (tally.accepted, tally.quarantined) == (kept[name], aside[name])
