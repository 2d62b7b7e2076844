"""The whole way on data that nobody lived: from a holder's delivery to a released result, each step with its figures.

The data are class C0, which needs no opinion; they pass opinion, authorisation and disclosure control all the same.
"""

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from egide.journey import access, ask, ledgers, make, out, rights, snapshots, start
from egide.journey.intake import deliver
from egide.journey.publish import exclusion_version
from egide.model.act import AccountRole, ActKind
from egide.model.errors import BadUsage, Tampered
from egide.model.event import Leaf
from egide.model.records import DeliveryRow
from egide.wiring import Hub, Progress, quiet

Told = dict[str, object]
T = TypeVar("T")

YEARS = range(2019, 2025)
DEFECTS = 0.0005
MARKER = "demo"
REPORT = "demo.json"
PEOPLE = {
    "alice": (AccountRole.RESEARCHER,),
    "comite": (AccountRole.COMMITTEE,),
    "autorite": (AccountRole.AUTHORITY,),
    "bruno": (AccountRole.REVIEWER,),
    "chloe": (AccountRole.REVIEWER,),
}
TERMS: Told = {
    "project": "RECOURS-2024",
    "dataset": "snds-cnam-c0",
    "purpose": "Describe the use of care by sex and decade of birth (demonstration on synthetic data)",
    "legal_basis": "demonstration on class C0 data",
    "persons": ["alice"],
    "tables": {
        "IR_BEN_R": ["person", "place"],
        "ER_PRS_F": ["person", "care", "amounts", "technical"],
        "ER_PHA_F": ["care", "technical", "amounts"],
    },
    "years": [YEARS[0], YEARS[-1]],
    "threshold": 11,
    "precision": {"care_date": "month", "birth_year": "year"},
}
QUERY = """
SELECT b.BEN_SEX_COD AS sex, left(b.BEN_NAI_ANN, 3) || '0' AS born,
       COUNT(*) AS services, SUM(p.PRS_ACT_QTE) AS quantity
FROM ER_PRS_F p JOIN IR_BEN_R b ON p.PERSON_ID = b.PERSON_ID
WHERE b.BEN_SEX_COD IN (1, 2)
GROUP BY 1, 2
ORDER BY 1, 2
"""


