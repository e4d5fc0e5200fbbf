"""The reference of what a plugin in Python may rely on, made from signatures and docstrings alone.

`python -m plexica_sdk.api_reference` prints it.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from plexica_sdk import hosting, testing
from plexica_sdk.hosting.templatetags import plexica as tags

_HEADER = """\
# The SDK for Python

A plugin in Python is an ordinary Django app: models, migrations, views, templates, forms. The
distribution `plexica-sdk[hosting]` runs it; the manifest's command is
`["python", "-m", "plexica_sdk.hosting", "<app>"]`. The app's module `urls` is the plugin's root.
Django has no sessions, no users, no admin and no content types here: who asks, and for whom, the
host says with each request. More apps may be named behind the first one.

What is named on this page is what a plugin may rely on; it is made from the code. Not in Python,
the same is had by [the contract](contract.md).

## What each request has
- **The context**, `request.plexica`: tenant, user, permissions. `current()` returns the same
  outside of views.
- **The database**: one schema for each installation, and a connection that reaches no other one. A
  view is one transaction, unless it is marked with Django's `transaction.non_atomic_requests`.
  Outside of a request, as in a thread that the plugin has started, there is no connection, but the
  error `NoContext`.
- **Language and time zone** of the user, else of the tenant.
- **Addresses**: `reverse()` and `{% url %}` give those that the browser needs. The host reads
  pages as fragments of its own.
- **Forms**: `{% csrf_token %}` writes what the gateway checks; the plugin itself checks nothing.
- **The log**: what goes to Python's `logging` is written as JSON with the request's id and the
  tenant.

In templates there is `plexica`, the context, and after `{% load plexica %}` the address of a file
of the package: `{% plugin_static "icon.svg" %}`.

Migrations run in one transaction, when a tenant installs the plugin or is brought to another
release: one with `atomic = False` is refused. Files that models keep (`FileField`) are kept by the
host, if the manifest asks for `storage`.

## What tests have
A plugin's tests run in one process with the plugin: no server and no gateway, but a host that is
fake, with the tenants acme (Ada owns it, Bo is a member) and globex (Cy's), and a PostgreSQL that
is real. In `pyproject.toml`:

```toml
[tool.pytest.ini_options]
addopts = "-p no:django -p plexica_sdk.testing.fixtures"
pythonpath = ["src"]
```

The fixture `plugin` is a `TestPlugin`, with nothing left of the test before.
`PLEXICA_TEST_DATABASE_URL` is the address of somebody who may make schemas and roles; without it,
tests of a plugin that has migrations are skipped.

```python
def test_a_member_adds_a_note(plugin: TestPlugin) -> None:
    plugin.client(BO).post("/notes/", {"text": "Milk"})

    assert "Milk" in plugin.client(ADA).get("/").text
    assert "Milk" not in plugin.client(CY).get("/").text
```
"""
_SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Yields):")
_ITEM = re.compile(r"([\w*]+): (.*)")
_QUOTED = re.compile(r"'([A-Z]\w*)'")
_QUALIFIED = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")
_INDENT = "    "


def api_reference() -> str:
    """Return the reference."""
    parts = [_HEADER]
    for module in (hosting, testing):
        parts += _module(module)
    parts += ["## Template tags\n", *_entry("plugin_static", tags.plugin_static, "###")]
    return "\n".join(parts).rstrip() + "\n"


def public_names(module: ModuleType) -> list[str]:
    """Return what a module says that it is for others."""
    return sorted(module.__all__, key=str.lower)


def public_members(found: type) -> dict[str, Any]:
    """Return the methods and properties that a class itself has for others."""
    return {
        name: member
        for name, member in vars(found).items()
        if not name.startswith("_")
        and (inspect.isfunction(member) or isinstance(member, property | classmethod))
        and inspect.getdoc(member)
    }


def _module(module: ModuleType) -> Iterator[str]:
    yield f"## `{module.__name__}`\n"
    yield f"{_prose(module)}\n"
    for name in public_names(module):
        yield from _entry(name, getattr(module, name), "###")


def _entry(name: str, found: Any, level: str) -> Iterator[str]:
    if inspect.isclass(found):
        bases = ", ".join(base.__name__ for base in found.__bases__ if base is not object)
        yield f"{level} class `{name}{f'({bases})' if bases else ''}`\n"
        yield from _described(found)
        for member, value in public_members(found).items():
            yield from _entry(f"{name}.{member}", value, f"{level}#")
    elif isinstance(found, property):
        yield f"{level} `{name}`\n"
        yield from _described(found)
    elif callable(found):
        yield f"{level} `{name}{_signature(found)}`\n"
        yield from _described(found)
    else:
        values = found if isinstance(found, tuple) else (found,)
        yield f"{level} `{name}`\n"
        yield "; ".join(map(_value, values)) + ".\n"


def _value(found: object) -> str:
    kind = type(found)
    if "__str__" in vars(kind):
        return f"`{kind.__name__}`: {found}"
    return f"`{kind.__name__}`: {_prose(kind).splitlines()[0].rstrip('.')}"


def _signature(found: Any) -> str:
    signature = inspect.signature(found)
    parameters = [p for n, p in signature.parameters.items() if n not in {"self", "cls"}]
    text = _QUALIFIED.sub("", _QUOTED.sub(r"\1", str(signature.replace(parameters=parameters))))
    # What decorators take and give is a page of its own, and says nothing.
    return text.partition(" -> ")[0] if "Concatenate" in text else text


def _prose(found: Any) -> str:
    return (inspect.getdoc(found) or "").strip()


def _described(found: Any) -> Iterator[str]:
    """Yield a docstring as Markdown: its prose, and a list for each of its sections."""
    lines = _prose(found).splitlines()
    items: list[str] = []
    for line in [*lines, "End:"]:
        section = _SECTION.fullmatch(line)
        if section or line == "End:":
            yield "\n".join(items).strip() + "\n"
            items = [f"{section[1]}:\n"] if section else []
        elif line.startswith(_INDENT * 2):
            items[-1] += f" {line.strip()}"
        elif line.startswith(_INDENT):
            named = _ITEM.fullmatch(line.strip())
            items.append(f"- `{named[1]}`: {named[2]}" if named else f"- {line.strip()}")
        else:
            items.append(line)


if __name__ == "__main__":
    sys.stdout.write(api_reference())
