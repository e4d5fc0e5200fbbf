"""What of a realm differs from what it should be, in words; nothing here calls Keycloak.

Secrets are compared and never named.
"""

from collections.abc import Iterable, Iterator
from typing import Any

# Lists that Keycloak keeps in no order.
_SETS = frozenset({"enabledEventTypes", "redirectUris", "supportedLocales", "webOrigins"})
_HIDDEN = frozenset({"password"})


def compare_settings(found: dict[str, Any], wanted: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name of each setting that differs, and how.

    Args:
        found: The realm's settings.
        wanted: Those that are to be as given; all others are its people's.
    """
    for name, value in wanted.items():
        if name == "attributes":
            yield from compare_settings(found.get("attributes", {}), value)
        elif name == "smtpServer":
            details = list(_compare_mail(found.get(name, {}), value))
            if details:
                yield name, "; ".join(details)
        elif _is_other(_comparable(name, found.get(name)), _comparable(name, value)):
            yield name, _differs(value, found.get(name))


def compare_client(found: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    """Yield in words how a client of Plexica's differs from what it should be.

    Whether it is enabled is not looked at: that depends on its tenant's state.
    """
    for name, value in wanted.items():
        if name in {"enabled", "protocolMappers"}:
            continue
        if name == "secret":
            if found.get(name) != value:
                yield "its secret is not the one that Plexica keeps"
        elif name == "attributes":
            for attribute, expected in value.items():
                actual = found.get(name, {}).get(attribute)
                if actual != expected:
                    yield f"{attribute}: {_differs(expected, actual)}"
        elif _comparable(name, found.get(name)) != _comparable(name, value):
            yield f"{name}: {_differs(value, found.get(name))}"
    yield from _compare_mappers(found.get("protocolMappers", []), wanted.get("protocolMappers", []))


def compare_profile(found: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    """Yield in words what the realm asks of a person that it should not, or not in this way.

    Attributes that a tenant has added are its own.
    """
    known = {attribute["name"]: attribute for attribute in found.get("attributes", [])}
    for attribute in wanted["attributes"]:
        name = attribute["name"]
        if name not in known:
            yield f"attribute {name} is missing"
        elif not _is_in_step(known[name], attribute):
            yield f"attribute {name} differs"


def merge_profile(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return a realm's profile with Plexica's attributes as they should be."""
    ours = {attribute["name"] for attribute in wanted["attributes"]}
    added = [
        attribute for attribute in found.get("attributes", []) if attribute["name"] not in ours
    ]
    return found | {"attributes": [*wanted["attributes"], *added]}


def _is_other(found: Any, wanted: Any) -> bool:
    # Keycloak leaves out what is empty.
    return bool(found) if wanted == "" else bool(found != wanted)


def _compare_mail(found: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    # Keycloak shows stars for a password: whether there is one is all that can be seen.
    for name in sorted(found.keys() | wanted.keys()):
        if name in _HIDDEN:
            if (name in found) != (name in wanted):
                yield f"{name}: {'missing' if name in wanted else 'not expected'}"
        elif found.get(name) != wanted.get(name):
            yield f"{name}: {_differs(wanted.get(name), found.get(name))}"


def _compare_mappers(
    found: Iterable[dict[str, Any]], wanted: Iterable[dict[str, Any]]
) -> Iterator[str]:
    known = {mapper["name"]: mapper for mapper in found}
    for mapper in wanted:
        actual = known.pop(mapper["name"], None)
        if actual is None:
            yield f"mapper {mapper['name']!r} is missing"
        elif any(
            actual.get(name) != mapper[name] for name in ("protocol", "protocolMapper")
        ) or not (mapper["config"].items() <= actual.get("config", {}).items()):
            yield f"mapper {mapper['name']!r} differs"
    yield from (f"mapper {name!r} is not expected" for name in sorted(known))


def _is_in_step(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Return whether an attribute is as wanted; Keycloak adds what it takes for granted.

    An attribute that should be optional and is required differs, though nothing is wanted of it.
    """
    names = wanted.keys() | {"required"}
    return all(_unordered(found.get(name)) == _unordered(wanted.get(name)) for name in names)


def _unordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unordered(each) for name, each in value.items()}
    if isinstance(value, list):
        return sorted(value, key=str)
    return value


def _comparable(name: str, value: Any) -> Any:
    return sorted(value or []) if name in _SETS else value


def _differs(expected: Any, actual: Any) -> str:
    return f"expected {expected!r}, found {actual!r}"
