"""Whether a colour can be read, and what else is made of a tenant's own one (WCAG 2.2, 1.4.3).

Colours are `#rrggbb`. Lighter and darker ones are mixed with white or black in OKLab, which keeps
the hue as people see it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WHITE, BLACK = "#ffffff", "#000000"
# Tabler's: what stands on a coloured button, and what pages are made of in both themes.
TEXT_ON_COLOUR = "#fafafa"
LIGHT_SURFACES = ("#ffffff", "#fafafa")
DARK_SURFACES = ("#262626", "#171717")
READABLE = 4.5
# How much of the colour is in what is tinted with it (plexica.css).
TINT = 0.14
# The default of `static/css/plexica.css`.
OWN_COLOUR = "#4f46e5"

_COLOUR = re.compile(r"#[0-9a-f]{6}")
_STEPS = 100
_HOVER = 0.2
_MAX_KEPT = 1024
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two colours, one of which is to be read on the other.

    Attributes:
        label: Where they meet.
        text: The one.
        surface: The other.
    """

    label: str | Promise
    text: str
    surface: str

    @property
    def ratio(self) -> float:
        """Their contrast, rounded down to what can be promised."""
        return int(contrast(self.text, self.surface) * 100) / 100

    @property
    def is_readable(self) -> bool:
        """Whether that is enough."""
        return contrast(self.text, self.surface) >= READABLE


@dataclass(frozen=True, slots=True)
class Palette:
    """What pages use of one colour. Everything but `colour` is derived from it.

    Attributes:
        colour: The colour of buttons.
        pressed: That of buttons that are pointed at.
        link_on_light: That of links and marks in the light theme.
        link_on_dark: The same in the dark one.
        hover_on_light: That of links that are pointed at, in the light theme.
        hover_on_dark: The same in the dark one.
    """

    colour: str
    pressed: str
    link_on_light: str
    link_on_dark: str
    hover_on_light: str
    hover_on_dark: str

    def pairs(self) -> tuple[Pair, ...]:
        """Return what must be readable; a colour is refused for the pairs that are not."""
        return (
            Pair(_("Text on buttons"), TEXT_ON_COLOUR, self.colour),
            Pair(_("Links on light pages"), self.colour, LIGHT_SURFACES[1]),
            Pair(_("Links on dark pages"), self.link_on_dark, DARK_SURFACES[0]),
        )


def is_colour(value: str) -> bool:
    """Return whether a text is a colour in the form that is kept."""
    return _COLOUR.fullmatch(value) is not None


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def mix(colour: str, other: str, share: float) -> str:
    """Return a colour between two.

    Args:
        colour: The one.
        other: The other.
        share: How much of the other is in it, from 0 to 1.
    """
    pairs = zip(_to_oklab(colour), _to_oklab(other), strict=True)
    lightness, a, b = (one + (two - one) * share for one, two in pairs)
    return _from_oklab((lightness, a, b))


def unreadable_pairs(colour: str) -> list[Pair]:
    """Return the pairs for which a colour cannot be used; none if it can."""
    return [pair for pair in palette_of(colour).pairs() if not pair.is_readable]


def nearest_readable(colour: str) -> str:
    """Return the colour itself if it can be used, or the nearest of its hue that can."""
    # Links on dark pages are made readable in any case.
    grounds = (TEXT_ON_COLOUR, LIGHT_SURFACES[1])
    return _first(
        colour,
        BLACK,
        lambda candidate: all(contrast(candidate, ground) >= READABLE for ground in grounds),
    )


@lru_cache(maxsize=_MAX_KEPT)
def palette_of(colour: str) -> Palette:
    """Return what pages use of a colour."""
    on_light = _first(colour, BLACK, _readable_on(LIGHT_SURFACES, colour))
    on_dark = _first(colour, WHITE, _readable_on(DARK_SURFACES, colour))
    return Palette(
        colour=colour,
        pressed=mix(colour, BLACK, _HOVER),
        link_on_light=on_light,
        link_on_dark=on_dark,
        hover_on_light=mix(on_light, BLACK, _HOVER),
        hover_on_dark=mix(on_dark, WHITE, _HOVER * 2),
    )


def channels(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue, each from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _readable_on(surfaces: Iterable[str], colour: str) -> Callable[[str], bool]:
    """Return whether text can be read on surfaces, and on what is tinted with a colour there."""
    grounds = [*surfaces, *(mix(surface, colour, TINT) for surface in surfaces)]
    return lambda text: all(contrast(text, ground) >= READABLE for ground in grounds)


def _first(colour: str, end: str, is_good: Callable[[str], bool]) -> str:
    """Return the first colour on the way to black or white that is good; the end always is."""
    for step in range(_STEPS):
        candidate = mix(colour, end, step / _STEPS) if step else colour
        if is_good(candidate):
            return candidate
    return end


def _linear(colour: str) -> Triple:
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 (sRGB)
        for value in (channel / 255 for channel in channels(colour))
    )
    return red, green, blue


@lru_cache(maxsize=_MAX_KEPT)
def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# Björn Ottosson's matrices: https://bottosson.github.io/posts/oklab/
def _to_oklab(colour: str) -> Triple:
    red, green, blue = _linear(colour)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _from_oklab(colour: Triple) -> str:
    lightness, a, b = colour
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{_encoded(value):02x}" for value in linear)


def _encoded(value: float) -> int:
    value = min(max(value, 0.0), 1.0)
    value = value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055  # noqa: PLR2004 (sRGB)
    return round(value * 255)
