"""Our own DuckDB connection: it reads sealed files, runs only SQL that the hub wrote, and spills encrypted.

Its AES comes from the httpfs extension of the wheel `duckdb-extension-httpfs`, loaded by path and of the very same
version: without it DuckDB refuses to write an encrypted temp file, which is what we want of a broken install.
"""

import importlib.metadata
import importlib.util
from pathlib import Path

import duckdb

from egide.adapters.engines.duckdb.sealed_files import SETTINGS
from egide.model.errors import Unreachable

WHEEL = "duckdb-extension-httpfs"
START: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
}


def connect(temp: Path, memory: str, threads: int, quota: str = "64GiB") -> duckdb.DuckDBPyConnection:
    """An in-memory database whose configuration is locked.

    `memory` and `quota` (of temp files) as DuckDB writes sizes ("2GiB"). Raises Unreachable when the extension is
    missing or of another version.
    """
    connection = duckdb.connect(config=START)
    load_cipher(connection)
    temp.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {"temp_directory": str(temp), "max_temp_directory_size": quota, "memory_limit": memory}
    for name, value in settings.items():
        connection.execute(f"SET {name} = '{_quoted(value)}'")
    connection.execute(f"SET threads = {int(threads)}")
    for setting in SETTINGS:
        connection.execute(setting)
    connection.execute("SET lock_configuration = true")
    return connection


def load_cipher(connection: duckdb.DuckDBPyConnection) -> None:
    """Loads OpenSSL's AES and turns the encryption of temp files on. Raises Unreachable as `connect` does."""
    connection.execute(f"LOAD '{_quoted(str(extension()))}'")
    connection.execute("SET temp_file_encryption = true")


def extension() -> Path:
    """Where the wheel keeps httpfs for exactly this DuckDB. Raises Unreachable when it does not."""
    engine = duckdb.__version__
    try:
        carried = importlib.metadata.version(WHEEL)
    except importlib.metadata.PackageNotFoundError:
        raise Unreachable("engine.extension", engine=engine, extension="-") from None
    found = importlib.util.find_spec("duckdb_extension_httpfs")
    if carried != engine or found is None or found.origin is None:
        raise Unreachable("engine.extension", engine=engine, extension=carried)
    path = Path(found.origin).parent / "extensions" / f"v{engine}" / "httpfs.duckdb_extension"
    if not path.is_file():
        raise Unreachable("engine.extension", engine=engine, extension=carried)
    return path


def _quoted(text: str) -> str:
    return text.replace("'", "''")
