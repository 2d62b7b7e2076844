"""Who may sign what, and when two persons really are two."""

import itertools

import pytest

from egide.crypto.sign import SigningKey, digest, sign_act
from egide.model.act import AccountRole, Act, ActKind, SignedAct
from egide.model.errors import Denied
from egide.model.messages import known
from egide.rules.acts import (
    DECISIONS,
    MUST_SAY_WHY,
    TWO_PERSONS,
    WHO,
    check_act,
    check_may,
    check_subject,
    check_two_persons,
)

AT = "2026-01-02T03:04:05Z"
KEYS = {name: SigningKey.generate() for name in ("rita", "omar", "ana")}
OUTPUT = digest(b"output")


def review(
    account: str,
    key: str | None = None,
    decision: str = "approve",
    subject: str = OUTPUT,
    kind: ActKind = ActKind.REVIEW,
) -> SignedAct:
    return sign_act(Act(kind, subject, decision, "", account, AT), KEYS[key or account])


def refusal(acts: list[SignedAct], author: str = "ana", author_key: bytes | None = None) -> str:
    with pytest.raises(Denied) as refused:
        check_two_persons(acts, author, author_key)
    return refused.value.key


def test_two_persons_who_are_two() -> None:
    check_two_persons([review("rita"), review("omar")], "ana", KEYS["ana"].verify_key.raw)


@pytest.mark.parametrize(
    ("acts", "why"),
    [
        ([], "act.not-two-persons"),
        ([review("rita")], "act.not-two-persons"),
        ([review("rita"), review("rita")], "act.not-two-persons"),
        ([review("rita"), review("omar", "rita")], "act.not-two-persons"),  # one key, two accounts
        ([review("rita"), review("rita", "omar")], "act.not-two-persons"),  # one account, two keys
        ([review("rita"), review("ana")], "act.own-work"),
        ([review("rita"), review("omar", decision="refuse")], "act.refused"),
        ([review("rita"), review("omar"), review("omar", decision="refuse")], "act.refused"),
        ([review("rita"), review("omar", subject=digest(b"another"))], "act.mixed"),
        ([review("rita"), review("omar", kind=ActKind.FIND)], "act.mixed"),
        ([review("rita", kind=ActKind.OPINION), review("omar", kind=ActKind.OPINION)], "act.refused"),
    ],
)
def test_two_persons_who_are_not(acts: list[SignedAct], why: str) -> None:
    assert refusal(acts) == why


def test_the_authors_key_under_another_name_is_still_the_author() -> None:
    acts = [review("rita"), review("omar", "ana")]
    assert refusal(acts, author_key=KEYS["ana"].verify_key.raw) == "act.own-work"


def test_crossed_accounts_and_keys_need_one_true_pair() -> None:
    one, other, third = review("rita"), review("omar", "rita"), review("rita", "omar")
    assert refusal([one, other]) == refusal([one, third]) == "act.not-two-persons"
    check_two_persons([one, other, third], "ana")  # omar with rita's key, rita with omar's: two and two


def test_the_tables_are_whole() -> None:
    assert WHO.keys() == DECISIONS.keys() == set(ActKind)
    assert all(WHO.values()) and all(DECISIONS.values())
    assert all(decision in DECISIONS[kind] for kind, decision in TWO_PERSONS.items())
    assert set(itertools.chain(*DECISIONS.values())) >= MUST_SAY_WHY


@pytest.mark.parametrize(("kind", "role"), list(itertools.product(ActKind, AccountRole)))
def test_only_the_named_roles_may(kind: ActKind, role: AccountRole) -> None:
    if role in WHO[kind]:
        check_may([role], kind)
        return
    with pytest.raises(Denied):
        check_may([role], kind)


def test_an_operator_may_sign_nothing() -> None:
    assert not [kind for kind, roles in WHO.items() if AccountRole.OPERATOR in roles]


@pytest.mark.parametrize(
    ("decision", "reason", "why"),
    [
        ("perhaps", "x", "act.no-such-decision"),
        ("refuse", " ", "act.says-no-why"),
        ("grant", "", "act.no-such-decision"),
    ],
)
def test_a_decision_is_known_and_a_refusal_is_explained(decision: str, reason: str, why: str) -> None:
    with pytest.raises(Denied) as refused:
        check_act(Act(ActKind.REVIEW, OUTPUT, decision, reason, "rita", AT), [AccountRole.REVIEWER])
    assert refused.value.key == why
    check_act(Act(ActKind.REVIEW, OUTPUT, "refuse", "cells too small", "rita", AT), [AccountRole.REVIEWER])


def test_an_act_is_about_its_subject_only() -> None:
    act = review("rita").act
    check_subject(act, ActKind.REVIEW, OUTPUT)
    for kind, subject in ((ActKind.FIND, OUTPUT), (ActKind.REVIEW, digest(b"another"))):
        with pytest.raises(Denied):
            check_subject(act, kind, subject)


@pytest.mark.parametrize("key", [*(f"role.{r}" for r in AccountRole), *(f"act-kind.{k}" for k in ActKind)])
def test_every_role_and_kind_has_its_labels(key: str) -> None:
    assert known(key)
