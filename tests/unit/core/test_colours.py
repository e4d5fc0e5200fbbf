import colorsys

import pytest

from plexica.core.colours import (
    BLACK,
    DARK_SURFACES,
    LIGHT_SURFACES,
    OWN_COLOUR,
    READABLE,
    TEXT_ON_COLOUR,
    TINT,
    WHITE,
    contrast,
    is_colour,
    mix,
    nearest_readable,
    palette_of,
    unreadable_pairs,
)

# All round the wheel, pale and strong, dark and light.
MANY = [
    "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue / 8, light, full))
    for hue in range(8)
    for light in (0.0, 0.2, 0.5, 0.8, 1.0)
    for full in (0.2, 1.0)
]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(WHITE, BLACK, 21), (WHITE, WHITE, 1), ("#777777", WHITE, 4.48), ("#767676", WHITE, 4.54)],
)
def test_contrast_is_as_the_guidelines_have_it(one: str, other: str, expected: float) -> None:
    assert contrast(one, other) == pytest.approx(expected, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize("value", ["", "#fff", "#FFFFFF", "red", "#12345g", "#1234567", " #123456"])
def test_only_one_form_of_colours_is_kept(value: str) -> None:
    assert not is_colour(value)


def test_mixing_begins_with_the_one_and_ends_with_the_other() -> None:
    for colour in MANY:
        assert mix(colour, "#123456", 0) == colour
        assert mix(colour, "#123456", 1) == "#123456"


def test_the_default_colour_can_be_used() -> None:
    assert unreadable_pairs(OWN_COLOUR) == []


@pytest.mark.parametrize("colour", ["#ffff00", "#ffffff", "#f59e0b", "#22d3ee", "#a3e635"])
def test_a_light_colour_is_refused_for_the_pairs_that_cannot_be_read(colour: str) -> None:
    labels = [str(pair.label) for pair in unreadable_pairs(colour)]
    assert labels == ["Text on buttons", "Links on light pages"]


@pytest.mark.parametrize("colour", MANY)
def test_whatever_is_proposed_can_be_used(colour: str) -> None:
    proposed = nearest_readable(colour)
    assert is_colour(proposed)
    assert unreadable_pairs(proposed) == []
    if not unreadable_pairs(colour):
        assert proposed == colour


def test_what_is_proposed_keeps_its_hue_and_is_not_darker_than_it_must_be() -> None:
    proposed = nearest_readable("#f59e0b")
    assert contrast(proposed, TEXT_ON_COLOUR) < READABLE + 0.3
    red, green, blue = (int(proposed[i : i + 2], 16) for i in (1, 3, 5))
    assert red > green > blue


@pytest.mark.parametrize("colour", MANY)
def test_all_that_is_derived_can_be_read_in_both_themes(colour: str) -> None:
    palette = palette_of(nearest_readable(colour))
    for text, surfaces in (
        (palette.link_on_light, LIGHT_SURFACES),
        (palette.hover_on_light, LIGHT_SURFACES),
        (palette.link_on_dark, DARK_SURFACES),
        (palette.hover_on_dark, DARK_SURFACES),
    ):
        for surface in surfaces:
            assert contrast(text, surface) >= READABLE
            assert contrast(text, mix(surface, palette.colour, TINT)) >= READABLE
    assert contrast(TEXT_ON_COLOUR, palette.pressed) >= READABLE
