"""What the manual's examples need: tables drawn with `|`, what became of each row, a permit and what it answers."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pyarrow as pa

from egide.journey import access, ask, rights
from egide.journey.intake import deliver
from egide.journey.start import acting, add_account, add_holder, generator_key
from egide.journey.view import view
from egide.model.act import AccountRole
from egide.model.delivery import DeliveryReport
from egide.model.records import HolderRow
from egide.registry import model_of, resolve
from egide.stages.arrive import read_manifest
from egide.stages.arrive.synthetic import sign_synthetic
from egide.wiring import Hub
from support.plain import write_delivery
from support.stored import refusals_of, rows_of

BECOMES = "becomes"
NUMBERS = count(1)
# What a row of these tables cannot do without, where an example leaves it out. {n}: the number of its line.
DEFAULTS = {
    "HOSPITAL_STAYS": {"STAY_NUM": "S{n}", "PERSON_PSEUDONYM": "P{n}", "EXIT_DATE": "01/02/2019"},
    "IR_BEN_R": {"BEN_RNG_GEM": "1"},
    "ER_PRS_F": {
        "DCT_ORD_NUM": "1", "FLX_DIS_DTD": "01/02/2019", "FLX_EMT_NUM": "1", "FLX_EMT_ORD": "0", "FLX_EMT_TYP": "1",
        "FLX_TRT_DTD": "05/02/2019", "ORG_CLE_NUM": "01C751234", "PRS_ORD_NUM": "{n}", "REM_TYP_AFF": "0", "BEN_RNG_GEM": "1",
    },
    "ER_PHA_F": {
        "DCT_ORD_NUM": "1", "FLX_DIS_DTD": "01/02/2019", "FLX_EMT_NUM": "1", "FLX_EMT_ORD": "0", "FLX_EMT_TYP": "1",
        "FLX_TRT_DTD": "05/02/2019", "ORG_CLE_NUM": "01C751234", "REM_TYP_AFF": "0",
    },
    "T_MCOaaC": {"ETA_NUM": "750000001", "RSA_NUM": "{n}", "SOR_ANN": "2019"},
    "T_MCOaaB": {"ETA_NUM": "750000001", "SOR_ANN": "2019"},
    "KI_CCI_R": {"DCD_IDT_ENC": "D{n}", "FLX_PER_ANN": "2019"},
}  # fmt: skip
# The column whose value, as delivered, tells a stored row.
TOLD_BY = {"HOSPITAL_STAYS": "STAY_NUM", "ER_PRS_F": "PRS_ORD_NUM", "ER_PHA_F": "PHA_ACT_QSN", "T_MCOaaC": "RSA_NUM", "T_MCOaaB": "RSA_NUM", "KI_CCI_R": "DCD_IDT_ENC"}  # fmt: skip


def drawn(text: str) -> list[dict[str, str]]:
    """The rows of a table drawn with `|`, its first line naming the columns."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [dict(zip(lines[0], cells, strict=True)) for cells in lines[1:]]


def file_of(table: str, rows: list[dict[str, str]], delimiter: str = ";") -> bytes:
    names = [
        n for n in dict.fromkeys([*DEFAULTS.get(table, {}), *(n for r in rows for n in r)]) if n != BECOMES
    ]
    lines = [delimiter.join(names)]
    for number, row in enumerate(rows, 2):
        filled = {n: v.format(n=number) for n, v in DEFAULTS.get(table, {}).items()} | row
        lines.append(delimiter.join(filled[n] for n in names))
    return ("\n".join(lines) + "\n").encode()


