"""From blocks of lines to frames of coded columns: every value judged, every unfit row set aside with its reason."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from egide.frame.frame import Coded, Frame, Plain, Refusal
from egide.frame.judge import RULE_OF, UNKNOWN, judge_of, value_class
from egide.frame.keys import Back, KeyHasher, KeyIndex
from egide.frame.vocabulary import NULL, Vocabulary
from egide.model.delivery import DeliveredFile, Dialect
from egide.model.errors import BadInput
from egide.model.table import Column, Domain, Kind, Table
from egide.stages.check.blocks import Block, as_delivered, read_blocks, read_header, take_apart

Codes = Callable[[Column], frozenset[str] | None]
KnownKeys = Callable[[str, int], tuple[np.ndarray, np.ndarray]]  # hashes and persons already in the hub
Away = Callable[[list[np.ndarray]], Back]  # puts arrays into sealed temporary files

LOOKAHEAD = 2  # blocks parsed ahead of the judge


def columns_of(header: list[str], table: Table, file: str, allowed: Mapping[str, Column]) -> list[Column]:
    """The registry's columns for a file's header. Raises BadInput naming the column that is unknown, twice or missing."""
    if len(header) == 1 and len(table.columns) > 1:
        raise BadInput("delivery.delimiter", file=file)
    seen: set[str] = set()
    for position, name in enumerate(header, 1):
        if name not in allowed:
            shown = name if _may_be_shown(name, header, allowed) else f"#{position}"
            raise BadInput("delivery.column-unknown", file=file, column=shown, table=table.name)
        if name in seen:
            raise BadInput("delivery.column-twice", file=file, column=name)
        seen.add(name)
    needed = [*table.key, *table.person.columns, *([table.period] if table.period else [])]
    if missing := [name for name in needed if name not in seen]:
        raise BadInput("delivery.column-missing", file=file, column=missing[0], table=table.name)
    return [allowed[name] for name in header]


def _may_be_shown(name: str, header: list[str], allowed: Mapping[str, Column]) -> bool:
    """Whether an unknown name surely is a name: where most others are not known either, the first line may well be
    a person's, in a file that lost its header."""
    plain = name.isascii() and name.replace("_", "").isalnum() and len(name) <= 40
    return plain and 2 * sum(other in allowed for other in header) > len(header)


