"""A plugin that is right, for tests to spoil."""

import io
import zipfile
from pathlib import Path

import pytest

MANIFEST = """\
manifest = 1

[plugin]
slug = "hello"
name = "Hello"
version = "0.1.0"
description = "Greets people."
author = "Ada"
licence = "Apache-2.0"
icon = "icon.svg"
categories = ["example"]

[host]
min_version = "0.1.0"
below_version = "1.0.0"
uses = ["users:read", "events"]

[runtime]
command = ["python", "-m", "hello"]

[[permissions]]
key = "hello:greetings:read"
label = "Read greetings"
description = "See who was greeted."
roles = ["admin", "member"]

[[permissions]]
key = "hello:greetings:write"
label = "Greet people"
description = "Greet people in the name of the workspace."

[[routes]]
method = "GET"
path = "/"
permission = "hello:greetings:read"

[[routes]]
method = "POST"
path = "/greetings/{id}/"
permission = "hello:greetings:write"
api = true

[ui]
static = "static"

[[ui.navigation]]
label = "Hello"
path = "/"

[[ui.pages]]
path = "/"
title = "Hello"
module = "js/hello.js"

[[ui.widgets]]
key = "latest"
title = "Latest greetings"
path = "/"

[[events.publishes]]
type = "hello.greeted"
description = "Somebody was greeted."

[[events.subscribes]]
type = "tenant.updated"
path = "/events/tenant"

[settings]
required = ["token"]

[settings.properties.greeting]
type = "string"
title = "Greeting"
default = "Hello"
maxLength = 50

[settings.properties.token]
type = "string"
title = "Token"
secret = true

[migrations]
kind = "django"
apps = ["hello"]
"""


def wheel(**files: str) -> bytes:
    """Return a wheel with some files, deflated as wheels are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {
            "hello/__init__.py": "",
            "hello-0.1.0.dist-info/WHEEL": "Wheel-Version: 1.0\n",
            **files,
        }.items():
            info = zipfile.ZipInfo(name)
            archive.writestr(info, content, compress_type=zipfile.ZIP_DEFLATED)
    return out.getvalue()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The directory of a plugin that is right."""
    root = tmp_path / "project"
    for name, content in {
        "plexica-plugin.toml": MANIFEST.encode(),
        "dist/hello-0.1.0-py3-none-any.whl": wheel(),
        "static/icon.svg": b"<svg/>",
        "static/js/hello.js": b"export {};\n",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root
