"""Which network addresses a delivery may go to: public ones, and those that are allowed by name.

A web hook's URL may be written by somebody who wants to reach the inside of this network. The
check is on the address that a connection is about to be made to, so it holds for every spelling
of an address, for names that resolve differently the second time, and after any redirect.
"""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

TRANSLATED: Final = (
    ip_network("64:ff9b::/96"),  # RFC 6052: IPv4 behind a translator, in the last 32 bits
    ip_network("::/96"),  # RFC 4291: IPv4-compatible, deprecated, still understood by some
)
INSIDE_CLOUDS: Final = (
    ip_network("168.63.129.16/32"),  # Azure: the host's own services, under a public address
    ip_network("64:ff9b:1::/48"),  # RFC 8215: translation inside a site
    ip_network("fec0::/10"),  # RFC 3879: site-local, deprecated
)


def is_allowed(address: str, allowed: Iterable[Network] = ()) -> bool:
    """Tell whether a delivery may go to this address (as the resolver gives it).

    An IPv6 address that carries an IPv4 address (mapped, 6to4, Teredo, NAT64) is judged by that,
    unless it is allowed itself.
    """
    networks = tuple(allowed)
    written = ip_address(address.partition("%")[0])
    if _is_listed(written, networks):
        return True
    carried = tuple(_carried(written))
    return all(_is_listed(one, networks) or _is_public(one) for one in carried or (written,))


def _is_listed(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _is_public(address: Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not _is_listed(address, INSIDE_CLOUDS)
    )


def _carried(address: Address) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses that an IPv6 address stands for."""
    if not isinstance(address, IPv6Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if any(address in network for network in TRANSLATED):
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
