"""The manual's examples run: tables drawn with `|`, delivered to a hub, asked under a permit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.hubs import environment, new_hub
from support.spec import IntakeSpec, PermitSpec


@pytest.fixture(scope="session")
def spec_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with environment(tmp_path_factory.mktemp("spec")) as folder:
        yield folder


@pytest.fixture(scope="module")
def intake_spec(spec_place: Path, tmp_path_factory: pytest.TempPathFactory) -> IntakeSpec:
    place = tmp_path_factory.mktemp("intake")
    return IntakeSpec(new_hub(place), place)


@pytest.fixture
def spec(intake_spec: IntakeSpec) -> IntakeSpec:
    """A holder of its own for each paragraph: what others delivered is not there."""
    return intake_spec.afresh()


@pytest.fixture(scope="module")
def permits(spec_place: Path, tmp_path_factory: pytest.TempPathFactory) -> PermitSpec:
    place = tmp_path_factory.mktemp("permit")
    return PermitSpec(new_hub(place), place)
