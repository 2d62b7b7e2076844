"""What a page shows of the ledger, of projects and of permits: the nouns between the journey and the portal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LeafView:
    """A line of the ledger as anybody may read it."""

    index: int
    kind: str
    at: str  # ISO, UTC


@dataclass(frozen=True, slots=True)
class LedgerView:
    size: int
    root: str  # hex
    verified: bool | None  # None: not verified since it changed
    checkpoint: str = ""  # the signed note
    witnessed: int | None = None  # size that the witness cosigned
    kinds: Mapping[str, int] = field(default_factory=dict)
    latest: Sequence[LeafView] = ()  # newest first


@dataclass(frozen=True, slots=True)
class SignedView:
    """Something a named account signed: an opinion, an authorisation, a review."""

    by: str
    decision: str
    at: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class PermitView:
    id: str
    project: str
    state: str
    purpose: str
    legal_basis: str
    persons: Sequence[str]
    tables: Mapping[str, Sequence[str]]  # table -> column groups
    years: str
    threshold: int
    snapshot: str
    start: str
    end: str
    authorisation: SignedView | None = None


@dataclass(frozen=True, slots=True)
class ProjectView:
    id: str
    title: str
    applicant: str
    state: str
    data_class: str
    purpose: str = ""
    opinions: Sequence[SignedView] = ()
    permits: Sequence[str] = ()
