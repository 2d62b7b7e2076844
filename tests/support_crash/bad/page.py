"""docs/bad-input.md: what was tried, the exit code, and what was printed, written from a run of every case."""

from collections.abc import Sequence

from support_crash.bad.attempt import Outcome

HEAD = """# Bad inputs, and what each printed

Written by `tests/integration/test_bad_input.py` from a run of the real command (`EGIDE_WRITE_BAD_INPUT=1` writes it again; each run of the tests compares it). Exit codes: 0 done, 1 refused by a rule, 2 bad usage, 3 bad input, 4 a host, a key or a disk out of reach, 5 tampering detected.

In every case the test also asserts that no identifier of a person and no planted value was printed, and that a delivery which was not taken in left nothing in the hub: no object, key, snapshot, row or temporary folder. A disk that fills up while objects are written is the one exception: what was written until then is an orphan that nobody can open, which `egide doctor --clean` names and removes.

Rows that are unfit on their own go to the sealed quarantine and the rest comes in (exit 0); the last line then counts them and the table before it says which rule they broke. Beyond the threshold agreed with the holder (20 % here) nothing comes in.
"""


def page(outcomes: Sequence[Outcome]) -> str:
    lines = [HEAD]
    group = ""
    for outcome in outcomes:
        if outcome.case.group != group:
            group = outcome.case.group
            lines += [f"\n## {group}", "", "| tried | exit | printed |", "|---|---|---|"]
        lines.append(f"| {outcome.case.tried} | {outcome.code} | {_cell(outcome.told())} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    shown = text.replace("|", "\\|")
    return f"{shown[:400]}…" if len(shown) > 400 else shown
