"""The standalone verifier of receipts, as a process of its own: a receipt, whole and spoilt in every way."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from ledger_kit import ORIGIN, TOOLS, Kept, Ran, plain

from egide.crypto.note import COSIGNED, Verifier
from egide.crypto.sign import SigningKey, digest, sign_act
from egide.model.act import Act, ActKind, SignedAct
from egide.model.canonical import canonical
from egide.model.errors import BadUsage
from egide.model.event import Event, EventKind
from egide.stages import ledger

Tool = Callable[..., Ran]
AT = "2026-01-02T03:04:05Z"


def all_files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def check(tool: Tool, kept: Kept, folder: Path, *more: object) -> Ran:
    return tool("verify_ledger.py", folder, "--key", kept.verifier, *more)


@dataclass
class Release:
    """A release as the hub makes it, with what an attacker would like to change."""

    kept: Kept
    reviewers: dict[str, SigningKey]
    outputs: dict[str, str]
    author: str = "ana"

    def reviews(self, **changes: str) -> list[SignedAct]:
        subject = ledger.review_subject(permit="p-1", outputs=self.outputs, snapshot="s-1", exclusions="x-1")
        plain_act = {
            "kind": "review",
            "subject": subject,
            "decision": "approve",
            "reason": "",
            "at": AT,
        } | changes
        return [
            sign_act(Act(**{**plain_act, "kind": ActKind(plain_act["kind"])}, account=name), key)
            for name, key in self.reviewers.items()
        ]

    def receipt(self, reviews: list[SignedAct] | None = None) -> bytes:
        body = ledger.receipt_body(
            hub="hub-1",
            permit="p-1",
            author=self.author,
            outputs=self.outputs,
            snapshot="s-1",
            exclusions="x-1",
            reviews=self.reviews() if reviews is None else reviews,
        )
        index = ledger.append(
            self.kept.store, Event(EventKind.RELEASED, AT, ledger.released_facts(body)), plain
        )
        self.kept.grow(3)
        return ledger.make_receipt(
            self.kept.store, body, index, self.kept.store.sides[index], self.kept.sign()
        )


@pytest.fixture
def release(kept: Kept, tmp_path: Path) -> Release:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "table.csv").write_bytes(b"age,n\n40,120\n")
    return Release(
        kept.grow(6),
        {"rita": SigningKey.generate(), "omar": SigningKey.generate()},
        {"table.csv": digest(b"age,n\n40,120\n")},
    )


@pytest.fixture
def judge(release: Release, tool: Tool, tmp_path: Path) -> Callable[..., Ran]:
    def run(receipt: bytes, *more: object) -> Ran:
        (tmp_path / "receipt.json").write_bytes(receipt)
        return tool("verify_receipt.py", tmp_path / "receipt.json", "--key", release.kept.verifier, *more)

    return run


def changed(receipt: bytes, *path: str | int, to: object) -> bytes:
    document = json.loads(receipt)
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return canonical(document)


def test_a_receipt_holds(release: Release, judge: Tool, tmp_path: Path) -> None:
    done = judge(release.receipt(), "--files", tmp_path / "files")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["reviewers"] == ["rita", "omar"]


def test_a_receipt_stands_in_the_exported_ledger(release: Release, tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "receipt.json").write_bytes(release.receipt())
    ledger.export(release.kept.store, tmp_path / "out")
    assert check(tool, release.kept, tmp_path / "out", "--receipt", tmp_path / "receipt.json").code == 0
    (tmp_path / "receipt.json").write_bytes(
        changed((tmp_path / "receipt.json").read_bytes(), "ledger", "index", to=7)
    )
    done = check(tool, release.kept, tmp_path / "out", "--receipt", tmp_path / "receipt.json")
    assert (done.code, "event 7 of this ledger is another one" in done.err) == (5, True)


OTHER = digest(b"another file")


@pytest.mark.parametrize(
    ("path", "to", "named"),
    [
        (("outputs",), {"table.csv": OTHER}, "review 1: it does not approve"),
        (("outputs",), {}, "review 1: it does not approve"),
        (("permit",), "p-2", "review 1: it does not approve"),
        (("snapshot",), "s-2", "review 1: it does not approve"),
        (("exclusions",), "x-0", "review 1: it does not approve"),
        (("hub",), "hub-2", "the event records another release"),
        (("author",), "bob", "the event records another release"),
        (("author",), "rita", "the author reviewed"),
        (("reviews", 0, "act", "account"), "eve", "review 1: the signature"),
        (("reviews", 1, "act", "at"), "2026-01-02T03:04:06Z", "review 2: the signature"),
        (("reviews",), [], "not two persons"),
        (("format",), "egide-receipt/2", "form"),
        (("ledger", "salt"), "00" * 32, "does not commit"),
        (("ledger", "facts"), {}, "does not commit"),
        (("ledger", "index"), 5, "does not lead"),
        (("ledger", "size"), 9, "does not lead"),
        (("ledger", "proof"), [], "too short"),
        (
            ("ledger", "checkpoint"),
            f"{ORIGIN}\n10\n{'A' * 43}=\n\n\u2014 {ORIGIN} AAAAAAAA\n",
            "not signed by",
        ),
    ],
)
def test_an_altered_receipt_is_named(
    release: Release, judge: Tool, path: tuple[str | int, ...], to: object, named: str
) -> None:
    done = judge(changed(release.receipt(), *path, to=to))
    assert done.code == 5
    assert named in done.err


def test_every_flipped_byte_of_a_receipt_is_refused(release: Release, tool: Tool, tmp_path: Path) -> None:
    """In one process, through the tool's own function: 3,000 bytes would be as many starts."""
    good, key = release.receipt(), str(release.kept.verifier)
    (tmp_path / "good").write_bytes(good)
    (tmp_path / "try.py").write_text(
        "import sys, pathlib, verify_receipt as v\n"
        "good, missed = pathlib.Path(sys.argv[1]).read_bytes(), 0\n"
        "v.verify(good, sys.argv[2])\n"
        "for place in range(len(good)):\n"
        "    try:\n"
        "        v.verify(good[:place] + bytes([good[place] ^ 1]) + good[place + 1:], sys.argv[2])\n"
        "        missed += 1\n"
        "    except (v.Refused, ValueError, LookupError, TypeError, AttributeError):\n"
        "        pass\n"
        "print(len(good), missed)\n"
    )
    done = tool_in(tmp_path, tool, key)
    length, missed = map(int, done.out.split())
    assert (length, missed) == (len(good), 0)


