"""Exchange with others: age (age-encryption.org/v1) through pyrage, streamed, to one X25519 recipient."""

from typing import BinaryIO

import pyrage

from egide.model.errors import BadInput


def new_age_identity() -> tuple[str, str]:
    """A secret identity for the keyring and the public recipient that others encrypt to."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def recipient_of(identity: str) -> str:
    return str(pyrage.x25519.Identity.from_str(identity).to_public())


def encrypt_to(recipient: str, source: BinaryIO, target: BinaryIO) -> None:
    """Raises BadInput (delivery.package-recipient) when the recipient is no age key."""
    try:
        to = pyrage.x25519.Recipient.from_str(recipient.strip())
    except pyrage.RecipientError:
        raise BadInput("delivery.package-recipient") from None
    pyrage.encrypt_io(source, target, [to])


def decrypt_with(identity: str, source: BinaryIO, target: BinaryIO) -> None:
    """Raises BadInput (delivery.package-recipient) when it is not for this identity or was altered."""
    try:
        pyrage.decrypt_io(source, target, [pyrage.x25519.Identity.from_str(identity)])
    except pyrage.DecryptError:
        raise BadInput("delivery.package-recipient") from None
    except OSError as problem:
        if problem.errno is not None:  # a disk that fails; a body that was altered has no number
            raise
        raise BadInput("delivery.package-recipient") from None
