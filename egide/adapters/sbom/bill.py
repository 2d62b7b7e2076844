"""Writes the installed distributions as a CycloneDX 1.6 document. The same installation gives the same bytes."""

import re
import sys
import uuid
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

NAME = "egide"


def location() -> Path:
    """Where `make install` writes the bill: beside the interpreter that runs the hub."""
    return Path(sys.prefix) / "share" / "egide" / "bill-of-materials.cdx.json"


def bill_of_materials() -> bytes:
    """The bill as CycloneDX 1.6 JSON (ECMA-424), UTF-8.

    It holds no date, and its serial number is derived from its content: two equal installations can be compared
    byte for byte.
    """
    components = {_name(d): _component(d) for d in metadata.distributions()}
    hub = components.pop(NAME, None) or Component(type=ComponentType.APPLICATION, name=NAME)
    bom = Bom(components=components.values(), serial_number=_serial([hub, *components.values()]))
    bom.metadata.component = hub
    bom.metadata.timestamp = None
    bom.register_dependency(hub, components.values())
    return JsonV1Dot6(bom).output_as_string(indent=1).encode()


def _name(distribution: metadata.Distribution) -> str:
    """The normalised name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()


def _component(distribution: metadata.Distribution) -> Component:
    name, version = _name(distribution), distribution.version
    return Component(
        type=ComponentType.APPLICATION if name == NAME else ComponentType.LIBRARY,
        name=name,
        version=version,
        bom_ref=f"{name}@{version}",
        purl=PackageURL(type="pypi", name=name, version=version),
        description=distribution.metadata.get("Summary"),
    )


def _serial(components: Iterable[Component]) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, "\n".join(sorted(str(c.purl) for c in components)))
