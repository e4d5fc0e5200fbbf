"""Pictures of the main pages for the documents: made by the walk, and only when they are asked for.

`make screenshots` writes those that are named here to `docs/images`.
"""

import os
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.pages.examples import CONSOLE, WORKSPACE

MOST_BYTES = 200_000
_COLOURS = 200
_FOLDER = os.environ.get("PLEXICA_SCREENSHOTS", "")

# The route of a page on one of the hosts, and what its picture is called.
PICTURES = {
    (CONSOLE, "/tenants/"): "console-tenants",
    (CONSOLE, "/tenants/<slug:slug>/"): "console-tenant",
    (CONSOLE, "/tenants/<slug:slug>/runs/<uuid:run_id>/"): "console-run",
    (WORKSPACE, "/"): "workspace-dashboard",
    (WORKSPACE, "/users/<uuid:user_id>/"): "workspace-person",
    (WORKSPACE, "/roles/new/"): "workspace-role",
}


def keep_picture(page: Page, urlconf: str, route: str) -> None:
    """Keep what a page looks like, if pictures are asked for and it is one of theirs."""
    name = PICTURES.get((urlconf, route))
    if not name or not _FOLDER:
        return
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    path = Path(_FOLDER) / f"{name}.png"
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    assert path.stat().st_size < MOST_BYTES, f"{path} is too large for a document."
