"""Everything the hub raises on purpose. A message names file, row, column and rule, never a person's data.

Each cause has a key into `egide/model/messages/*.toml`; the family gives the command's exit code.
"""

from egide.model.messages import say


class HubError(Exception):
    """Raised on purpose; safe to show. `key` finds the sentence, `facts` fill it."""

    exit_code = 1

    def __init__(self, key: str, **facts: object) -> None:
        self.key = key
        self.facts = facts
        super().__init__(key)

    def __str__(self) -> str:
        return say(self.key, None, **self.facts)

    def in_language(self, lang: str) -> str:
        return say(self.key, lang, **self.facts)


class Denied(HubError):
    """A rule says no; the message says why."""


class BadUsage(HubError):
    """The command or its settings make no sense."""

    exit_code = 2


class BadInput(HubError):
    """What was delivered or given breaks a rule of its form."""

    exit_code = 3


class Unreachable(HubError):
    """A host, a key or a disk could not be reached or used."""

    exit_code = 4


class Tampered(HubError):
    """Bytes do not match their name, their key or their signature."""

    exit_code = 5
