"""delivery.toml: what it must say, and what it may not."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.model.delivery import DATE_FORMS, ENCODINGS, DeliveredFile, Delivery, Dialect
from egide.model.errors import BadInput
from egide.stages.arrive.manifest import parse_manifest, write_manifest

HEAD = 'id = "d"\nholder = "h"\nsource = "s"\nmodel = "m"\nmodel_version = "1"\nperiod = "2019"\n'
FILE = f'[[file]]\npath = "a.csv"\ntable = "T"\nsha256 = "{"0" * 64}"\nrows = 3\n'


def parsed(text: str) -> Delivery:
    return parse_manifest(text.encode())


def refusal(text: str | bytes) -> tuple[str, dict[str, object]]:
    with pytest.raises(BadInput) as refused:
        parse_manifest(text if isinstance(text, bytes) else text.encode())
    return refused.value.key, refused.value.facts


def test_what_is_said_is_read() -> None:
    given_ = (
        HEAD
        + 'replaces = "c"\n[dialect]\ndelimiter = ","\ndates = "yyyy-MM-dd"\n'
        + FILE
        + 'dialect = { delimiter = "\\t" }\n'
    )
    delivery = parsed(given_)
    assert (delivery.id, delivery.holder, delivery.replaces) == ("d", "h", "c")
    assert delivery.sha256 == hashlib.sha256(given_.encode()).hexdigest()
    [file] = delivery.files
    assert (file.path, file.table, file.rows) == ("a.csv", "T", 3)
    assert file.dialect == Dialect("\t", "utf-8", "yyyy-MM-dd", "")


def test_the_dialect_is_cnam_s_where_nothing_is_said() -> None:
    assert parsed(HEAD + FILE).files[0].dialect == Dialect(";", "utf-8", "dd/MM/yyyy", "")
    assert parsed(HEAD + 'replaces = ""\n' + FILE).replaces is None


@pytest.mark.parametrize("name", ["id", "holder", "source", "model", "model_version", "period"])
def test_every_field_is_needed_and_is_text(name: str) -> None:
    without = "".join(line for line in HEAD.splitlines(True) if not line.startswith(f"{name} "))
    for wrong in (
        without,
        without + f"{name} = 3\n",
        without + f'{name} = ["x"]\n',
        without + f'{name} = "{"x" * 1001}"\n',
    ):
        key, facts = refusal(wrong + FILE)
        assert (key, facts["field"]) == ("delivery.manifest-field", name)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (FILE.replace("rows = 3", "rows = true"), "rows"),
        (FILE.replace("rows = 3", 'rows = "3"'), "rows"),
        (FILE.replace("rows = 3", "rows = -1"), "rows"),
        (FILE.replace("rows = 3", "rows = 3.0"), "rows"),
        (FILE.replace("0" * 64, "0" * 63), "sha256"),
        (FILE.replace("0" * 64, "Z" * 64), "sha256"),
        (FILE.replace('table = "T"\n', ""), "table"),
        ('file = "a.csv"\n', "file"),
        ("file = [1]\n", "file"),
        ('dialect = "x"\n' + FILE, "dialect"),
        ("dialect = { null = 0 }\n" + FILE, "null"),
        ("replaces = 3\n" + FILE, "replaces"),
    ],
)
def test_a_field_of_the_wrong_form_is_named(wrong: str, field: str) -> None:
    key, facts = refusal(HEAD + wrong)
    assert (key, facts["field"]) == ("delivery.manifest-field", field)


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ("colour = 1\n" + FILE, "delivery.manifest-unknown"),
        (FILE + "size = 3\n", "delivery.manifest-unknown"),
        ("dialect = { quote = '\"' }\n" + FILE, "delivery.manifest-unknown"),
        ("", "delivery.empty"),
        (FILE + FILE, "delivery.file-twice"),
        (FILE.replace("a.csv", "../a.csv"), "delivery.path"),
        (FILE.replace("a.csv", "/a.csv"), "delivery.path"),
        (FILE.replace("a.csv", "b\\\\..\\\\a.csv"), "delivery.path"),
        (FILE.replace("a.csv", "a\\u0000.csv"), "delivery.path"),
        (FILE.replace("a.csv", ""), "delivery.path"),
        ('dialect = { delimiter = ";;" }\n' + FILE, "delivery.dialect"),
        ('dialect = { delimiter = "" }\n' + FILE, "delivery.dialect"),
        ('dialect = { delimiter = "\\n" }\n' + FILE, "delivery.dialect"),
        ('dialect = { delimiter = "é" }\n' + FILE, "delivery.dialect"),
        ('dialect = { encoding = "utf-16" }\n' + FILE, "delivery.dialect"),
        ('dialect = { dates = "MM/dd/yyyy" }\n' + FILE, "delivery.dialect"),
    ],
)
def test_what_a_manifest_may_not_say(wrong: str, key: str) -> None:
    assert refusal(HEAD + wrong)[0] == key


@pytest.mark.parametrize("id_", ["", "a b", "a/b", "x" * 121, "a\\u0000"])
def test_an_identifier_is_short_and_plain(id_: str) -> None:
    assert refusal(HEAD.replace('id = "d"', f'id = "{id_}"') + FILE)[0] == "delivery.manifest-field"


@pytest.mark.parametrize(
    ("data", "line"),
    [(b"id = \n", "1"), (b"id = 'd'\nholder = \xff\n", 2), (b"a = " + b"[" * 5000, "?")],
)
def test_what_is_no_toml_is_said_with_its_line(data: bytes, line: object) -> None:
    key, facts = refusal(data)
    assert key == "delivery.manifest-form" and facts["line"] in (line, "1")


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=12)
PATHS = st.text(st.sampled_from("abé \"'#=/"), min_size=1, max_size=8).filter(lambda p: not p.startswith("/"))
DIALECTS = st.builds(
    Dialect, st.sampled_from(";,|\t "), st.sampled_from(sorted(ENCODINGS)), st.sampled_from(sorted(DATE_FORMS)), st.text(max_size=3)
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    TEXT,
    st.lists(st.tuples(PATHS, TEXT, DIALECTS), min_size=1, max_size=3, unique_by=lambda f: f[0]),
    st.none() | TEXT,
)
def test_what_is_written_is_read_again(
    source: str, files: list[tuple[str, str, Dialect]], replaces: str | None
) -> None:
    listed = tuple(DeliveredFile(p, t, "a" * 64, n, d) for n, (p, t, d) in enumerate(files))
    delivery = Delivery("d-1", "h", source, "m", "1", "2019", listed, replaces)
    again = parse_manifest(write_manifest(delivery))
    assert (again.source, again.files, again.replaces) == (source, listed, replaces)
