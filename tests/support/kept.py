"""What a hub keeps, as bytes and rows, to tell whether something changed."""

import hashlib
import sqlite3
from dataclasses import dataclass

from egide.wiring import RECORDS, Hub
from support.hubs import close_records


@dataclass(frozen=True)
class Kept:
    """Everything under the hub's home: files by name and hash, rows of the records by table."""

    files: dict[str, str]
    rows: dict[str, list[tuple[object, ...]]]

    def but_ledger(self) -> "Kept":
        return Kept(self.files, {table: rows for table, rows in self.rows.items() if "_ledger" not in table})


def kept_by(hub: Hub) -> Kept:
    close_records()
    files = {
        str(path.relative_to(hub.home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(hub.home.rglob("*"))
        if path.is_file() and not path.name.startswith(RECORDS)
    }
    with sqlite3.connect(hub.home / RECORDS) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {t: sorted(database.execute(f'SELECT * FROM "{t}"'), key=repr) for t in sorted(tables)}
    database.close()
    return Kept(files, rows)
