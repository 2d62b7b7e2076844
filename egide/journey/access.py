"""Trust comes in: a project applies, a committee gives its opinion, the authority decides, a permit is issued.

Each step is a personal act, signed by a key that the hub does not hold, over the hash of the very document.
"""

import base64
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from egide.crypto.identity import Identity
from egide.crypto.sign import VerifyKey, check_signed, digest, sign_act
from egide.journey.known import head_named
from egide.journey.record import recorded, signer
from egide.journey.start import PERMIT_KEY
from egide.model.act import AccountRole, Act, ActKind, SignedAct
from egide.model.canonical import canonical
from egide.model.errors import BadInput, Denied, Tampered
from egide.model.event import EventKind
from egide.model.permit import PermitState, ProjectState, Terms, terms_of
from egide.model.records import AccountRow, ActRow, DatasetRow, PermitRow, ProjectRow
from egide.model.table import Model
from egide.registry import model_of
from egide.rules.acts import check_act, check_subject
from egide.rules.permits import check_known, check_next_permit, check_next_project, check_within
from egide.wiring import Hub

Actor = tuple[AccountRow, Identity]


def read_terms(path: Path) -> dict[str, object]:
    """A TOML file of terms. Raises BadInput when it is none."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise BadInput("permit.file") from None


def apply(hub: Hub, document: dict[str, object], actor: Actor) -> ProjectRow:
    """Files a project's application. Its terms are what the project asks for."""
    given = dict(document)
    title = str(given.pop("title", "") or given.get("project", ""))
    asked = _pinned(hub, terms_of(given, "application"))
    check_known(asked, model_of_dataset(hub, asked.dataset))
    application = {"title": title, **asked.document()}
    row = ProjectRow(
        asked.project, title, actor[0].name, ProjectState.APPLIED, application, digest(canonical(application))
    )
    if hub.records.get(ProjectRow, row.id):
        raise Denied("records.exists", kind="project")
    with recorded(hub, EventKind.PROJECT_APPLIED, project=row.id, application=row.sha256):
        hub.records.add(row)
        keep_act(hub, ActKind.APPLICATION, row.sha256, row.id, "submit", "", actor)
    return row


def give_opinion(hub: Hub, project: str, decision: str, reason: str, actor: Actor) -> ProjectRow:
    """A committee's opinion on the application as filed."""
    row = project_named(hub, project)
    to = ProjectState.UNFAVOURABLE if decision == "unfavourable" else ProjectState.FAVOURABLE
    check_next_project(row.status, to)
    with recorded(hub, EventKind.OPINION_GIVEN, project=project, decision=decision):
        keep_act(hub, ActKind.OPINION, row.sha256, project, decision, reason, actor)
        hub.records.replace(replace(row, status=to))
    return project_named(hub, project)


def authorise(hub: Hub, project: str, decision: str, reason: str, actor: Actor) -> ProjectRow:
    """The authority's decision."""
    row = project_named(hub, project)
    to = ProjectState.AUTHORISED if decision == "grant" else ProjectState.REFUSED
    check_next_project(row.status, to)
    kind = EventKind.AUTHORISED if decision == "grant" else EventKind.AUTHORISATION_REFUSED
    with recorded(hub, kind, project=project, decision=decision):
        keep_act(hub, ActKind.AUTHORISATION, row.sha256, project, decision, reason, actor)
        hub.records.replace(replace(row, status=to))
    return project_named(hub, project)


def issue(hub: Hub, document: dict[str, object], actor: Actor) -> PermitRow:
    """Issues a permit within what was asked and authorised. The authority signs the terms; so does the hub."""
    terms = terms_of(_untitled(document))
    row = project_named(hub, terms.project)
    if row.status != ProjectState.AUTHORISED:
        raise Denied("permit.not-authorised", state=row.status)
    return _grant(hub, terms, row, actor, ActKind.AUTHORISATION, EventKind.PERMIT_ISSUED)


def amend(hub: Hub, permit: str, document: dict[str, object], actor: Actor) -> PermitRow:
    """A new permit that takes the place of another and points back to it. The first one's pseudonyms can never be
    made again."""
    before = permit_named(hub, permit)
    check_next_permit(before.state, PermitState.AMENDED)
    terms = terms_of(_untitled(document))
    row = project_named(hub, terms.project)
    if row.id != before.project:
        raise Denied("permit.exceeds", what="project")
    granted = _grant(hub, terms, row, actor, ActKind.AMEND, EventKind.PERMIT_AMENDED, before)
    hub.keys.forget(f"permit/{permit}")
    return granted


def revoke(hub: Hub, permit: str, reason: str, actor: Actor) -> PermitRow:
    """Ends a permit at once: the next query is refused, and the pseudonyms made for it can never be made again."""
    row = permit_named(hub, permit)
    check_next_permit(row.state, PermitState.REVOKED)
    with recorded(hub, EventKind.PERMIT_REVOKED, permit=permit):
        keep_act(hub, ActKind.REVOKE, digest(canonical(row.terms)), permit, "revoke", reason, actor)
        hub.records.replace(replace(row, state=PermitState.REVOKED))
    hub.keys.forget(f"permit/{permit}")
    return permit_named(hub, permit)


