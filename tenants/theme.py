"""How a tenant's pages look: its colour as a style sheet of its own, its logo and its icon.

Each has the digest of what is in it as its name, so that browsers may keep it for good, and pages
name the present one.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from plexica.core.colours import channels, palette_of

if TYPE_CHECKING:
    from tenants.models import Tenant

# Where the style sheet and the pictures of a workspace are, for everybody and before any login.
THEME_PATH = "/theme/"
# What Plexica itself keeps in a tenant's bucket.
RESERVED_PREFIX = "_plexica/"
PICTURES_PREFIX = f"{RESERVED_PREFIX}theme/"
_DIGEST_LENGTH = 32
_MAX_KEPT = 256

# The names are those at the top of static/css/plexica.css, and of Keycloak's login pages.
_PAGES = """\
{scope} {{
  --tblr-primary: {colour};
  --tblr-primary-rgb: {rgb};
  --tblr-primary-darken: {pressed};
  --tblr-link-color: light-dark({link_on_light}, {link_on_dark});
  --tblr-link-color-rgb: {link_on_light_rgb};
  --tblr-link-hover-color: light-dark({hover_on_light}, {hover_on_dark});
  --plexica-focus: light-dark({link_on_light}, {hover_on_dark});
}}

{dark_scope} {{
  --tblr-link-color-rgb: {link_on_dark_rgb};
}}
"""
_LOGIN = """\

:root {{
  --keycloak-card-top-color: {colour};
  --pf-v5-global--primary-color--100: {colour};
  --pf-v5-global--primary-color--200: {pressed};
  --pf-v5-global--link--Color: {link_on_light};
  --pf-v5-global--link--Color--hover: {hover_on_light};
}}

.pf-v5-theme-dark {{
  --pf-v5-global--primary-color--100: {link_on_dark};
  --pf-v5-global--link--Color: {link_on_dark};
  --pf-v5-global--link--Color--hover: {hover_on_dark};
}}

.pf-v5-theme-dark .pf-v5-c-button.pf-m-primary {{
  --pf-v5-c-button--m-primary--BackgroundColor: {colour};
  --pf-v5-c-button--m-primary--hover--BackgroundColor: {pressed};
}}
"""


@dataclass(frozen=True, slots=True)
class StyleSheet:
    """A style sheet that makes pages of one colour.

    Attributes:
        content: Its text.
        name: The digest of that, with its ending.
    """

    content: str
    name: str


@dataclass(frozen=True, slots=True)
class Theme:
    """The addresses of what makes a tenant's pages its own; each empty where there is nothing.

    Attributes:
        style_sheet: Of the colour.
        logo: Of the picture beside the name.
        icon: Of the picture in the browser's tab.
    """

    style_sheet: str
    logo: str
    icon: str


def theme_of(tenant: "Tenant") -> Theme:
    """Return the theme that a tenant has now."""
    colour = tenant.theme_colour
    return Theme(
        style_sheet=f"{THEME_PATH}{style_sheet_of(colour).name}" if colour else "",
        logo=_address(tenant.logo),
        icon=_address(tenant.icon),
    )


@lru_cache(maxsize=_MAX_KEPT)
def style_sheet_of(colour: str) -> StyleSheet:
    """Return the style sheet that makes pages of a colour, those of the login included."""
    content = _write(_PAGES + _LOGIN, colour, scope=":root", dark_scope='[data-bs-theme="dark"]')
    digest = sha256(content.encode()).hexdigest()[:_DIGEST_LENGTH]
    return StyleSheet(content=content, name=f"{digest}.css")


def preview_sheet(colour: str) -> str:
    """Return a style sheet that shows a colour in a piece of a page, and nowhere else."""
    piece = ".theme-preview"
    return _write(_PAGES, colour, scope=piece, dark_scope=f'{piece}[data-bs-theme="dark"]')


def _address(key: str) -> str:
    return f"{THEME_PATH}{key.removeprefix(PICTURES_PREFIX)}" if key else ""


def _write(sheet: str, colour: str, *, scope: str, dark_scope: str) -> str:
    palette = palette_of(colour)

    def rgb(colour: str) -> str:
        return ", ".join(str(channel) for channel in channels(colour))

    return sheet.format(
        scope=scope,
        dark_scope=dark_scope,
        colour=palette.colour,
        pressed=palette.pressed,
        link_on_light=palette.link_on_light,
        link_on_dark=palette.link_on_dark,
        hover_on_light=palette.hover_on_light,
        hover_on_dark=palette.hover_on_dark,
        rgb=rgb(palette.colour),
        link_on_light_rgb=rgb(palette.link_on_light),
        link_on_dark_rgb=rgb(palette.link_on_dark),
    )