class TableChecker:
    """Checks the files of one table of a delivery. Vocabularies and keys are shared by its files."""

    def __init__(
        self,
        table: Table,
        codes: Codes,
        hasher: KeyHasher,
        known: KnownKeys | None = None,
        away: Away | None = None,
    ) -> None:
        self.table = table
        self.codes = codes
        self.hasher = hasher
        self.known = known
        self.index = KeyIndex(away)
        self._years_loaded: set[int] = set()
        self._vocabularies: dict[tuple[str, str], Vocabulary] = {}

    def frames(self, stream: BinaryIO, file: DeliveredFile, allowed: Mapping[str, Column]) -> Iterator[Frame]:
        """The file's rows as frames. Raises BadInput when the file as a whole cannot be a delivery of this table."""
        header, crlf = read_header(stream, file.path, file.dialect)
        columns = columns_of(header, self.table, file.path, allowed)
        blocks = read_blocks(stream, file.path, file.dialect, len(columns), crlf)
        with ThreadPoolExecutor(1) as pool:
            for block, parsed in _ahead(pool, blocks, lambda b: _parse(b, columns, file)):
                frame = self._frame(block, parsed, columns, file)
                self._check_keys(frame)
                yield frame

    def close(self) -> None:
        """No more files of this table will come."""
        for vocabulary in self._vocabularies.values():
            vocabulary.close()

    def _vocabulary(self, column: Column, dialect: Dialect) -> Vocabulary:
        at = (column.name, f"{dialect.dates} {dialect.null}")
        if at not in self._vocabularies:
            judge = judge_of(column, dialect.date_format, self.codes(column))
            self._vocabularies[at] = Vocabulary(column, judge, dialect.null)
        return self._vocabularies[at]

    def _frame(
        self, block: Block, parsed: pa.Table | None, columns: list[Column], file: DeliveredFile
    ) -> Frame:
        refusals = [replace(r, column=_named(r.column, columns)) for r in block.refusals]
        if parsed is None:
            return Frame(self.table, file.path, block.lines, {}, refusals)
        read = {c.name: self._column(parsed.column(n), c, file.dialect) for n, c in enumerate(columns)}
        columns_read = {n: column for n, (column, _) in read.items()}
        frame = Frame(
            self.table, file.path, block.lines, columns_read, refusals, raw=_RawLines(block, file.dialect).of
        )
        self._refuse(
            frame, {n: verdicts for n, (_, verdicts) in read.items() if verdicts is not None}, parsed
        )
        return frame

    def _column(
        self, values: pa.ChunkedArray, column: Column, dialect: Dialect
    ) -> tuple[Coded | Plain, np.ndarray | None]:
        """The column and, where some value is not spotless, the verdict on each row."""
        if _is_plain(column) and (plain := _integers(values, column, dialect)) is not None:
            return plain, None
        chunk = values.combine_chunks()
        chunk = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        chunk = chunk.combine_chunks() if isinstance(chunk, pa.ChunkedArray) else chunk
        vocabulary = self._vocabulary(column, dialect)
        codes = vocabulary.encode(chunk.dictionary.to_pylist())
        indices = (
            chunk.indices.to_numpy(zero_copy_only=False)
            if not chunk.indices.null_count
            else chunk.indices.fill_null(0).to_numpy()
        )
        rows = codes[indices] if len(codes) else np.zeros(len(chunk), np.int32)
        if chunk.null_count:
            rows[chunk.is_null().to_numpy(zero_copy_only=False)] = NULL
        verdicts = vocabulary.verdicts[codes] if len(codes) else np.zeros(0, np.uint8)
        return Coded(vocabulary, rows), vocabulary.verdicts[rows] if verdicts.any() else None

    def _refuse(self, frame: Frame, verdicts: dict[str, np.ndarray], parsed: pa.Table) -> None:
        """Sets aside rows with a value of the wrong type or width, or a key left empty; flags unknown codes."""
        bad: dict[tuple[str, str], np.ndarray] = {}
        for name, verdict in verdicts.items():
            frame.flag("unknown-code", name, verdict == UNKNOWN)
            for code, rule in RULE_OF.items():
                if code != UNKNOWN and (hit := verdict == code).any():
                    bad[rule, name] = hit
        for name in self.table.key:
            if (hit := frame.columns[name].nulls()).any():
                unjudged = hit if name not in verdicts else hit & (verdicts[name] == 0)
                if unjudged.any():
                    bad["null-key", name] = unjudged
        self._set_aside(frame, bad, parsed)

    def _set_aside(
        self, frame: Frame, bad: dict[tuple[str, str], np.ndarray], parsed: pa.Table | None
    ) -> None:
        if not bad:
            return
        refused = np.logical_or.reduce(list(bad.values()))
        for row in np.flatnonzero(refused).tolist():
            (rule, column), *more = [why for why, rows in bad.items() if rows[row]]
            like = value_class(parsed.column(column)[row].as_py()) if parsed is not None and column else ""
            also = " ".join(f"{c}:{r}" for r, c in more)
            line = int(frame.lines[row])
            frame.refusals.append(Refusal(frame.file, line, column, rule, like, frame.raw(line), also))
        frame.keep(~refused)

    def _check_keys(self, frame: Frame) -> None:
        """Sets aside rows whose key was met before, in this delivery or in what the hub already holds."""
        if not self.table.key or not len(frame):
            return
        years = frame.years()
        frame.keys = self.hasher.rows([frame.columns[name] for name in self.table.key], years)
        self.load_known(years)
        fresh = self.index.first_seen(frame.keys, years)
        if not fresh.all():
            self._set_aside(frame, {("duplicate-key", self.table.key[0]): ~fresh}, None)

    def load_known(self, years: np.ndarray) -> None:
        """Makes the keys that the hub already holds for these years known, once."""
        if self.known is None:
            return
        for year in set(np.unique(years).tolist()) - self._years_loaded:
            self._years_loaded.add(year)
            keys, persons = self.known(self.table, year)
            self.index.add(keys, persons, np.full(len(keys), year, np.int64))


