"""The generator's signed manifest: the one way, without two persons' signatures, for a delivery to be class C0."""

from pathlib import Path

from egide.crypto.sign import SigningKey, VerifyKey
from egide.model.canonical import canonical, parse_canonical
from egide.model.delivery import Delivery
from egide.model.errors import BadInput

NAME = "generator.json"
FORMAT = "egide-generator/1"
_MOST_BYTES = 1 << 20


def sign_synthetic(
    folder: Path, delivery: Delivery, arguments: dict[str, str | int], key: SigningKey
) -> Path:
    """Writes the generator's manifest beside the delivery's: what was generated, how, and the delivery's hash."""
    document = {
        "format": FORMAT,
        "class": "C0",
        "arguments": arguments,
        "delivery": delivery.id,
        "sha256": delivery.sha256,
    }
    envelope = {
        "manifest": document,
        "key": key.verify_key.hex,
        "signature": key.sign(canonical(document)).hex(),
    }
    path = folder / NAME
    path.write_bytes(canonical(envelope))
    return path


def generator_of(folder: Path, delivery: Delivery) -> VerifyKey | None:
    """The key that signed this delivery as synthetic, None without a generator's manifest.

    Raises BadInput when the manifest is there and does not match. Whether the key is trusted is the caller's to say."""
    path = folder / NAME
    if not path.is_file() or path.is_symlink():
        return None
    if path.stat().st_size > _MOST_BYTES:
        raise BadInput("delivery.generator-broken")
    try:
        envelope = parse_canonical(path.read_bytes())
        assert isinstance(envelope, dict)
        document, key = envelope["manifest"], VerifyKey.parse(envelope["key"])
        key.verify(bytes.fromhex(envelope["signature"]), canonical(document))
        stated = document["format"], document["class"], document["delivery"], document["sha256"]
    except (ValueError, KeyError, TypeError, AssertionError):
        raise BadInput("delivery.generator-broken") from None
    if stated != (FORMAT, "C0", delivery.id, delivery.sha256):
        raise BadInput("delivery.generator-broken")
    return key
