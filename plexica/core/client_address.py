"""Where a request comes from, as far as it can be believed."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

# One customer's line has at least so many of an IPv6 address's bits in common (RFC 6177).
IPV6_PREFIX = 64


def client_address(request: HttpRequest | Request) -> str:
    """Return the address that a request comes from, for limits.

    What a client writes into `X-Forwarded-For` is not believed: only what our own proxies have
    added at its end, `PLEXICA_TRUSTED_PROXIES` of them. Addresses of one IPv6 network count as one.
    """
    claimed = request.META.get("REMOTE_ADDR", "")
    proxies = settings.PLEXICA_TRUSTED_PROXIES
    if proxies:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        claimed = (hops[-proxies] if len(hops) >= proxies else "") or claimed
    try:
        address = ip_address(claimed)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network((int(address), IPV6_PREFIX), strict=False))
    return str(address)
