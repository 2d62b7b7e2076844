"""A hub in a temporary home for the proofs that take deliveries the whole way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.hubs import environment, new_hub

from egide.wiring import Hub


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose environment (passphrase, generator's key) this process and its children use."""
    with environment(tmp_path_factory.mktemp("proof")) as folder:
        yield folder


@pytest.fixture(scope="module")
def hub(place: Path) -> Hub:
    """One hub for the module."""
    return new_hub(place)
