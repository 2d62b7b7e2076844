"""Trust comes in and results go out: roles, two persons, what is tampered with, and records that come back."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.spec import IntakeSpec, PermitSpec

from egide.crypto.box import close_box
from egide.crypto.sign import SigningKey, digest
from egide.journey import access, ask, out, rights
from egide.journey.out import OUTPUTS, RECEIPT, RESULT
from egide.journey.record import ledger_verifier, recorded
from egide.journey.start import acting, add_account
from egide.model.act import AccountRole
from egide.model.errors import BadInput, Denied, HubError, Tampered
from egide.model.event import EventKind
from egide.model.records import ActRow, ExclusionRow, OutputRow, ProjectRow, ReleaseRow
from egide.wiring import Hub

TOOLS = Path(__file__).parents[2] / "tools"
QUERY = "SELECT BEN_SEX_COD, COUNT(*) AS n FROM IR_BEN_R GROUP BY BEN_SEX_COD ORDER BY 1"
REGISTER = "\n".join(
    ["BEN_NIR_PSA | BEN_RNG_GEM | BEN_SEX_COD", *(f"p{n} | 1 | {1 + n % 2}" for n in range(40)), "p0 | 2 | 1"]
)


@pytest.fixture(scope="module")
def spec(hub: Hub, place: Path) -> PermitSpec:
    spec = PermitSpec(hub, place)
    spec.holds(IR_BEN_R=REGISTER, T_MCOaaC="NIR_ANO_17 | RSA_NUM\np0 | 1\np1 | 2")
    for name in ("bruno", "chloe", "diane"):
        add_account(hub, name, [AccountRole.REVIEWER])
    return spec


@pytest.fixture(scope="module")
def permit(spec: PermitSpec) -> str:
    return spec.issue(tables={"IR_BEN_R": ["person"], "T_MCOaaC": ["*"]})


@pytest.fixture
def output(spec: PermitSpec, permit: str) -> str:
    made = ask.query(spec.hub, permit, QUERY, spec.actor("alice"), keep=True).output
    assert made is not None
    return made.id


def key_of(problem: "pytest.ExceptionInfo[HubError]") -> str:
    return problem.value.key


def review(spec: PermitSpec, output: str, who: str, decision: str = "approve") -> str:
    return out.review(spec.hub, output, decision, "because", spec.actor(who)).status


def altered(hub: Hub, row: object, **values: object) -> None:
    """Changes a row of the records behind the hub's back."""
    with recorded(hub, EventKind.RECORDS_CHANGED, what="tampered"):
        hub.records.replace(replace(row, **values))  # type: ignore[type-var]


# Who may do what.


@pytest.mark.parametrize("who", ["comite", "autorite", "bruno"])
def test_only_researchers_apply(spec: PermitSpec, who: str) -> None:
    document = {**spec.terms(tables={"IR_BEN_R": ["person"]}), "project": f"BY-{who}"}
    with pytest.raises(Denied) as problem:
        access.apply(spec.hub, document, spec.actor(who))
    assert key_of(problem) == "act.not-your-role"
    assert spec.hub.records.get(ProjectRow, f"BY-{who}") is None


def test_each_step_has_its_own_role_and_its_own_turn(spec: PermitSpec) -> None:
    hub = spec.hub
    document = {**spec.terms(tables={"IR_BEN_R": ["person"]}), "project": "STEPS"}
    access.apply(hub, document, spec.actor("alice"))
    with pytest.raises(Denied):
        access.apply(hub, document, spec.actor("alice"))
    with pytest.raises(Denied) as early:
        access.authorise(hub, "STEPS", "grant", "", spec.actor("autorite"))
    with pytest.raises(Denied) as role:
        access.give_opinion(hub, "STEPS", "favourable", "", spec.actor("alice"))
    with pytest.raises(Denied) as why:
        access.give_opinion(hub, "STEPS", "unfavourable", " ", spec.actor("comite"))
    with pytest.raises(Denied) as unknown:
        access.give_opinion(hub, "STEPS", "perhaps", "", spec.actor("comite"))
    assert [key_of(p) for p in (early, role, why, unknown)] == [
        "permit.project-state", "act.not-your-role", "act.says-no-why", "act.no-such-decision",
    ]  # fmt: skip
    assert access.give_opinion(hub, "STEPS", "favourable", "", spec.actor("comite")).status == "favourable"
    with pytest.raises(Denied) as unauthorised:
        access.issue(hub, document, spec.actor("autorite"))
    with pytest.raises(Denied):
        access.authorise(hub, "STEPS", "grant", "", spec.actor("comite"))
    assert access.authorise(hub, "STEPS", "refuse", "no", spec.actor("autorite")).status == "refused"
    with pytest.raises(Denied):
        access.issue(hub, document, spec.actor("autorite"))
    assert key_of(unauthorised) == "permit.not-authorised"


