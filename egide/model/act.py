"""A personal act: what a named account decided about one exact document, signed by a key the hub does not hold."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from egide.model.canonical import canonical, check_instant

ACT_FORMAT = "egide-act/1"
_DIGEST = re.compile(r"[0-9a-f]{64}")


class AccountRole(StrEnum):
    """What an account is enrolled for. Labels: `role.*` in messages/ledger.toml."""

    OWNER = "owner"
    OPERATOR = "operator"
    HOLDER = "holder"
    CUSTODIAN = "custodian"
    RESEARCHER = "researcher"
    COMMITTEE = "committee"
    AUTHORITY = "authority"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    GENERATOR = "generator"


class ActKind(StrEnum):
    """Labels: `act-kind.*` in messages/ledger.toml. Who may do which: `egide.rules.acts`."""

    APPLICATION = "application"
    OPINION = "opinion"
    AUTHORISATION = "authorisation"
    AMEND = "amend"
    REVOKE = "revoke"
    REVIEW = "review"
    ENROL = "enrol"
    CLASSIFY = "classify"  # declares a dataset C0 without a generator's manifest (DESIGN 6)
    FIND = "find"  # the way back from a pseudonym
    SHRED = "shred"
    LOSS = "loss"  # a restored hub accepts what it has lost (DESIGN 4)


@dataclass(frozen=True, slots=True)
class Act:
    """`subject` is the SHA-256, in hex, of the document acted on: the act means that document and no other."""

    kind: ActKind
    subject: str
    decision: str
    reason: str
    account: str
    at: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", ActKind(self.kind))
        check_instant(self.at)
        if not _DIGEST.fullmatch(self.subject):
            raise ValueError("a subject is a SHA-256 in lower-case hex")
        if not self.decision or not self.account or self.account != self.account.strip():
            raise ValueError("an act names its decision and its account")

    def __bytes__(self) -> bytes:
        """What is signed. The format name keeps an act from passing for any other signed document."""
        return canonical({"format": ACT_FORMAT, **self.as_facts()})

    def as_facts(self) -> dict[str, str]:
        return {
            "kind": self.kind.value,
            "subject": self.subject,
            "decision": self.decision,
            "reason": self.reason,
            "account": self.account,
            "at": self.at,
        }


@dataclass(frozen=True, slots=True)
class SignedAct:
    """An act with its Ed25519 signature and the public key that made it. Not yet checked: see `check_signed`."""

    act: Act
    signature: bytes = field(repr=False)  # 64 bytes
    public_key: bytes  # 32 bytes
