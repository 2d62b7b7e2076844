"""Only this leaves: an output is found sound by rule, then by two people, then released once with a receipt."""

import csv
import io
import secrets
from dataclasses import replace
from pathlib import Path

from egide.crypto.box import close_box, open_box
from egide.crypto.sign import VerifyKey, digest
from egide.journey.access import Actor, acts_about, keep_act, permit_named
from egide.journey.record import note, recorded, sign_head, unseal_side
from egide.model.act import AccountRole, ActKind
from egide.model.errors import Denied, Tampered
from egide.model.event import EventKind
from egide.model.permit import OutputState, PermitState
from egide.model.query import Answer
from egide.model.records import AccountRow, OutputRow, ReleaseRow
from egide.rules.acts import check_may, check_two_persons
from egide.rules.permits import check_next_output
from egide.stages import ledger
from egide.wiring import Hub

OUTPUTS = "outputs/hub"
RESULT = "result.csv"
RECEIPT = "receipt.json"
HIDDEN = ""  # how a hidden cell is written: empty, and counted in the findings


def table_csv(answer: Answer) -> bytes:
    """A checked table as the file that may leave."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(answer.columns)
    for row in answer.rows:
        writer.writerow([HIDDEN if value is None else value for value in row])
    return out.getvalue().encode()


def make_output(
    hub: Hub,
    permit: str,
    answer: Answer,
    findings: dict[str, object],
    snapshot: str,
    exclusions: int,
    author: str,
) -> OutputRow:
    """Keeps a checked table, sealed, as a candidate to leave."""
    content = table_csv(answer)
    name = f"O-{secrets.token_hex(4)}"
    listed = f"exclusions@{exclusions}"
    subject = _subject(permit, digest(content), snapshot, listed)
    box = close_box(content, hub.keys.secret(OUTPUTS, create=True), name)
    row = OutputRow(
        name,
        permit,
        author,
        hub.now(),
        OutputState.MADE,
        digest(content),
        subject,
        snapshot,
        listed,
        findings,
        box,
    )
    with recorded(hub, EventKind.OUTPUT_MADE, output=name, permit=permit, sha256=row.sha256):
        hub.records.add(row)
    return row


def _subject(permit: str, sha256: str, snapshot: str, exclusions: str) -> str:
    """What an output's reviews are signed over."""
    return ledger.review_subject(
        permit=permit, outputs={RESULT: sha256}, snapshot=snapshot, exclusions=exclusions
    )


def output_named(hub: Hub, output: str) -> OutputRow:
    row = hub.records.get(OutputRow, output)
    if row is None:
        raise Denied("hub.nothing-here", name=output)
    return row


def content_of(hub: Hub, row: OutputRow) -> bytes:
    """An output's content, for its reviewers. Raises Tampered when it is not what reviews are signed over."""
    content = open_box(row.sealed, hub.keys.secret(OUTPUTS, create=True), row.id)
    subject = _subject(row.permit, row.sha256, row.snapshot, row.exclusions)
    if digest(content) != row.sha256 or subject != row.subject:
        raise Tampered("box.broken", place=row.id)
    return content


def content_for(hub: Hub, row: OutputRow, actor: Actor) -> bytes:
    """An output's content for somebody who may review it. Raises Denied for everybody else."""
    check_may([AccountRole(r) for r in actor[0].roles], ActKind.REVIEW)
    return content_of(hub, row)


def review(hub: Hub, output: str, decision: str, reason: str, actor: Actor) -> OutputRow:
    """One person's review of this very content. Two approvals by two enrolled keys, neither the author's, approve it."""
    row = output_named(hub, output)
    content_of(hub, row)
    check_next_output(row.status, OutputState.APPROVED if decision == "approve" else OutputState.REFUSED)
    if actor[0].name == row.author:
        raise Denied("act.own-work", account=actor[0].name)
    with recorded(hub, EventKind.REVIEWED, output=output, decision=decision):
        keep_act(hub, ActKind.REVIEW, row.subject, output, decision, reason, actor)
        if decision == "refuse":
            hub.records.replace(replace(row, status=OutputState.REFUSED))
        elif _approved(hub, row):
            hub.records.replace(replace(row, status=OutputState.APPROVED))
    return output_named(hub, output)


def _approved(hub: Hub, row: OutputRow) -> bool:
    try:
        check_two_persons(
            acts_about(hub, row.id, ActKind.REVIEW, row.subject), row.author, _author_key(hub, row)
        )
    except Denied:
        return False
    return True


def _author_key(hub: Hub, row: OutputRow) -> bytes | None:
    author = hub.records.get(AccountRow, row.author)
    return VerifyKey.parse(author.public_key).raw if author else None


def release(hub: Hub, output: str, folder: Path) -> Path:
    """Records the release, once, and writes the file and its receipt to a folder. Asked again, it writes the same.

    Raises Denied when two persons have not approved this very content or its permit was revoked."""
    row = output_named(hub, output)
    kept = hub.records.get(ReleaseRow, output)
    receipt = kept.receipt if kept else _record_release(hub, row)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULT).write_bytes(content_of(hub, row))
    (folder / RECEIPT).write_bytes(receipt)
    return folder


def _record_release(hub: Hub, row: OutputRow) -> bytes:
    """One transaction: the event, the head that covers it, the receipt bound to both."""
    check_next_output(row.status, OutputState.RELEASED)
    permit = permit_named(hub, row.permit)
    if permit.state == PermitState.REVOKED:
        raise Denied("permit.not-granted", state=permit.state)
    reviews = acts_about(hub, row.id, ActKind.REVIEW, row.subject)
    check_two_persons(reviews, row.author, _author_key(hub, row))
    content_of(hub, row)
    body = ledger.receipt_body(
        hub=hub.id,
        permit=row.permit,
        author=row.author,
        outputs={RESULT: row.sha256},
        snapshot=row.snapshot,
        exclusions=row.exclusions,
        reviews=reviews,
    )
    with hub.records.changing():
        index = note(hub, EventKind.RELEASED, **ledger.released_facts(body))
        head = sign_head(hub)
        side = hub.records.ledger.side(index)
        assert side is not None
        receipt = ledger.make_receipt(hub.records.ledger, body, index, unseal_side(hub)(side), head)
        hub.records.replace(replace(row, status=OutputState.RELEASED))
        hub.records.add(ReleaseRow(row.id, hub.now(), receipt))
    return receipt