def tool_in(folder: Path, tool: Tool, key: str) -> Ran:
    shutil.copy(TOOLS / "verify_receipt.py", folder)
    (folder / "try.py").write_text(
        f"import sys; sys.path.insert(0, {str(folder)!r})\n" + (folder / "try.py").read_text()
    )
    return tool(folder / "try.py", folder / "good", key)


def test_one_person_with_two_accounts_is_one(release: Release, judge: Tool) -> None:
    release.reviewers["omar"] = release.reviewers["rita"]
    assert "not two persons" in judge(release.receipt()).err


@pytest.mark.parametrize("change", [{"decision": "refuse"}, {"kind": "opinion"}, {"subject": OTHER}])
def test_reviews_that_do_not_approve_this(release: Release, judge: Tool, change: dict[str, str]) -> None:
    assert "does not approve" in judge(release.receipt(release.reviews(**change))).err


def test_pinned_reviewers(release: Release, judge: Tool) -> None:
    receipt, keys = release.receipt(), [key.verify_key.hex for key in release.reviewers.values()]
    assert judge(receipt, "--reviewer", keys[0], "--reviewer", keys[1]).code == 0
    assert "you did not name" in judge(receipt, "--reviewer", keys[0]).err


def test_the_files_are_the_released_ones(release: Release, judge: Tool, tmp_path: Path) -> None:
    receipt = release.receipt()
    (tmp_path / "files" / "table.csv").write_bytes(b"age,n\n40,121\n")
    assert "is not the file that was released" in judge(receipt, "--files", tmp_path / "files").err
    (tmp_path / "files" / "table.csv").unlink()
    assert "is missing" in judge(receipt, "--files", tmp_path / "files").err


def test_a_file_name_stays_in_its_folder(release: Release, judge: Tool, tmp_path: Path) -> None:
    outside = replace(release, outputs={"../receipt.json": OTHER})
    assert "leads outside" in judge(outside.receipt(), "--files", tmp_path / "files").err


def test_a_required_witness(release: Release, judge: Tool) -> None:
    witness = Verifier("w.example", SigningKey.generate().verify_key, COSIGNED)
    assert "not signed by w.example" in judge(release.receipt(), "--witness", witness).err


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b"\xff", b'{"format":"egide-receipt/1"}', b"[" * 60000]
)
def test_what_is_no_receipt(judge: Tool, data: bytes) -> None:
    done = judge(data)
    assert done.code in (2, 5)
    assert "Traceback" not in done.err


def test_a_receipt_is_not_made_for_another_release(release: Release) -> None:
    kept = release.kept
    release.receipt()
    body = ledger.receipt_body(
        hub="hub-1", permit="p-1", author="ana", outputs={}, snapshot="s-1", exclusions="x-1", reviews=[]
    )
    with pytest.raises(BadUsage):
        ledger.make_receipt(kept.store, body, 6, kept.store.sides[6], kept.sign())
