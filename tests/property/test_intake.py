"""Any small delivery: rows in = accepted + quarantined, exactly the broken rows are refused, and every accepted value
reads back equal from the sealed parts, wherever borders of blocks, spills and groups fall."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.hubs import environment, new_hub
from support.judge import Judge
from support.plain import write_delivery
from support.tiny import small_blocks

from egide.frame import keys as keys_module
from egide.journey import intake
from egide.journey.intake import deliver
from egide.journey.start import add_holder, generator_key
from egide.model.delivery import DeliveryReport
from egide.model.table import Column, Domain, Kind, Table
from egide.registry import model_of
from egide.stages.arrive import read_manifest
from egide.stages.arrive.synthetic import sign_synthetic
from egide.wiring import Hub

TABLES = dict.fromkeys(model_of("snds").tables, "snds") | {"HOSPITAL_STAYS": "hospital"}
NUMBERS = count(1)
DEFECTS = ("blank", "more", "less", "control", "bytes", "type", "width", "null-key", "duplicate")
PEOPLE = st.sampled_from(["P" * 17, "Q" * 17, "R" * 17])
DAYS = st.integers(-135_142, 60_000).map(lambda n: date(1970, 1, 1) + timedelta(n))
TEXT = st.text(st.sampled_from("aZ09éЖ-. '\"\\/,"), min_size=1)


def values(column: Column) -> st.SearchStrategy[str]:
    """Texts that are values of a column; sometimes none."""
    if column.domain in (Domain.PSA, Domain.ANO, Domain.STAGE1):
        good: st.SearchStrategy[str] = PEOPLE
    elif column.domain is Domain.IDT:
        good = PEOPLE | PEOPLE.map(lambda p: p + "1")
    elif column.kind is Kind.INTEGER:
        good = st.integers(-(10**18) + 1, 10**18 - 1).map(str) | st.integers(0, 12).map(lambda n: f"{n:03d}")
    elif column.kind is Kind.DECIMAL:
        places, most = column.scale or 0, 10 ** ((column.precision or 18) - (column.scale or 0)) - 1
        good = st.tuples(
            st.sampled_from(["", "-"]), st.integers(0, most), st.integers(0, 10**places - 1)
        ).map(lambda t: f"{t[0]}{t[1]}" + (f".{t[2]:0{places}d}" if places and t[2] else ""))
    elif column.kind is Kind.DATE:
        form = column.date_format or "%d/%m/%Y"
        good = DAYS.map(
            lambda d: (
                form.replace("%d", f"{d.day:02d}")
                .replace("%m", f"{d.month:02d}")
                .replace("%Y", f"{d.year:04d}")
            )
        )
    elif column.kind is Kind.DATETIME:
        good = st.datetimes(min_value=datetime(1600, 1, 1), max_value=datetime(2200, 1, 1)).map(
            lambda d: d.strftime("%d%b%Y:%H:%M:%S").upper()
        )
    else:
        good = TEXT.map(lambda t: t[: column.length])
    return st.just("") | good


@dataclass(frozen=True)
class Drawn:
    """A file of a table: its lines, and which of them are no good."""

    table: str
    data: bytes
    broken: frozenset[int]


@st.composite
def files(draw: st.DrawFn) -> list[Drawn]:
    name = draw(st.sampled_from(sorted(TABLES)))
    table = model_of(TABLES[name]).tables[name]
    used: list[list[str]] = []
    return [draw(one_file(table, used, f"{n}")) for n in range(draw(st.integers(1, 2)))]


@st.composite
def one_file(draw: st.DrawFn, table: Table, used: list[list[str]], prefix: str) -> Drawn:
    needed = dict.fromkeys([*table.key, *table.person.columns, *([table.period] if table.period else [])])
    others = [c.name for c in table.columns if c.name not in needed]
    extra = draw(st.lists(st.sampled_from(others), min_size=1, max_size=5, unique=True))
    names = draw(st.permutations([*needed, *extra]))
    lines, broken = [";".join(names).encode()], set()
    for number in range(draw(st.integers(0, 7))):
        cells = row(draw, table, names, f"{prefix}{number}")
        line, good = (
            spoilt(draw, table, names, cells, used)
            if draw(st.integers(0, 3)) == 0
            else (";".join(cells).encode(), True)
        )
        lines.append(line)
        if good:
            used.append(
                [cells[names.index(n)] for n in (*table.key, *([table.period] if table.period else []))]
            )
        else:
            broken.add(len(lines))
    return Drawn(table.name, b"\n".join(lines) + b"\n", frozenset(broken))


def row(draw: st.DrawFn, table: Table, names: list[str], number: str) -> list[str]:
    """A good row, its key its own."""
    cells = []
    for name in names:
        column = table.column(name)
        if name == table.period:
            year = draw(st.sampled_from(["2019", "2020"]))
            cells.append(f"01/02/{year}" if column.kind is Kind.DATE else year)
        elif name in table.key and column.domain is None and column.kind is Kind.DATE:
            cells.append("01/02/2019")
        elif name in table.key:
            cells.append(
                number if column.kind is Kind.INTEGER or column.domain is not Domain.PSA else f"P{number}"
            )
        else:
            cells.append(draw(values(column)))
    return cells


def spoilt(
    draw: st.DrawFn, table: Table, names: list[str], cells: list[str], used: list[list[str]]
) -> tuple[bytes, bool]:
    """The row with one defect, where its table allows that defect; else the good row."""
    kinds = {n: table.column(n) for n in names}
    typed = [n for n, c in kinds.items() if c.kind is not Kind.TEXT]
    wide = [n for n, c in kinds.items() if c.kind is Kind.TEXT]
    whole = ";".join(cells).encode()
    match draw(st.sampled_from(DEFECTS)):
        case "blank":
            return b"", False
        case "more":
            return whole + b";", False
        case "less":
            return b";".join(whole.split(b";")[1:]), len(cells) < 2
        case "control":
            return whole + b"\x01", False
        case "bytes":
            return b"\xff" + whole, False
        case "type" if typed:
            cells[names.index(draw(st.sampled_from(typed)))] = draw(
                st.sampled_from(["x", "1e3", "1,5", "29/02/2019", " 1", "9" * 30])
            )
        case "width" if wide:
            name = draw(st.sampled_from(wide))
            cells[names.index(name)] = "w" * ((kinds[name].length or 0) + 1)
        case "null-key" if table.key:
            cells[names.index(draw(st.sampled_from(table.key)))] = ""
        case "duplicate" if table.key and used:
            for name, value in zip(
                (*table.key, *([table.period] if table.period else [])),
                draw(st.sampled_from(used)),
                strict=True,
            ):
                cells[names.index(name)] = value
        case _:
            return whole, True
    return ";".join(cells).encode(), False


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with environment(tmp_path_factory.mktemp("property")) as folder:
        yield new_hub(folder)


def delivered(hub: Hub, drawn: list[Drawn]) -> tuple[Path, DeliveryReport]:
    number = next(NUMBERS)
    holder = f"h{number}"
    add_holder(hub, holder, "snds", threshold="1")
    named = {f"{n}.csv": (d.table, d.data) for n, d in enumerate(drawn)}
    model = TABLES[drawn[0].table]
    folder = write_delivery(hub.home.parent / holder, named, id=holder, holder=holder, model=model)
    sign_synthetic(folder, read_manifest(folder), {"by": "a property"}, generator_key())
    return folder, deliver(hub, folder, holder)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files(), st.integers(1, 90), st.sampled_from([1, 2_000, 1 << 30]), st.integers(1, 4))
def test_any_small_delivery_is_accounted_for_value_by_value(
    hub: Hub, drawn: list[Drawn], block: int, spool: int, refusals: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(patch, block)
        patch.setattr(intake, "SPOOL_BYTES", spool)
        patch.setattr(intake, "REFUSALS_HELD", refusals)
        patch.setattr(keys_module.KeyIndex.__init__, "__defaults__", (None, 1))
        folder, report = delivered(hub, drawn)
    judge = Judge(hub, folder, report)
    judge.assert_accounted_for()
    assert judge.flags is not None  # reading them compares every accepted value with the store
    assert {path: lines for path, lines in judge.refused.items() if lines} == {
        f"{n}.csv": set(d.broken) for n, d in enumerate(drawn) if d.broken
    }, [(r["line"], r["column"], r["rule"]) for r in judge.refusals]
    assert list(hub.temp.iterdir()) == []
