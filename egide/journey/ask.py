"""A question within a permit: checked, run behind the fence, and outside class C0 shown only as a checked table."""

from dataclasses import dataclass
from datetime import UTC, datetime

from egide.crypto.sign import digest
from egide.journey.access import Actor, expire_due, permit_named
from egide.journey.out import make_output
from egide.journey.record import recorded
from egide.journey.view import PermitView, view
from egide.model.errors import Denied
from egide.model.event import EventKind
from egide.model.permit import terms_of
from egide.model.query import Answer, Limits
from egide.model.records import OutputRow
from egide.model.table import DataClass
from egide.rules.permits import check_usable
from egide.stages.query import ask_checked, ask_plain
from egide.wiring import Hub, fenced_engine

LIMITS = Limits(memory=2 << 30, seconds=600.0, temp=8 << 30)


@dataclass(frozen=True)
class Asked:
    """What came of a question: the answer, what it was computed on, and the output kept of it, if any."""

    answer: Answer
    snapshot: str
    exclusions: int
    output: OutputRow | None = None


def query(
    hub: Hub, permit: str, sql: str, actor: Actor, *, engine: str = "duckdb", keep: bool = False
) -> Asked:
    """Runs SQL under a permit. `keep` makes an output of the checked table, for review.

    Raises Denied for what permit, fence or disclosure rules refuse, BadUsage for SQL that does not run."""
    account = actor[0].name
    expire_due(hub, datetime.now(UTC).date())
    row = permit_named(hub, permit)
    check_usable(terms_of(row.terms), row.state, account, datetime.now(UTC).date(), engine=engine, tool="sql")
    try:
        asked = _ask(hub, view(hub, permit), sql, account, keep)
    except Denied as refused:
        with recorded(
            hub,
            EventKind.QUERY_REFUSED,
            permit=permit,
            account=account,
            sql=digest(sql.encode()),
            rule=refused.key,
        ):
            pass
        raise
    return asked


def _ask(hub: Hub, shown: PermitView, sql: str, account: str, keep: bool) -> Asked:
    runner = fenced_engine(hub)
    free = shown.data_class == DataClass.C0 and not keep
    if free:
        answer = ask_plain(sql, shown.tables, shown.feeds, runner, LIMITS)
    else:
        answer = ask_checked(sql, shown.tables, shown.feeds, runner, LIMITS, shown.terms.threshold)
    with recorded(
        hub,
        EventKind.QUERIED,
        permit=shown.permit.id,
        account=account,
        sql=digest(sql.encode()),
        rows=len(answer.rows),
    ):
        pass
    output = None
    if keep:
        findings = {
            "hidden": answer.hidden,
            "threshold": shown.terms.threshold,
            "persons_checked": answer.persons_checked,
            "rows": len(answer.rows),
        }
        output = make_output(
            hub, shown.permit.id, answer, findings, shown.snapshot, shown.exclusions, account
        )
    return Asked(answer, shown.snapshot, shown.exclusions, output)
