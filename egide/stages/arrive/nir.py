"""No social security number enters the hub: a delivery in which valid NIRs are found is refused.

A NIR is 13 characters and a control key of two digits: 97 minus the number modulo 97, Corsica's 2A and 2B counting as
19 and 18 (INSEE; decree 82-103 of 22 January 1982). Fifteen digits pass that test once in 97 by chance, so one column
must hold several before the delivery is refused.
"""

import re

import numpy as np

_SHAPE = re.compile(r"[1-478]\d{2}(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d{2}|2[AB])\d{6}\d{2}\Z")
_ANYWHERE = re.compile(rb"(?<![0-9A-Z])[1-478]\d{4}\d[0-9AB]\d{8}(?![0-9A-Z])")
ENOUGH = 3  # distinct valid numbers in one column
SHARE = 0.5  # of the values of that shape


def is_nir(text: str) -> bool:
    """Whether a text is a valid NIR with its key, spaces allowed."""
    compact = text.replace(" ", "").upper()
    if len(compact) != 15 or not _SHAPE.match(compact):
        return False
    number = compact[:13].replace("2A", "19").replace("2B", "18")
    return 97 - int(number) % 97 == int(compact[13:])


class NirWatch:
    """Counts, column by column, distinct values that are valid NIRs."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}

    def look(self, column: str, values: list[object]) -> bool:
        """Whether a column's values, these and those before, betray NIRs."""
        shaped, valid = self._seen.get(column, (0, 0))
        for value in values:
            text = str(value)
            if 15 <= len(text) <= 21 and _SHAPE.match(text.replace(" ", "").upper()):
                shaped += 1
                valid += is_nir(text)
        self._seen[column] = shaped, valid
        return valid >= ENOUGH and valid >= SHARE * shaped

    def look_at_numbers(self, column: str, values: np.ndarray) -> bool:
        """The same for a column of integers: only those of fifteen digits are looked at."""
        long = values[(values >= 10**14) & (values < 10**15)]
        return bool(len(long)) and self.look(column, np.unique(long).tolist())

    def look_at_line(self, line: bytes) -> bool:
        """The same for whatever stands in a refused row, whichever its cells are."""
        return self.look("", [found.decode() for found in _ANYWHERE.findall(line.upper())])