class Clock:
    """Times the steps, and tells their progress."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.steps: list[Told] = []
        self._began = time.monotonic()

    def step(self, name: str, do: Callable[[], T]) -> T:
        began = time.monotonic()
        self.progress(name, 0, 0)
        done = do()
        self.steps.append({"step": name, "seconds": round(time.monotonic() - began, 2)})
        return done

    def total(self) -> float:
        return round(time.monotonic() - self._began, 2)


def demo(home: Path, *, people: int = 20_000, seed: int = 1, progress: Progress = quiet) -> Told:
    """Runs everything in a hub of its own and keeps the figures beside it. Raises BadUsage where another hub is."""
    _make_room(home)
    clock = Clock(progress)
    hub, _ = clock.step("init", lambda: start.init(home, name="Égide, démonstration"))
    (home / MARKER).touch()
    delivered = home / "delivered"
    clock.step(
        "synth",
        lambda: make.synth(
            delivered, people=people, years=YEARS, seed=seed, defects=DEFECTS, progress=progress
        ),
    )
    report = clock.step("deliver", lambda: deliver(hub, delivered, start.FIRST_HOLDER[0], progress=progress))
    with (delivered / "answers" / "objections.csv").open(encoding="utf-8") as lines:
        clock.step("objections", lambda: rights.object_(hub, lines, dataset=report.dataset))
    permit = clock.step("authorise", lambda: _authorise(hub))
    asked = clock.step("query", lambda: ask.query(hub, permit, QUERY, _actor(hub, "alice"), keep=True))
    assert asked.output is not None
    output = asked.output.id
    clock.step("review", lambda: _review(hub, output))
    clock.step("release", lambda: out.release(hub, output, home / "releases" / output))
    verified = clock.step("verify", lambda: _verify(hub))
    figures = report.as_json()
    told: Told = {
        "people": people,
        "deliveries": hub.records.count(DeliveryRow),
        **{
            name: figures[name]
            for name in (
                "rows_in",
                "rows_accepted",
                "rows_flagged",
                "rows_quarantined",
                "objects",
                "bytes_plain",
                "bytes_sealed",
                "snapshot",
            )
        },
        "permit": permit,
        "query_rows": len(asked.answer.rows),
        "outputs_released": 1,
        "cells_suppressed": asked.answer.hidden,
        "ledger_size": hub.records.ledger.size(),
        "ledger_verified": verified,
        "exclusions": exclusion_version(hub),
        "seconds": clock.total(),
        "home": str(home),
        "accounts": {name: [r.value for r in roles] for name, roles in PEOPLE.items()},
        "steps": clock.steps,
    }
    shown = {**told, **_story(hub, figures, asked, output)}
    (home / REPORT).write_text(json.dumps(shown, ensure_ascii=False, default=str), "utf-8")
    return told


def _make_room(home: Path) -> None:
    """A demo may replace an earlier demo, nothing else."""
    if home.exists() and any(home.iterdir()):
        if not (home / MARKER).exists():
            raise BadUsage("hub.exists")
        shutil.rmtree(home)


def _actor(hub: Hub, name: str) -> access.Actor:
    return start.acting(hub, start.identity_path(hub, name))


def _authorise(hub: Hub) -> str:
    """Five people are enrolled; one applies, one gives an opinion, one decides and issues the permit."""
    for name, roles in PEOPLE.items():
        start.add_account(hub, name, list(roles))
    today = datetime.now(UTC).date()
    terms = {**TERMS, "start": today.isoformat(), "end": (today + timedelta(days=365)).isoformat()}
    project = str(terms["project"])
    access.apply(hub, {**terms, "title": "Le recours aux soins selon l'âge et le sexe"}, _actor(hub, "alice"))
    access.give_opinion(hub, project, "favourable", "", _actor(hub, "comite"))
    access.authorise(hub, project, "grant", "", _actor(hub, "autorite"))
    return access.issue(hub, terms, _actor(hub, "autorite")).id


def _review(hub: Hub, output: str) -> None:
    for name in ("bruno", "chloe"):
        out.review(hub, output, "approve", "", _actor(hub, name))


def _verify(hub: Hub) -> bool:
    """Every object read, every leaf recomputed."""
    found = snapshots.snapshot_verify(hub)
    if found["altered"] or found["missing"]:
        raise Tampered("seal.broken", name=str(found["altered"] or found["missing"]))
    return bool(ledgers.ledger_verify(hub)["verified"])


def _story(hub: Hub, figures: Told, asked: ask.Asked, output: str) -> Told:
    """What the report tells beside the figures."""
    names = list(hub.store.names())
    kinds = Counter(
        Leaf.parse(leaf).kind.value for _, leaf in hub.records.ledger.leaves(0, hub.records.ledger.size())
    )
    acts = access.acts_about(hub, output, ActKind.REVIEW, out.output_named(hub, output).subject)
    return {
        "tables": figures["tables"],
        "host": {
            "sizes": {str(size): n for size, n in sorted(Counter(hub.store.size(n) for n in names).items())},
            "example": names[0],
        },
        "terms": {
            "project": TERMS["project"],
            "purpose": TERMS["purpose"],
            "tables": sorted(TERMS["tables"]),  # type: ignore[call-overload]
            "years": f"{YEARS[0]}-{YEARS[-1]}",
            "threshold": TERMS["threshold"],
            "end": (datetime.now(UTC).date() + timedelta(days=365)).isoformat(),
            "opinions": ["comite"],
            "authority": "autorite",
        },
        "query": {
            "sql": QUERY.strip(),
            "columns": list(asked.answer.columns),
            "rows": [[None if v is None else str(v) for v in row] for row in asked.answer.rows],
        },
        "reviews": [{"by": a.act.account, "decision": a.act.decision, "at": a.act.at} for a in acts],
        "events": dict(kinds),
    }
