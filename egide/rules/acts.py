"""Who may sign what, what each act may decide, and when two persons really are two.

Signatures themselves are checked by `egide.crypto.sign.check_signed`; these rules look at acts that passed it.
"""

from collections.abc import Collection, Sequence
from itertools import combinations

from egide.model.act import AccountRole as R
from egide.model.act import Act, ActKind, SignedAct
from egide.model.errors import Denied

# Who may do it. An owner has no silent right to the rest: no role stands for another.
WHO: dict[ActKind, frozenset[R]] = {
    ActKind.APPLICATION: frozenset({R.RESEARCHER}),
    ActKind.OPINION: frozenset({R.COMMITTEE}),
    ActKind.AUTHORISATION: frozenset({R.AUTHORITY}),
    ActKind.AMEND: frozenset({R.AUTHORITY}),
    ActKind.REVOKE: frozenset({R.AUTHORITY, R.OWNER}),
    ActKind.REVIEW: frozenset({R.REVIEWER}),
    ActKind.ENROL: frozenset({R.OWNER}),
    ActKind.CLASSIFY: frozenset({R.OWNER, R.HOLDER}),
    ActKind.FIND: frozenset({R.CUSTODIAN, R.AUTHORITY}),
    ActKind.SHRED: frozenset({R.OWNER, R.CUSTODIAN}),
    ActKind.LOSS: frozenset({R.OWNER, R.CUSTODIAN, R.AUDITOR}),
}

# What it may say.
DECISIONS: dict[ActKind, frozenset[str]] = {
    ActKind.APPLICATION: frozenset({"submit", "withdraw"}),
    ActKind.OPINION: frozenset({"favourable", "favourable-with-conditions", "unfavourable"}),
    ActKind.AUTHORISATION: frozenset({"grant", "refuse"}),
    ActKind.AMEND: frozenset({"grant", "refuse"}),
    ActKind.REVOKE: frozenset({"revoke"}),
    ActKind.REVIEW: frozenset({"approve", "refuse"}),
    ActKind.ENROL: frozenset({"enrol", "revoke"}),
    ActKind.CLASSIFY: frozenset({"declare"}),
    ActKind.FIND: frozenset({"approve", "refuse"}),
    ActKind.SHRED: frozenset({"approve", "refuse"}),
    ActKind.LOSS: frozenset({"accept", "refuse"}),
}

# Acts that need two persons, and the decision both must have taken.
TWO_PERSONS: dict[ActKind, str] = {
    ActKind.REVIEW: "approve",
    ActKind.CLASSIFY: "declare",
    ActKind.FIND: "approve",
    ActKind.LOSS: "accept",
}

MUST_SAY_WHY = frozenset({"refuse", "unfavourable", "favourable-with-conditions", "revoke"})


def check_may(roles: Collection[R], kind: ActKind) -> None:
    """Raises Denied with key act.not-your-role."""
    if not WHO[kind] & set(roles):
        raise Denied("act.not-your-role", kind=kind.value, needed=", ".join(sorted(WHO[kind])))


def check_act(act: Act, roles: Collection[R]) -> None:
    """The account may do this, the decision exists, and a refusal says why. Raises Denied."""
    check_may(roles, act.kind)
    if act.decision not in DECISIONS[act.kind]:
        raise Denied(
            "act.no-such-decision", decision=act.decision, known=", ".join(sorted(DECISIONS[act.kind]))
        )
    if act.decision in MUST_SAY_WHY and not act.reason.strip():
        raise Denied("act.says-no-why", decision=act.decision)


def check_subject(act: Act, kind: ActKind, subject: str) -> None:
    """The act is of this kind and about this very document. Raises Denied with key act.other-subject."""
    if (act.kind, act.subject) != (kind, subject):
        raise Denied("act.other-subject", account=act.account, kind=kind.value)


def check_two_persons(acts: Sequence[SignedAct], author: str, author_key: bytes | None = None) -> None:
    """Two different accounts with two different keys decided alike on one document, and neither is its author.

    One person with two accounts on one key, or two keys on one account, is one person. A refusal by anyone stops it.
    Raises Denied: act.mixed, act.refused, act.own-work, act.not-two-persons.
    """
    if len({(s.act.kind, s.act.subject) for s in acts}) > 1:
        raise Denied("act.mixed")
    for signed in acts:
        act = signed.act
        if act.kind not in TWO_PERSONS or act.decision != TWO_PERSONS[act.kind]:
            raise Denied("act.refused", account=act.account, decision=act.decision)
        if act.account == author or signed.public_key == author_key:
            raise Denied("act.own-work", account=act.account)
    if not any(_differ(one, other) for one, other in combinations(acts, 2)):
        raise Denied("act.not-two-persons")


def _differ(one: SignedAct, other: SignedAct) -> bool:
    return one.act.account != other.act.account and one.public_key != other.public_key
