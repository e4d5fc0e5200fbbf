"""Which headers pass between browser and backend, and what becomes of the addresses in them."""

import json
import re
from collections.abc import Iterable, Mapping
from email.message import Message
from urllib.parse import unquote, urlsplit

from plugins.gateway.failures import BackendBroken

MAX_HEADER_LENGTH = 8_000

_TO_BACKEND = (
    "Accept",
    "Accept-Language",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "Idempotency-Key",
    "HX-Request",
    "HX-Target",
    "HX-Trigger",
    "HX-Trigger-Name",
    "Range",
)
_CURRENT_URL = "HX-Current-URL"

_AS_THEY_ARE = (
    "Content-Disposition",
    "Content-Language",
    "Content-Range",
    "Accept-Ranges",
    "ETag",
    "Last-Modified",
    "Retry-After",
    "HX-Refresh",
    "HX-Reswap",
    "HX-Retarget",
    "HX-Trigger",
    "HX-Trigger-After-Settle",
    "HX-Trigger-After-Swap",
)
_ADDRESSES = ("Location", "HX-Location", "HX-Push-Url", "HX-Redirect", "HX-Replace-Url")
# HTMX reads this as leaving the address bar alone.
_NO_ADDRESS = "false"
_OF_SHARED_CACHES = ("public", "s-maxage")
_PERSONAL = "private"
_DEFAULT_CACHING = "private, no-cache"
_DOTS = frozenset({".", ".."})

_RUNNABLE = ("script", "xml", "xsl", "css", "wasm", "svg", "multipart")
_HTML = "text/html"
# What a browser would act on by itself, or lead elsewhere; it reads a tag wherever this is found.
_ACTIVE = re.compile(r"<(script|meta|base|iframe|frameset|frame|object|embed)[\s/>]", re.IGNORECASE)


def headers_to_backend(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what a backend gets of a request's headers.

    Neither cookies nor authorization nor addresses of the person are among them.
    """
    passed = {name: headers[name] for name in _TO_BACKEND if name in headers}
    if current := headers.get(_CURRENT_URL):
        passed[_CURRENT_URL] = current.partition("#")[0].partition("?")[0]
    return passed


def headers_to_browser(headers: Message, *, prefix: str) -> dict[str, str]:
    """Return what a browser gets of an answer's headers.

    Args:
        headers: The backend's.
        prefix: What the plugin's addresses begin with in the browser.

    Raises:
        BackendBroken: An address leads out of the plugin, or a header cannot be handed on.
    """
    passed = {name: headers[name] for name in _AS_THEY_ARE if name in headers}
    for name in _ADDRESSES:
        if name in headers:
            passed[name] = _address_in(name, headers[name], prefix)
    passed["Cache-Control"] = _caching(headers.get("Cache-Control", ""))
    for name, value in passed.items():
        if len(value) > MAX_HEADER_LENGTH or not value.isprintable():
            raise BackendBroken(f"The header {name} cannot be handed on.")
    return passed


def media_type(headers: Message, *, has_body: bool) -> str:
    """Return the type of an answer, with its parameters; empty where there is no body.

    Raises:
        BackendBroken: It has none, or one that a browser could run.
    """
    given = headers.get("Content-Type", "")
    if headers.get("Content-Encoding", "identity") != "identity":
        raise BackendBroken("The answer is packed, which nobody asked for.")
    if not given:
        if has_body:
            raise BackendBroken("The answer does not say of which type it is.")
        return ""
    kind = given.partition(";")[0].strip().lower()
    if not given.isprintable() or "/" not in kind or any(word in kind for word in _RUNNABLE):
        raise BackendBroken(f"An answer must not be of the type {kind[:100]!r}.")
    return given


def is_html(given: str) -> bool:
    """Return whether a type is that of HTML."""
    return given.partition(";")[0].strip().lower() == _HTML


def check_html(content: str) -> None:
    """Refuse HTML with tags that would run something, or lead the page elsewhere by themselves.

    Raises:
        BackendBroken: It has one.
    """
    if found := _ACTIVE.search(content):
        raise BackendBroken(f"Its HTML has a <{found[1].lower()}>, which a plugin must not have.")


def lead_back(address: str, prefix: str) -> str:
    """Return an address of a backend's answer as the browser needs it: within the plugin.

    Args:
        address: With the prefix or without it.
        prefix: What the plugin's addresses begin with in the browser.

    Raises:
        BackendBroken: It leads elsewhere.
    """
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise BackendBroken("An address in the answer is none.") from error
    # Browsers read a backslash as a slash, skip control characters, and take dots away, in plain
    # or encoded, before anybody could compare anything.
    decoded = unquote(parts.path)
    if (
        parts.scheme
        or parts.netloc
        or not address.startswith("/")
        or address.startswith("//")
        or "\\" in decoded
        or not (address.isascii() and address.isprintable() and decoded.isprintable())
        or " " in address
        or not _DOTS.isdisjoint(decoded.split("/"))
    ):
        raise BackendBroken("An address in the answer leads out of the plugin.")
    if parts.path == prefix or parts.path.startswith(f"{prefix}/"):
        return address
    return f"{prefix}{address}"


def _address_in(name: str, value: str, prefix: str) -> str:
    if name in {"HX-Push-Url", "HX-Replace-Url"} and value == _NO_ADDRESS:
        return value
    if name == "HX-Location" and value.startswith("{"):
        try:
            asked = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise BackendBroken("HX-Location is neither an address nor JSON.") from error
        # What else HTMX would take from there could send headers and values anywhere.
        path, target = asked.get("path"), asked.get("target")
        if not isinstance(path, str) or not isinstance(target, str | None):
            raise BackendBroken("HX-Location names no path.")
        led = {"path": lead_back(path, prefix)} | ({"target": target} if target else {})
        return json.dumps(led)
    return lead_back(value, prefix)


def _caching(given: str) -> str:
    """Return who may keep an answer: it shows what one person may see, so it is theirs alone."""
    if not given:
        return _DEFAULT_CACHING
    kept = [each.strip() for each in given.split(",")]
    return ", ".join([_PERSONAL, *_without(kept, (*_OF_SHARED_CACHES, _PERSONAL))])


def _without(directives: Iterable[str], names: Iterable[str]) -> list[str]:
    unwanted = set(names)
    return [each for each in directives if each and each.partition("=")[0].lower() not in unwanted]