class _RawLines:
    """The bytes of a file's lines by physical number, cut only once a row is refused."""

    def __init__(self, block: Block, dialect: Dialect) -> None:
        self._block, self._dialect = block, dialect

    @cached_property
    def _lines(self) -> list[bytes]:
        return self._block.data.split(b"\n")

    def of(self, line: int) -> bytes:
        return as_delivered(self._lines[int(np.searchsorted(self._block.lines, line))], self._dialect)


def _named(column: str, columns: list[Column]) -> str:
    return (
        columns[int(column[1:])].name if column.startswith("#") and int(column[1:]) < len(columns) else column
    )


def _is_plain(column: Column) -> bool:
    return column.domain is Domain.ROW and column.kind is Kind.INTEGER


def _parse(block: Block, columns: list[Column], file: DeliveredFile) -> tuple[Block, pa.Table | None]:
    """The block as columns of text; taken apart first when its lines turn out uneven."""
    if not len(block.lines):
        return block, None
    try:
        return block, _read_csv(block.data, columns, file.dialect.delimiter)
    except pa.ArrowInvalid:
        apart = take_apart(block, file.path, file.dialect, len(columns))
        apart.refusals[:0] = block.refusals
        return apart, _read_csv(apart.data, columns, file.dialect.delimiter) if len(apart.lines) else None


def _read_csv(data: bytes, columns: list[Column], delimiter: str) -> pa.Table:
    text, coded = pa.string(), pa.dictionary(pa.int32(), pa.string())
    return pyarrow.csv.read_csv(
        pa.BufferReader(data),
        pyarrow.csv.ReadOptions(
            use_threads=False, block_size=len(data) + 1, column_names=[c.name for c in columns]
        ),
        pyarrow.csv.ParseOptions(
            delimiter=delimiter, quote_char=False, escape_char=False, ignore_empty_lines=False
        ),
        pyarrow.csv.ConvertOptions(
            column_types={c.name: text if _is_plain(c) else coded for c in columns},
            null_values=[],
            strings_can_be_null=False,
        ),
    )


def _ahead(
    pool: ThreadPoolExecutor, blocks: Iterator[Block], parse: Callable[[Block], tuple[Block, pa.Table | None]]
) -> Iterator[tuple[Block, pa.Table | None]]:
    """Parses a few blocks ahead, in order."""
    waiting: list[Future[tuple[Block, pa.Table | None]]] = []
    for block in blocks:
        waiting.append(pool.submit(parse, block))
        if len(waiting) > LOOKAHEAD:
            yield waiting.pop(0).result()
    for done in waiting:
        yield done.result()


def _integers(values: pa.ChunkedArray, column: Column, dialect: Dialect) -> Plain | None:
    """Row numbers at once, if all are plain digits; None when some value needs the judge."""
    chunk = values.combine_chunks()
    chunk = chunk if isinstance(chunk, pa.Array) else chunk.chunk(0)
    lengths = np.diff(np.frombuffer(chunk.buffers()[1], np.int32)[: len(chunk) + 1])
    data = np.frombuffer(chunk.buffers()[2], np.uint8)[: int(lengths.sum())]
    if dialect.null or (lengths > 18).any() or ((data < 48) | (data > 57)).any():
        return None
    absent = lengths == 0
    numbers = pc.cast(pc.if_else(pa.array(absent), "0", chunk) if absent.any() else chunk, pa.int64())
    return Plain(column, numbers.to_numpy(), absent)
