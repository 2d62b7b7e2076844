"""A small hub to show: realistic figures, profiles computed from invented rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa

from egide.model.catalogue import ColumnEntry, DatasetEntry, HolderEntry, SnapshotEntry, TableEntry
from egide.model.pages import LeafView, LedgerView, PermitView, ProjectView, SignedView
from egide.model.table import CodeList, Column, DataClass, Domain, Kind, PersonRule, Table
from egide.rules.counts import rounded
from egide.stages.catalogue import Profiler

ROWS, PEOPLE = 60_000, 4_000
STAYS = Table(
    "T_MCOaaB",
    "PMSI-MCO",
    (
        Column("BEN_NIR_PSA", Kind.TEXT, domain=Domain.PSA, group="person", label_fr="Pseudonyme", label_en="Pseudonym"),
        Column("DGN_PAL", Kind.TEXT, codes="cim10", tags=("medical",), group="diagnosis", label_fr="Diagnostic principal (DP)", label_en="Main diagnosis"),
        Column("AGE_ANN", Kind.INTEGER, group="person", label_fr="Âge en années", label_en="Age in years"),
        Column("SEJ_NBJ", Kind.INTEGER, group="care", label_fr="Durée de séjour", label_en="Length of stay"),
        Column("TOT_MNT", Kind.DECIMAL, precision=12, scale=2, group="amounts", label_fr="Montant du séjour", label_en="Amount of the stay"),
        Column("EXE_SOI_DTD", Kind.DATE, tags=("potential_identifier:care_date",), group="care", label_fr="Date d'entrée", label_en="Admission date"),
        Column("ETA_NUM", Kind.TEXT, group="technical", label_fr="Numéro FINESS", label_en="FINESS number"),
    ),
    ("ETA_NUM",),
    PersonRule("psa", ("BEN_NIR_PSA",)),
    label_fr="Séjours en médecine, chirurgie, obstétrique : description du séjour",
    label_en="Stays in medicine, surgery, obstetrics: description of the stay",
)  # fmt: skip
CIM10 = CodeList(
    "cim10",
    frozenset(("I10", "E119", "Z511", "K801", "J189", "O800")),
    {
        "I10": "Hypertension essentielle (primitive)",
        "E119": "Diabète sucré de type 2, sans complication",
        "Z511": "Séance de chimiothérapie pour tumeur",
        "K801": "Calcul de la vésicule biliaire avec une autre forme de cholécystite",
        "J189": "Pneumopathie, sans précision",
        "O800": "Accouchement spontané par présentation du sommet",
    },
    "CC-BY",
    "ATIH",
)


def stays() -> pa.Table:
    rng = np.random.default_rng(3)
    codes = list(CIM10.labels_fr)
    paid = np.round(rng.lognormal(7, 0.8, ROWS), 2)
    return pa.table(
        {
            "PERSON_ID": pa.array(rng.integers(0, PEOPLE, ROWS)),
            "BEN_NIR_PSA": pa.array(["x"] * ROWS),
            "DGN_PAL": pa.array([codes[i] for i in rng.choice(6, ROWS, p=[0.3, 0.2, 0.2, 0.15, 0.1, 0.05])]),
            "AGE_ANN": pa.array(np.clip(rng.normal(58, 21, ROWS), 0, 108).astype(np.int32)),
            "SEJ_NBJ": pa.array(rng.geometric(0.25, ROWS).astype(np.int32) - 1),
            "TOT_MNT": pa.array(paid).cast(pa.decimal128(12, 2)),
            "EXE_SOI_DTD": pa.array(17_897 + rng.integers(0, 2190, ROWS), pa.int32()).cast(pa.date32()),
            "ETA_NUM": pa.array([f"{750_000_000 + i}" for i in rng.integers(0, 9000, ROWS)]),
        }
    )


def entry(table: Table, rows: pa.Table) -> TableEntry:
    profiler = Profiler(table)
    profiler.add(rows)
    profiles = profiler.finish()
    return TableEntry(
        table.name,
        table.product,
        table.label_fr,
        table.label_en,
        tuple(
            ColumnEntry(c.name, c.label_fr, c.label_en, c.kind, c.group, c.tags, c.codes, c.domain, profiles[c.name])
            for c in table.columns
        ),
        table.key,
        rounded(rows.num_rows),
        {str(year): rounded(n) for year, n in zip(range(2019, 2025), (9120, 8405, 9950, 10120, 11020, 11385), strict=True)},
        415,
    )  # fmt: skip


def tally(
    name: str, rows: int, quarantined: int, flagged: int, rules: list[dict[str, object]]
) -> dict[str, object]:
    months = {
        f"{y}-{m:02d}": int(rows / 72 * (1 + 0.15 * np.sin(m)))
        for y in range(2019, 2025)
        for m in range(1, 13)
    }
    return {
        "table": name,
        "rows_in": rows,
        "accepted": rows - quarantined,
        "quarantined": quarantined,
        "flagged": flagged,
        "rules": rules,
        "months": {} if name == "IR_BEN_R" else months,
    }


def rule(name: str, column: str, severity: str, rows: int) -> dict[str, object]:
    return {"rule": name, "column": column, "severity": severity, "rows": rows}


TABLES = [
    tally("IR_BEN_R", 20_412, 31, 118, [rule("width", "BEN_RES_COM", "refuse", 31), rule("unknown-code", "BEN_CDI_NIR", "flag", 118)]),
    tally("ER_PRS_F", 812_940, 1_204, 5_310, [rule("type", "PRS_ACT_QTE", "refuse", 804), rule("duplicate-key", "", "refuse", 400), rule("after-death", "EXE_SOI_DTD", "flag", 310), rule("unknown-code", "PRS_NAT_REF", "flag", 5_000)]),
    tally("ER_PHA_F", 604_118, 655, 900, [rule("null-key", "PHA_ORD_NUM", "refuse", 655), rule("reference", "", "flag", 900)]),
    tally("T_MCOaaB", 58_004, 88, 412, [rule("type", "AGE_ANN", "refuse", 88), rule("unknown-code", "DGN_PAL", "flag", 412)]),
]  # fmt: skip
REPORT = {
    "delivery": "cnam-2024-01",
    "holder": "cnam",
    "dataset": "snds",
    "class": "C0",
    "verdict": "accepted",
    "rows_in": sum(t["rows_in"] for t in TABLES),
    "rows_accepted": sum(t["accepted"] for t in TABLES),
    "rows_quarantined": sum(t["quarantined"] for t in TABLES),
    "rows_flagged": sum(t["flagged"] for t in TABLES),
    "tables": TABLES,
    "files": [
        {"path": f"{t['table']}.csv", "table": t["table"], "rows": t["rows_in"], "sha256": f"{i}c" * 32}
        for i, t in enumerate(TABLES)
    ],
    "notes": [{"rule": "volume", "table": "ER_PHA_F", "rows": 604_118}],
    "threshold": "5 %",
    "snapshot": "snds@4",
    "objects": 46,
    "bytes_plain": 88_120_340,
    "bytes_sealed": 91_930_112,
    "seconds": 9.4,
}
REFUSED = {
    **REPORT,
    "delivery": "chu-2024-02",
    "holder": "chu",
    "verdict": "refused",
    "snapshot": None,
    "objects": 0,
}
DEMO = {
    "people": 20_000,
    "deliveries": 2,
    "rows_in": REPORT["rows_in"],
    "rows_accepted": REPORT["rows_accepted"],
    "rows_flagged": REPORT["rows_flagged"],
    "rows_quarantined": REPORT["rows_quarantined"],
    "objects": 46,
    "bytes_plain": 88_120_340,
    "bytes_sealed": 91_930_112,
    "snapshot": "5f1c9a0be1d2" * 4,
    "permit": "demo-1",
    "query_rows": 12,
    "outputs_released": 1,
    "cells_suppressed": 3,
    "ledger_size": 41,
    "ledger_verified": True,
    "seconds": 31.8,
    "steps": [
        {"step": "init", "seconds": 0.4},
        {"step": "synth", "seconds": 12.1},
        {"step": "deliver", "seconds": 14.9},
        {"step": "authorise", "seconds": 0.3},
        {"step": "query", "seconds": 2.2},
        {"step": "review", "seconds": 0.2},
        {"step": "release", "seconds": 0.1},
        {"step": "verify", "seconds": 0.05},
    ],
    "tables": TABLES,
    "host": {"sizes": {65536: 12, 1048576: 18, 4194304: 16}, "example": "objects/3f/" + "3f9ac1" * 10 + "beef"},
    "terms": {
        "purpose": "Suivi des séjours pour diabète de type 2",
        "tables": ["T_MCOaaB", "IR_BEN_R"],
        "years": "2019-2024",
        "threshold": 11,
        "opinions": ["comite.ethique"],
        "authority": "autorite",
        "end": "2027-11-21",
    },
    "query": {
        "sql": "SELECT year(EXE_SOI_DTD) AS an, BEN_SEX_COD AS sexe, count(*) AS sejours\nFROM T_MCOaaB JOIN IR_BEN_R USING (PERSON_ID)\nGROUP BY ALL ORDER BY ALL",
        "columns": ["an", "sexe", "sejours"],
        "rows": [[2019 + i // 2, 1 + i % 2, None if i in (3, 4, 9) else 400 + 37 * i] for i in range(12)],
    },
    "reviews": [
        {"by": "relectrice.a", "decision": "approve", "at": "2026-11-21T22:10:04Z"},
        {"by": "relecteur.b", "decision": "approve", "at": "2026-11-21T22:10:05Z"},
    ],
    "events": {"account-enrolled": 6, "delivered": 2, "sealed": 2, "queried": 1, "reviewed": 2, "released": 1},
}  # fmt: skip


@dataclass
class ExampleHub:
    """Pages of a hub that exists on paper only."""

    stays: TableEntry = field(default_factory=lambda: entry(STAYS, stays()))

    def holders(self) -> Sequence[HolderEntry]:
        return [HolderEntry("cnam", "Caisse nationale de l'assurance maladie", "snds", ("snds",))]

    def datasets(self) -> Sequence[DatasetEntry]:
        snapshots = (
            SnapshotEntry("5f1c9a0b" * 8, date(2026, 11, 20), "cnam-2023-12"),
            SnapshotEntry("a00b17cc" * 8, date(2026, 11, 21), "cnam-2024-01"),
        )
        return [
            DatasetEntry(
                "snds", "cnam", DataClass.C0, "snds", "2024", (self.stays,), snapshots, date(2026, 11, 20)
            )
        ]

    def table(self, dataset: str, name: str) -> TableEntry:
        return {("snds", self.stays.name): self.stays}[dataset, name]

    def code_lists(self) -> Iterable[CodeList]:
        return [CIM10]

    def deliveries(self) -> Sequence[Mapping[str, object]]:
        return [REFUSED, REPORT]

    def projects(self) -> Sequence[ProjectView]:
        opinion = SignedView(
            "comite.ethique", "favourable", "2026-11-20T09:00:00Z", "Finalité d'intérêt public"
        )
        return [
            ProjectView("diabete", "Diabète et séjours hospitaliers", "chercheuse.a", "authorised", "C0", "Décrire les séjours.", (opinion,), ("demo-1",)),
            ProjectView("vide", "Projet sans permis", "chercheur.b", "submitted", "C3"),
        ]  # fmt: skip

    def permits(self) -> Sequence[PermitView]:
        return [
            PermitView(
                "demo-1", "diabete", "granted", "Suivi des séjours pour diabète de type 2",
                "RGPD 6.1.e et 9.2.i", ("chercheuse.a",), {"T_MCOaaB": ("care", "diagnosis"), "IR_BEN_R": ("person",)},
                "2019-2024", 11, "a00b17cc" * 8, "2026-11-21", "2027-11-21",
                SignedView("autorite", "grant", "2026-11-20T10:00:00Z"),
            )
        ]  # fmt: skip

    def ledger(self) -> LedgerView:
        latest = [
            LeafView(40 - i, k, f"2026-11-21T22:{10 - i:02d}:04Z")
            for i, k in enumerate(("released", "reviewed", "queried"))
        ]
        checkpoint = "egide.example/hub\n41\nqPXNs3mYHgo2Q0vRrG0nBn7aZ0U=\n\n— egide.example/hub 1a2b3c4d\n"
        return LedgerView(41, "ab" * 32, True, checkpoint, 38, DEMO["events"], latest)

    def report(self) -> Mapping[str, object] | None:
        return DEMO

    def close(self) -> None:
        """It holds nothing."""
