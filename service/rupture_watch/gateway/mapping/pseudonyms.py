"""Pseudonyms by keyed hash, and how a case keeps its own when the key changes.

A pseudonym is the first 128 bits of HMAC-SHA-256 over a domain and an identity, in base 32: the
same identity always makes the same one, and without the key nobody can try identities out. Every
domain (case, session, appointment, event) has its own, so that they cannot be matched.

**Rotation.** A hash cannot be turned back, so a new key would tear every running case in two. Hence
a key mints pseudonyms for *new* cases only: of an identity, the pseudonyms under all keys are
compared with the cases that are known, and the oldest key that knows the case keeps it, with all
its sessions and appointments. Only a case that no key knows is minted with the newest key whose
time has come. What is known is read off the topics (see ``standing``), so that no table of
identities exists anywhere. A key may be dropped when its last case has been closed and forgotten.
"""

from __future__ import annotations

from base64 import b32encode
from dataclasses import dataclass
from hashlib import sha256
from hmac import digest
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rupture_watch.alliance.facts import Microseconds

BYTES: Final = 16
SEPARATOR: Final = "\x1f"
EXAMPLE_SECRET: Final = sha256(b"rupture-watch example key").digest()
"""Anybody can compute it: for looking at a mapping, never for patients."""


class Key(NamedTuple):
    """One secret and the moment from which it mints new cases."""

    name: str
    secret: bytes
    since: Microseconds


def nobody_is_known(_case: str) -> bool:
    """Know no case, as where there is no broker to ask."""
    return False


class Keyring:
    """The keys of an installation, oldest first.

    Args:
        keys: at least one.
        known: tells whether a pseudonym is a case that exists.
    """

    def __init__(self, keys: Sequence[Key], known: Callable[[str], bool] = nobody_is_known) -> None:
        self._keys = sorted(keys, key=lambda key: (key.since, key.name))
        self._known = known

    @classmethod
    def example(cls) -> Keyring:
        """Return the ring of the one public example key."""
        return cls([Key("example", EXAMPLE_SECRET, 0)])

    def __len__(self) -> int:
        return len(self._keys)

    def names(self, identity: str, at: Microseconds | None) -> Names:
        """Return the pseudonyms of one patient, seen at this moment (None: whenever)."""
        if len(self._keys) == 1:
            return Names(self._keys[0].secret, identity)
        for key in self._keys:
            names = Names(key.secret, identity)
            if self._known(names.case):
                return names
        minting = self._keys[0]
        for key in self._keys:
            if at is None or key.since <= at:
                minting = key
        return Names(minting.secret, identity)

    def all_names(self, identity: str) -> list[str]:
        """Return the case's pseudonym under every key, oldest first."""
        return [Names(key.secret, identity).case for key in self._keys]

    def derived(self, purpose: str) -> bytes:
        """Return a secret of its own for another purpose, from the newest key."""
        return digest(self._keys[-1].secret, f"derived{SEPARATOR}{purpose}".encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Names:
    """The pseudonyms of one patient under one key."""

    secret: bytes
    identity: str

    @property
    def case(self) -> str:
        """The case: what the event's subject is."""
        return self.of("case", self.identity)

    def of(self, domain: str, *parts: str) -> str:
        """Return the pseudonym of something in a domain: 26 characters, ``a-z2-7``."""
        content = SEPARATOR.join((domain, *parts)).encode("utf-8", "surrogatepass")
        return (
            b32encode(digest(self.secret, content, "sha256")[:BYTES]).decode().rstrip("=").lower()
        )
