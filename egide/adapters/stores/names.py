"""What an object may be called: nothing that a path, a URL or a log could misread."""

import re

from egide.model.errors import Tampered

NAME = re.compile(r"[0-9a-f]{64}")


def check_name(name: str, store: str) -> None:
    """Raises Tampered (store.name) unless `name` is the lower-case hex of a SHA-256."""
    if not NAME.fullmatch(name):
        raise Tampered("store.name", store=store)