def test_an_application_names_what_exists(spec: PermitSpec) -> None:
    for change, key in (
        ({"tables": {"NOTHING": ["person"]}}, "permit.no-table"),
        ({"tables": {"IR_BEN_R": ["nothing"]}}, "permit.no-group"),
        ({"columns": {"IR_BEN_R": ["NOTHING"]}}, "permit.no-column"),
        ({"dataset": "nothing"}, "permit.no-dataset"),
        ({"snapshot": f"{spec.dataset}@99"}, "snapshot.unknown"),
        ({"tables": {}}, "permit.field"),
    ):
        document = {**spec.terms(tables={"IR_BEN_R": ["person"]}), **change, "project": "WRONG"}
        with pytest.raises((Denied, BadInput)) as problem:
            access.apply(spec.hub, document, spec.actor("alice"))
        assert key_of(problem) == key


def test_permits_are_for_enrolled_persons_and_issued_by_the_authority(spec: PermitSpec) -> None:
    with pytest.raises(Denied) as role:
        access.issue(spec.hub, spec.terms(tables={"IR_BEN_R": ["person"]}), spec.actor("comite"))
    with pytest.raises(Denied) as project:
        access.issue(
            spec.hub, spec.terms(tables={"IR_BEN_R": ["person"]}, project="NONE"), spec.actor("autorite")
        )
    assert (key_of(role), key_of(project)) == ("act.not-your-role", "hub.nothing-here")


def test_an_identity_that_is_not_the_enrolled_one_acts_for_nobody(spec: PermitSpec, tmp_path: Path) -> None:
    from egide.crypto.identity import write_identity

    write_identity(tmp_path / "false.json", "autorite", SigningKey.generate())
    with pytest.raises(Denied) as problem:
        acting(spec.hub, tmp_path / "false.json")
    assert key_of(problem) == "account.unknown"


# What may leave.


def test_two_others_release_a_result_and_anyone_can_check_it(
    spec: PermitSpec, output: str, tmp_path: Path
) -> None:
    with pytest.raises(Denied):
        out.release(spec.hub, output, tmp_path / "early")
    with pytest.raises(Denied) as own:
        review(spec, output, "alice")
    with pytest.raises(Denied) as role:
        review(spec, output, "comite")
    assert (key_of(own), key_of(role)) == ("act.own-work", "act.not-your-role")
    assert review(spec, output, "bruno") == "made"
    assert review(spec, output, "bruno") == "made"
    assert review(spec, output, "chloe") == "approved"
    folder = out.release(spec.hub, output, tmp_path / "out")
    assert (folder / RESULT).read_text() == "BEN_SEX_COD,n\n1,21\n2,20\n"
    row = spec.hub.records.get(OutputRow, output)
    assert row is not None and row.status == "released"
    assert verified(spec.hub, folder)["sound"] is True
    with pytest.raises(Denied):
        review(spec, output, "diane")


