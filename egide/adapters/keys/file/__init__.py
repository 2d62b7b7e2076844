"""A keyring in one file under a passphrase: the default keeper, for a hub on one machine."""

from egide.adapters.keys.file.keyring import FileKeys

__all__ = ["FileKeys"]
