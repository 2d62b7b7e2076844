"""The functions of `functions.toml`, read once."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Functions:
    """Lower-case names by what the function does with rows."""

    scalar: frozenset[str]
    aggregate: frozenset[str]
    window: frozenset[str]
    table: frozenset[str]

    @property
    def expressions(self) -> frozenset[str]:
        return self.scalar | self.aggregate | self.window | {"unnest"}


@cache
def functions() -> Functions:
    text = resources.files("egide.rules.sql").joinpath("functions.toml").read_text("utf-8")
    listed = tomllib.loads(text)
    kinds = {
        kind: frozenset(name for names in groups.values() for name in names)
        for kind, groups in listed.items()
    }
    return Functions(**kinds)