def verified(hub: Hub, folder: Path, code: int = 0) -> dict[str, object]:
    """What the standalone tool says of a release, as a process that knows nothing of the hub."""
    done = subprocess.run(
        [sys.executable, "-P", "-s", str(TOOLS / "verify_receipt.py"), str(folder / RECEIPT), "--key", str(ledger_verifier(hub)), "--files", str(folder)],
        capture_output=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr.decode()
    return json.loads(done.stdout) if not code else {"refused": done.stderr.decode()}


@pytest.mark.parametrize("deed", ["result", "receipt", "swapped"])
def test_a_release_that_was_altered_outside_is_refused_by_the_tool(
    spec: PermitSpec, permit: str, output: str, tmp_path: Path, deed: str
) -> None:
    for who in ("bruno", "chloe"):
        review(spec, output, who)
    folder = out.release(spec.hub, output, tmp_path / "out")
    if deed == "result":
        (folder / RESULT).write_bytes((folder / RESULT).read_bytes().replace(b"21", b"22"))
    elif deed == "receipt":
        receipt = json.loads((folder / RECEIPT).read_bytes())
        (folder / RECEIPT).write_text(
            json.dumps({**receipt, "author": "bruno"}, sort_keys=True, separators=(",", ":"))
        )
    else:
        other = ask.query(
            spec.hub, permit, QUERY.replace("ORDER BY 1", "ORDER BY 2"), spec.actor("alice"), keep=True
        ).output
        assert other is not None
        for who in ("bruno", "diane"):
            review(spec, other.id, who)
        shutil.copy(out.release(spec.hub, other.id, tmp_path / "other") / RESULT, folder / RESULT)
    assert "refused" in verified(spec.hub, folder, 5)


def test_one_refusal_stops_an_output_for_good(spec: PermitSpec, output: str) -> None:
    assert review(spec, output, "bruno") == "made"
    with pytest.raises(Denied):
        out.review(spec.hub, output, "refuse", "", spec.actor("chloe"))
    assert review(spec, output, "chloe", "refuse") == "refused"
    with pytest.raises(Denied):
        review(spec, output, "diane")


def test_nothing_leaves_under_a_revoked_permit(spec: PermitSpec, tmp_path: Path) -> None:
    permit = spec.issue(tables={"IR_BEN_R": ["person"]})
    made = ask.query(spec.hub, permit, QUERY, spec.actor("alice"), keep=True).output
    assert made is not None
    for who in ("bruno", "chloe"):
        review(spec, made.id, who)
    spec.revoke(permit)
    with pytest.raises(Denied) as problem:
        out.release(spec.hub, made.id, tmp_path / "out")
    assert key_of(problem) == "permit.not-granted" and not (tmp_path / "out").exists()


def test_only_reviewers_read_an_output_before_it_leaves(spec: PermitSpec, output: str) -> None:
    row = out.output_named(spec.hub, output)
    assert out.content_for(spec.hub, row, spec.actor("bruno")).startswith(b"BEN_SEX_COD")
    for who in ("alice", "autorite"):
        with pytest.raises(Denied):
            out.content_for(spec.hub, row, spec.actor(who))


# What somebody changes in the records.


@pytest.mark.parametrize(
    "change", [{"years": [1900, 2100]}, {"persons": ["alice", "eve"]}, {"threshold": 1000}]
)
def test_terms_changed_in_the_records_are_no_permit(spec: PermitSpec, change: dict[str, object]) -> None:
    permit = spec.issue(tables={"IR_BEN_R": ["person"]})
    row = access.permit_named(spec.hub, permit)
    altered(spec.hub, row, terms={**row.terms, **change})
    for attempt in (
        lambda: spec.ask(permit, QUERY),
        lambda: access.permit_named(spec.hub, permit),
        lambda: spec.revoke(permit),
        lambda: spec.amend(permit, tables={"IR_BEN_R": ["person"]}),
    ):
        with pytest.raises(Tampered) as problem:
            attempt()
        assert key_of(problem) == "permit.signature"


def test_a_permit_s_signature_is_its_own(spec: PermitSpec) -> None:
    one, two = (
        access.permit_named(spec.hub, spec.issue(tables={"IR_BEN_R": [g]})) for g in ("person", "place")
    )
    altered(spec.hub, one, terms=two.terms, signature=two.signature)
    with pytest.raises(Tampered):
        spec.ask(one.id, QUERY)
    altered(spec.hub, one, signature="not hex")
    with pytest.raises(Tampered):
        spec.ask(one.id, QUERY)


CONTENT = b"BEN_SEX_COD,n\n1,1\n"


@pytest.mark.parametrize(
    "deed", ["box", "box and hash", "hash", "permit", "snapshot", "exclusions", "box of another"]
)
def test_an_output_changed_in_the_records_is_seen_before_it_leaves(
    spec: PermitSpec, permit: str, output: str, tmp_path: Path, deed: str
) -> None:
    """By somebody who holds the hub's keys, after two persons approved it."""
    for who in ("bruno", "chloe"):
        review(spec, output, who)
    row = out.output_named(spec.hub, output)
    forged = close_box(CONTENT, spec.hub.keys.secret(OUTPUTS), output)
    other = ask.query(spec.hub, permit, QUERY, spec.actor("alice"), keep=True).output
    assert other is not None
    change = {
        "box": {"sealed": forged},
        "box and hash": {"sealed": forged, "sha256": digest(CONTENT)},
        "hash": {"sha256": digest(CONTENT)},
        "permit": {"permit": spec.issue(tables={"IR_BEN_R": ["place"]})},
        "snapshot": {"snapshot": "other@1"},
        "exclusions": {"exclusions": "exclusions@99"},
        "box of another": {"sealed": other.sealed},
    }[deed]
    altered(spec.hub, row, **change)
    for attempt in (
        lambda: out.release(spec.hub, output, tmp_path / "out"),
        lambda: out.content_for(spec.hub, out.output_named(spec.hub, output), spec.actor("bruno")),
    ):
        with pytest.raises(Tampered):
            attempt()
    assert not (tmp_path / "out" / RESULT).exists()
    assert spec.hub.records.get(ReleaseRow, output) is None


def test_reviews_are_not_invented_in_the_records(spec: PermitSpec, output: str, tmp_path: Path) -> None:
    review(spec, output, "bruno")
    row = out.output_named(spec.hub, output)
    altered(spec.hub, row, status="approved")
    with pytest.raises(Denied):
        out.release(spec.hub, output, tmp_path / "out")
    [act] = spec.hub.records.where(ActRow, about=output)
    facts = {**act.signed["act"], "account": "chloe"}  # type: ignore[dict-item]
    with recorded(spec.hub, EventKind.RECORDS_CHANGED, what="tampered"):
        spec.hub.records.add(
            replace(act, id="invented", account="chloe", signed={**act.signed, "act": facts})
        )
    with pytest.raises((Denied, Tampered)):
        out.release(spec.hub, output, tmp_path / "out")
    assert spec.hub.records.get(ReleaseRow, output) is None


# Persons who object.


def count(spec: PermitSpec, permit: str) -> dict[str, int]:
    return {t: len(c["PERSON_ID"]) for t, c in spec.shown(permit).items()}


def test_objections_come_by_version_and_a_shared_pseudonym_takes_its_unsure_rows_with_it(
    spec: PermitSpec, permit: str
) -> None:
    assert count(spec, permit) == {"IR_BEN_R": 41, "T_MCOaaC": 2}
    told = [
        rights.object_(spec.hub, lines, dataset=spec.dataset)
        for lines in (["BEN_NIR_PSA,BEN_RNG_GEM", "", "p0,2"], ["p0,2"], ["unheard-of,1", "p2,1"])
    ]
    assert [(t["added"] > 0, t["exclusions"]) for t in told] == [(True, 1), (False, 1), (True, 2)]  # type: ignore[operator]
    assert count(spec, permit) == {"IR_BEN_R": 39, "T_MCOaaC": 1}
    query = ask.query(spec.hub, permit, QUERY, spec.actor("alice"))
    assert query.exclusions == 2 and [n for _, n in query.answer.rows] == [19, 20]


@pytest.mark.parametrize("line", ["p1", "p1;1", ",1", " ,1", "p1,", "p1,one", "p1,-1", "p1,²"])
def test_an_objection_of_another_form_is_refused_with_its_line(spec: PermitSpec, line: str) -> None:
    before = spec.hub.records.count(ExclusionRow)
    with pytest.raises(BadInput) as problem:
        rights.object_(spec.hub, ["p5,1", line], dataset=spec.dataset)
    assert (key_of(problem), problem.value.facts) == ("rights.line", {"line": 2})
    assert spec.hub.records.count(ExclusionRow) == before


def test_an_objection_follows_its_person_when_the_register_learns_more_of_them(hub: Hub, place: Path) -> None:
    """Before and after the stable pseudonym is known, and under every pseudonym that it ties together."""
    one, other = "A" * 17, "B" * 17
    for early in (True, False):
        intake = IntakeSpec(hub, place).afresh()
        dataset = f"snds-{intake.holder}-c0"
        services = "BEN_NIR_PSA | BEN_RNG_GEM | PRS_ORD_NUM"
        intake(
            IR_BEN_R="BEN_NIR_PSA | BEN_RNG_GEM\nan early one | 1\nanother | 1",
            ER_PRS_F=f"{services}\nan early one | 1 | 1\nanother | 1 | 2\na late one | 1 | 3",
        )
        who = ["an early one,1"]
        told = rights.object_(hub, who, dataset=dataset) if early else {}
        register = f"BEN_NIR_PSA | BEN_RNG_GEM | BEN_NIR_ANO\nan early one | 1 | {one}"
        intake(
            IR_BEN_R=f"{register}\na late one | 1 | {one}\nanother | 1 | {other}",
            ER_PRS_F=f"{services}\nan early one | 1 | 4\na late one | 1 | 5\nanother | 1 | 6",
        )
        told = told or rights.object_(hub, who, dataset=dataset)
        excluded = {e.person for e in hub.records.where(ExclusionRow)}
        whose = intake.persons("ER_PRS_F", "PRS_ORD_NUM")
        assert all(isinstance(p, bytes) for p in whose.values()) and "added" in told
        assert {n for n, p in whose.items() if isinstance(p, bytes) and p.hex() not in excluded} == {2, 6}
