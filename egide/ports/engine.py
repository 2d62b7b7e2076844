"""What runs a researcher's SQL, fenced: it sees the feeds it is given and nothing else.

Feeds speak the Arrow PyCapsule interface (https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html),
so that no Arrow library is named here.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from egide.model.errors import HubError
from egide.model.query import Limits, Result


class ArrowSchema(Protocol):
    def __arrow_c_schema__(self) -> object: ...


class ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class Feed(Protocol):
    """One table of a view: already filtered, re-keyed and cut to the permit's columns."""

    @property
    def names(self) -> Sequence[str]: ...

    def schema(self, columns: Sequence[str]) -> ArrowSchema: ...

    def open(self, columns: Sequence[str]) -> ArrowStream:
        """The rows, from the start, with these columns in this order. May be called any number of times, from any
        thread, also while an earlier stream is being read."""
        ...

    def trouble(self) -> HubError | None:
        """Why the last stream broke off, when that is known: an object altered, a store out of reach."""
        ...


class Engine(Protocol):
    def run(
        self,
        sql: str,
        tables: Mapping[str, Feed],
        limits: Limits,
        columns: Mapping[str, Sequence[str]] | None = None,
    ) -> Result:
        """Answers `sql` over `tables`; `columns` narrows what is opened of each (default: all that it feeds).

        Raises BadUsage (the SQL does not run on these data), Denied (a limit was reached) or Unreachable (the engine
        broke). The engine's own words never come through, since they quote values.
        """
        ...
