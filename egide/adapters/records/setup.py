"""Opens the database and brings its tables up to date."""

from pathlib import Path

import django
from django.conf import settings

from egide.adapters.disk import sync_folder


def open_database(path: Path) -> None:
    """Points Django at the hub's SQLite file. Every commit is durable before it returns.

    A process works on one hub at a time: opening another closes the one before."""
    if settings.configured:
        _turn_to(path)
        return
    settings.configure(
        INSTALLED_APPS=["egide.adapters.records.apps.RecordsConfig"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(path),
                "CONN_MAX_AGE": None,
                "OPTIONS": {
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 30,
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
                },
            }
        },
        USE_TZ=True,
        TIME_ZONE="UTC",
        SECRET_KEY="the records serve no web session",
    )
    django.setup()


def _turn_to(path: Path) -> None:
    from django.db import connection

    if connection.settings_dict["NAME"] == str(path):
        return
    if connection.in_atomic_block:
        raise RuntimeError("a hub is left only between transactions")
    connection.close()
    connection.settings_dict["NAME"] = str(path)


def make_database(path: Path) -> None:
    """A new database with its tables, under its name once it is whole: an interrupted making leaves none."""
    from django.db import connection

    making = path.with_name(f"{path.name}.new")
    open_database(making)
    migrate()
    connection.close()  # the write-ahead log is folded in: the file alone is the database
    making.chmod(0o600)
    making.rename(path)
    sync_folder(path.parent)


def migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
