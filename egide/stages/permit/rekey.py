"""Stage 3 of DESIGN 5: pseudonyms and technical row keys become this permit's own."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from egide.crypto.key import Key
from egide.crypto.pseudonym import pseudonymise, rekey_integers, show_array
from egide.model.table import Column, Domain, Kind

PERSON = "person"


def rekeyed(column: Column | None, key: Key) -> Callable[[pa.Array], pa.Array] | None:
    """How a column's values are replaced for this permit; None when they are shown as they are. `None`: PERSON_ID."""
    if column is None:
        return lambda values: _shown(values, key, PERSON)
    if column.domain is None:
        return None
    domain = str(column.domain)
    if column.domain is Domain.ROW:
        domain = f"row/{column.name}"
        if column.kind is Kind.INTEGER:
            return lambda values: _integers(values, key, domain)
        return lambda values: _shown(values, key, domain)
    return lambda values: _shown(values, key, domain)


def _shown(values: pa.Array, key: Key, domain: str) -> pa.Array:
    if not len(values):
        return pa.array([], pa.string())
    return show_array(pseudonymise(values, key, f"permit/{domain}"))


def _integers(values: pa.Array, key: Key, domain: str) -> pa.Array:
    absent = values.is_null().to_numpy(zero_copy_only=False)
    numbers = values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    made = rekey_integers(numbers, key, f"permit/{domain}") if len(numbers) else numbers
    return pa.array(made, pa.int64(), mask=absent if absent.any() else None)