def expire_due(hub: Hub, today: date) -> list[str]:
    """Marks permits whose last day has passed, and forgets the secrets that made their pseudonyms."""
    due = [
        p
        for p in hub.records.where(PermitRow, state=PermitState.GRANTED.value)
        if terms_of(p.terms).end < today
    ]
    for row in due:
        with recorded(hub, EventKind.PERMIT_EXPIRED, permit=row.id):
            hub.records.replace(replace(row, state=PermitState.EXPIRED))
        hub.keys.forget(f"permit/{row.id}")
    return [row.id for row in due]


def _grant(
    hub: Hub,
    terms: Terms,
    row: ProjectRow,
    actor: Actor,
    kind: ActKind,
    event: EventKind,
    before: PermitRow | None = None,
) -> PermitRow:
    model = model_of_dataset(hub, terms.dataset)
    terms = _pinned(hub, terms)
    check_known(terms, model)
    check_within(terms, terms_of(_untitled(row.application)), model)
    for account in terms.persons:
        if hub.records.get(AccountRow, account) is None:
            raise Denied("account.unknown", account=account)
    document = terms.document()
    permit = f"P-{secrets.token_hex(4)}"
    signature = signer(hub, PERMIT_KEY).sign(_signed(permit, document)).hex()
    issued = PermitRow(
        permit, row.id, PermitState.GRANTED, hub.now(), document, signature, before.id if before else ""
    )
    with recorded(hub, event, permit=permit, project=row.id, terms=digest(canonical(document))):
        keep_act(hub, kind, digest(canonical(document)), permit, "grant", "", actor)
        hub.records.add(issued)
        if before is not None:
            hub.records.replace(replace(before, state=PermitState.AMENDED))
    return issued


def _untitled(document: Mapping[str, object]) -> dict[str, object]:
    """An application is the terms it asks for, under a title."""
    return {name: value for name, value in document.items() if name != "title"}


def _pinned(hub: Hub, terms: Terms) -> Terms:
    """The terms with the full name of their snapshot. Raises Denied when their dataset has none of that name."""
    if not terms.snapshot:
        return terms
    head = head_named(hub, terms.snapshot)
    if head.dataset != terms.dataset:
        raise Denied("snapshot.unknown", name=terms.snapshot)
    return replace(terms, snapshot=head.name)


def _signed(permit: str, document: dict[str, object]) -> bytes:
    return canonical({"permit": permit, "terms": document})


def keep_act(
    hub: Hub, kind: ActKind, subject: str, about: str, decision: str, reason: str, actor: Actor
) -> SignedAct:
    """Signs an act with the actor's own key, checks that they may, and keeps it. Call inside `recorded`."""
    account, identity = actor
    act = Act(kind, subject, decision, reason, account.name, hub.now())
    check_act(act, [AccountRole(r) for r in account.roles])
    signed = sign_act(act, identity.key)
    check_signed(signed, VerifyKey.parse(account.public_key))
    hub.records.add(
        ActRow(
            digest(bytes(act))[:32] + secrets.token_hex(4),
            kind.value,
            subject,
            about,
            account.name,
            decision,
            act.at,
            {
                "act": act.as_facts(),
                "signature": base64.b64encode(signed.signature).decode(),
                "public_key": base64.b64encode(signed.public_key).decode(),
            },
        )
    )
    return signed


def acts_about(hub: Hub, about: str, kind: ActKind, subject: str) -> list[SignedAct]:
    """The acts of a kind on this very document, each checked again against the key enrolled for its account.

    Raises Tampered or Denied when a kept act no longer holds."""
    return [
        _checked(hub, row, kind, subject) for row in hub.records.where(ActRow, about=about, kind=kind.value)
    ]


def _checked(hub: Hub, row: ActRow, kind: ActKind, subject: str) -> SignedAct:
    facts = row.signed["act"]
    if not isinstance(facts, dict):
        raise Tampered("sign.wrong")
    signed = SignedAct(
        Act(**facts),
        base64.b64decode(str(row.signed["signature"])),
        base64.b64decode(str(row.signed["public_key"])),
    )
    account = hub.records.get(AccountRow, signed.act.account)
    if account is None:
        raise Denied("account.unknown", account=signed.act.account)
    check_signed(signed, VerifyKey.parse(account.public_key))
    check_subject(signed.act, kind, subject)
    return signed


def project_named(hub: Hub, project: str) -> ProjectRow:
    row = hub.records.get(ProjectRow, project)
    if row is None:
        raise Denied("hub.nothing-here", name=project)
    return row


def permit_named(hub: Hub, permit: str) -> PermitRow:
    """A permit whose signature holds. Raises Tampered when its terms were changed in the records."""
    row = hub.records.get(PermitRow, permit)
    if row is None:
        raise Denied("hub.nothing-here", name=permit)
    try:
        signer(hub, PERMIT_KEY).verify_key.verify(bytes.fromhex(row.signature), _signed(row.id, row.terms))
    except (Tampered, ValueError):
        raise Tampered("permit.signature", permit=permit) from None
    return row


def model_of_dataset(hub: Hub, dataset: str) -> Model:
    row = hub.records.get(DatasetRow, dataset)
    if row is None:
        raise Denied("permit.no-dataset", dataset=dataset)
    return model_of(row.model, row.model_version)


__all__ = [
    "amend",
    "apply",
    "authorise",
    "expire_due",
    "give_opinion",
    "issue",
    "permit_named",
    "project_named",
    "read_terms",
    "revoke",
]
