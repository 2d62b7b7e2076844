"""What the hub remembers: rows of its records, frozen. Data never stands here, only what is known about it.

Each class is one table of the records; `key` names the fields that identify a row.
"""

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class HubRow:
    """This installation."""

    key: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    name: str
    created: str
    settings: dict[str, object]


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A named person or service, with the roles it is enrolled for and the public half of its key."""

    key: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    roles: tuple[str, ...]
    public_key: str
    enrolled: str
    revoked: str = ""


@dataclass(frozen=True, slots=True)
class HolderRow:
    """An organisation that delivers, its linkage domain, and what was agreed with it."""

    key: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    domain: str
    public_key: str  # signs its packages; empty until it has one
    threshold: str  # share of refused rows over which a delivery is refused whole
    promoted: dict[str, str] = field(default_factory=dict)  # rule -> severity agreed instead of the usual one


@dataclass(frozen=True, slots=True)
class DatasetRow:
    key: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    holder: str
    model: str
    model_version: str
    data_class: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery that was received, with its report."""

    key: ClassVar[tuple[str, ...]] = ("id", "holder")
    id: str
    holder: str
    dataset: str
    sha256: str
    received: str
    verdict: str
    replaces: str
    sequence: int
    report: dict[str, object]


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A row of the key table (docs/format.md)."""

    key: ClassVar[tuple[str, ...]] = ("key_id",)
    key_id: str
    dataset: str
    kek_version: int
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """The head of a dataset after one change: which root object describes it."""

    key: ClassVar[tuple[str, ...]] = ("dataset", "sequence")
    dataset: str
    sequence: int
    root: str
    key_id: str
    created: str
    delivery: str
    rows: int


@dataclass(frozen=True, slots=True)
class ExclusionRow:
    """A person who objects, from one version of the exclusion list on."""

    key: ClassVar[tuple[str, ...]] = ("person",)
    person: str  # PERSON_ID in hex
    since: int


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """The computed profile of a table in one snapshot, under the small-count rule."""

    key: ClassVar[tuple[str, ...]] = ("dataset", "table")
    dataset: str
    table: str
    sequence: int
    periods: tuple[str, ...]
    rows: int
    profile: dict[str, object]


@dataclass(frozen=True, slots=True)
class ProjectRow:
    key: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    title: str
    applicant: str
    status: str
    application: dict[str, object]
    sha256: str  # of the application in canonical form: what acts are signed over


@dataclass(frozen=True, slots=True)
class ActRow:
    """A signed personal act over the document whose hash is `subject`."""

    key: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    kind: str
    subject: str
    about: str  # id of the project, permit or output it is about
    account: str
    decision: str
    at: str
    signed: dict[str, object]


@dataclass(frozen=True, slots=True)
class PermitRow:
    key: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    project: str
    state: str
    issued: str
    terms: dict[str, object]
    signature: str
    previous: str = ""


@dataclass(frozen=True, slots=True)
class OutputRow:
    """A result that somebody would like to take out. Its content is sealed; `sha256` is of the content."""

    key: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    permit: str
    author: str
    created: str
    status: str
    sha256: str
    subject: str  # what reviews are signed over
    snapshot: str
    exclusions: str
    findings: dict[str, object]
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    key: ClassVar[tuple[str, ...]] = ("output",)
    output: str
    at: str
    receipt: bytes


ROWS = (
    HubRow,
    AccountRow,
    HolderRow,
    DatasetRow,
    DeliveryRow,
    KeyRow,
    SnapshotRow,
    ExclusionRow,
    ProfileRow,
    ProjectRow,
    ActRow,
    PermitRow,
    OutputRow,
    ReleaseRow,
)