class IntakeSpec:
    """A hub, and a holder who delivers what an example draws."""

    def __init__(self, hub: Hub, place: Path) -> None:
        self.hub, self.place = hub, place
        self.holder = ""
        self.report: DeliveryReport | None = None

    def afresh(self, threshold: str = "1", promoted: dict[str, str] | None = None) -> "IntakeSpec":
        one = IntakeSpec(self.hub, self.place)
        one.holder = f"holder{next(NUMBERS)}"
        add_holder(self.hub, one.holder, "snds", threshold=threshold)
        if promoted:
            row = self.hub.records.get(HolderRow, one.holder)
            assert row is not None
            from dataclasses import replace

            self.hub.records.replace(replace(row, promoted=promoted))
        return one

    def __call__(
        self, *, dialect: dict[str, str] | None = None, replaces: str = "", id: str = "", **tables: str
    ) -> None:
        """Delivers the tables drawn; what became of each row must be what its last column says."""
        rows = {name: drawn(text) for name, text in tables.items()}
        delimiter = (dialect or {}).get("delimiter", ";")
        files = {f"{name}.csv": (name, file_of(name, drawn_, delimiter)) for name, drawn_ in rows.items()}
        self.deliver(files, dialect=dialect, replaces=replaces, id=id)
        for name, drawn_ in rows.items():
            expected = [r[BECOMES] for r in drawn_ if BECOMES in r]
            assert not expected or self.became(name, drawn_) == expected
        assert self.report is not None
        assert all(t.balanced() for t in self.report.tables.values())

    def deliver(
        self,
        files: dict[str, tuple[str, bytes]],
        *,
        dialect: dict[str, str] | None = None,
        replaces: str = "",
        id: str = "",
    ) -> DeliveryReport:
        number = next(NUMBERS)
        model = "hospital" if any(t == "HOSPITAL_STAYS" for t, _ in files.values()) else "snds"
        folder = write_delivery(
            self.place / f"d{number}",
            files,
            id=id or f"d{number}",
            holder=self.holder,
            model=model,
            dialect=dialect,
            replaces=replaces,
        )
        sign_synthetic(folder, read_manifest(folder), {"by": "an example"}, generator_key())
        self.report = deliver(self.hub, folder, self.holder)
        return self.report

    def became(self, name: str, rows: list[dict[str, str]]) -> list[str]:
        """`kept`, `kept, RULE COLUMN` or `refused, RULE COLUMN` of each row drawn."""
        assert self.report is not None
        refused = {
            r["line"]: " ".join(["refused,", str(r["rule"]), str(r["column"])]).strip()
            for r in refusals_of(self.hub, self.report.delivery)
            if r["file"] == f"{name}.csv"
        }
        flags = self.flags(name)
        table, _ = resolve(model_of("hospital" if name == "HOSPITAL_STAYS" else "snds"), name)
        told_by = TOLD_BY.get(table.name)
        found = []
        for number, row in enumerate(rows, 2):
            own = ({n: v.format(n=number) for n, v in DEFAULTS.get(name, {}).items()} | row).get(
                told_by or "", ""
            )
            kept = ", ".join(["kept", *flags.get(own, [])])
            found.append(refused.get(number, kept))
        return found

    def flags(self, name: str) -> dict[str, list[str]]:
        assert self.report is not None and self.report.snapshot is not None
        found: dict[str, list[str]] = defaultdict(list)
        if told_by := TOLD_BY.get(name):
            for (value,), _, flags in rows_of(self.hub, self.report.snapshot, name, [told_by]):
                found[str(value)] += [" ".join(reversed(f.split(":"))) for f in flags.split()]
        return found

    def rows(self, name: str, *columns: str) -> list[tuple[object, ...]]:
        """What the hub now holds of a table."""
        assert self.report is not None and self.report.snapshot is not None
        return sorted(
            (v for v, _, _ in rows_of(self.hub, self.report.snapshot, name, list(columns))), key=str
        )

    def persons(self, name: str, column: str) -> dict[object, object]:
        """The person of each row, by the value of a column."""
        assert self.report is not None and self.report.snapshot is not None
        return {v: person for (v,), person, _ in rows_of(self.hub, self.report.snapshot, name, [column])}


PEOPLE = {
    "alice": (AccountRole.RESEARCHER,),
    "eve": (AccountRole.RESEARCHER,),
    "comite": (AccountRole.COMMITTEE,),
    "autorite": (AccountRole.AUTHORITY,),
}
TODAY = datetime.now(UTC).date()
ANY_PRECISION = {
    "residence_commune": "commune", "birth_month": "month", "birth_year": "year", "care_date": "day", "death_date": "day",
    "death_commune": "commune",
}  # fmt: skip


class PermitSpec:
    """A hub with one dataset, a project that asked for everything, and permits under it."""

    def __init__(self, hub: Hub, place: Path) -> None:
        self.hub = hub
        self.intake = IntakeSpec(hub, place).afresh()
        for name, roles in PEOPLE.items():
            add_account(hub, name, list(roles))

    @property
    def dataset(self) -> str:
        return f"snds-{self.intake.holder}-c0"

    def actor(self, name: str) -> access.Actor:
        return acting(self.hub, self.hub.home / "identities" / f"{name}.json")

    def holds(self, **tables: str) -> None:
        """Delivers the tables drawn, once; the project then asks for all of them."""
        self.intake(**tables)
        asked = self.terms(precision=ANY_PRECISION, threshold=1, persons=["alice", "eve"])
        asked["tables"] = {name: ["*"] for name in tables}
        access.apply(self.hub, asked, self.actor("alice"))
        access.give_opinion(self.hub, "STUDY", "favourable", "", self.actor("comite"))
        access.authorise(self.hub, "STUDY", "grant", "", self.actor("autorite"))

    def terms(self, **given: object) -> dict[str, object]:
        return {
            "project": "STUDY",
            "dataset": self.dataset,
            "persons": ["alice"],
            "years": [2015, 2024],
            "start": (TODAY - timedelta(days=30)).isoformat(),
            "end": (TODAY + timedelta(days=30)).isoformat(),
            "threshold": 1,
        } | given

    def issue(self, **given: object) -> str:
        return access.issue(self.hub, self.terms(**given), self.actor("autorite")).id

    def amend(self, permit: str, **given: object) -> str:
        return access.amend(self.hub, permit, self.terms(**given), self.actor("autorite")).id

    def revoke(self, permit: str) -> None:
        access.revoke(self.hub, permit, "no longer needed", self.actor("autorite"))

    def object(self, *lines: str) -> None:
        rights.object_(self.hub, lines, dataset=self.dataset)

    def ask(self, permit: str, sql: str, who: str = "alice") -> list[tuple[object, ...]]:
        return list(ask.query(self.hub, permit, sql, self.actor(who)).answer.rows)

    def shown(self, permit: str) -> dict[str, dict[str, list[object]]]:
        """All that a permit shows, table by table and column by column: what its queries are fed."""
        feeds = view(self.hub, permit).feeds
        return {
            table: pa.RecordBatchReader.from_stream(feed.open(feed.names)).read_all().to_pydict()
            for table, feed in feeds.items()
        }

    def columns(self, permit: str, table: str) -> tuple[str, ...]:
        return view(self.hub, permit).tables[table].names
