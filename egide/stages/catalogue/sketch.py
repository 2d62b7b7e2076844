"""How many different numbers there are, about, in a few kilobytes.

Keeps the smallest of their hashes (k minimum values, Bar-Yossef et al. 2002): with k kept and the largest of them
at x of the whole range, there are about (k - 1) / x. Exact below k; about 3 % off above.
"""

import numpy as np
from numpy.typing import NDArray

KEPT = 1024
FIRST = 4096  # a short first piece, so that the long ones after it are mostly passed over
WHOLE = 2.0**64


def _mixed(values: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Spreads integers over 64 bits, one to one (the finaliser of SplitMix64, Steele et al. 2014)."""
    x = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


class Distinct:
    """A mergeable count of distinct integers."""

    def __init__(self) -> None:
        self._smallest = np.zeros(0, np.uint64)

    def add(self, values: NDArray[np.int64]) -> None:
        start, length = 0, FIRST
        while start < len(values):
            hashes = _mixed(values[start : start + length])
            if len(self._smallest) == KEPT:
                hashes = hashes[hashes < self._smallest[-1]]
            if len(hashes):
                self._keep(hashes)
            start, length = start + length, 2 * length

    def merge(self, other: "Distinct") -> None:
        self._keep(other._smallest)

    def _keep(self, hashes: NDArray[np.uint64]) -> None:
        self._smallest = np.unique(np.concatenate([self._smallest, hashes]))[:KEPT]

    def estimate(self) -> int:
        if len(self._smallest) < KEPT:
            return len(self._smallest)
        return int((KEPT - 1) / (float(self._smallest[-1]) / WHOLE))
