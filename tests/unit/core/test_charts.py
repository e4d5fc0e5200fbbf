from datetime import date
from xml.etree import ElementTree as ET

import pytest
from django.template.loader import get_template
from django.utils import translation
from django.utils.html import escape

from plexica.core.charts import (
    Chart,
    Value,
    column_chart,
    day_values,
    number_in_words,
    stacked_chart,
)

HEADINGS = {"label_heading": "State", "value_heading": "Tenants"}
STATES = [Value("Active", 30, "ACTIVE"), Value("Suspended", 10, "SUSPENDED"), Value("Failed", 0)]


def drawn(chart: Chart, kind: str) -> str:
    return str(get_template(f"components/chart_{kind}.html").render({"chart": chart}))


def test_pieces_make_a_whole() -> None:
    chart = stacked_chart(key="k", title="States", values=STATES, **HEADINGS)
    assert [(mark.x, mark.width) for mark in chart.marks] == [
        ("0%", "75%"),
        ("75%", "25%"),
        ("100%", "0%"),
    ]
    assert [mark.share for mark in chart.marks] == ["75%", "25%", "0%"]


def test_columns_stand_on_the_ground_below_a_round_amount() -> None:
    chart = column_chart(
        key="k", title="t", values=[Value("a", 0), Value("b", 7), Value("c", 8)], **HEADINGS
    )
    assert [tick.label for tick in chart.ticks] == ["4", "8"]
    assert [(mark.y, mark.height) for mark in chart.marks] == [
        ("148", "0"),
        ("34.25", "113.75"),
        ("18", "130"),
    ]
    assert chart.description == "From a to c. The most: 8 (c). Altogether: 15."


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0, ["1"]),
        (1, ["1"]),
        (2, ["1", "2"]),
        (3, ["2", "4"]),
        (10, ["5", "10"]),
        (11, ["10", "20"]),
        (99, ["50", "100"]),
        (1000, ["500", "1,000"]),
        (4321, ["3,000", "6,000"]),
    ],
)
def test_amounts_at_the_side_are_round(highest: int, ticks: list[str]) -> None:
    with translation.override("en"):
        chart = column_chart(key="k", title="t", values=[Value("a", highest)], **HEADINGS)
    assert [tick.label for tick in chart.ticks] == ticks


@pytest.mark.parametrize(
    ("count", "places"),
    [
        (0, []),
        (1, [("0", "0%", "start")]),
        (2, [("0", "0%", "start"), ("1", "100%", "end")]),
        (5, [("0", "0%", "start"), ("2", "50%", "middle"), ("4", "100%", "end")]),
    ],
)
def test_few_labels_stand_below(count: int, places: list[tuple[str, str, str]]) -> None:
    chart = column_chart(
        key="k", title="t", values=[Value(str(number), 1) for number in range(count)], **HEADINGS
    )
    assert [(tick.label, tick.at, tick.anchor) for tick in chart.axis] == places


def test_days_without_anything_count_too_and_are_named_in_the_language() -> None:
    amounts = {date(2026, 11, 30): 2.0}
    with translation.override("it"):
        values = day_values(amounts, first=date(2026, 11, 29), last=date(2026, 12, 1))
    assert [value.amount for value in values] == [0, 2, 0]
    assert [value.axis for value in values] == ["29 nov", "30 nov", "1 dic"]
    assert values[0].label == "29 nov 2026"


@pytest.mark.parametrize(
    ("language", "words"), [("en", ["1,234", "0.5"]), ("it", ["1.234", "0,5"])]
)
def test_numbers_are_written_as_people_do(language: str, words: list[str]) -> None:
    with translation.override(language):
        assert [number_in_words(amount) for amount in (1234, 0.5)] == words


def test_lengths_of_the_drawing_are_the_same_in_every_language() -> None:
    with translation.override("it"):
        shown = drawn(
            stacked_chart(key="k", title="t", values=[Value("a", 2), Value("b", 1)], **HEADINGS),
            "stack",
        )
    assert 'width="33.33%"' in shown


@pytest.mark.parametrize("make", [stacked_chart, column_chart])
def test_nothing_is_no_reason_to_fail(make: type) -> None:
    assert make(key="k", title="t", values=[], **HEADINGS).is_empty
    assert make(key="k", title="t", values=[Value("a", 0)], **HEADINGS).is_empty
    assert not make(key="k", title="t", values=[Value("a", 1)], **HEADINGS).is_empty
    with pytest.raises(ValueError, match="negative"):
        make(key="k", title="t", values=[Value("a", -1)], **HEADINGS)


@pytest.mark.parametrize(("kind", "make"), [("stack", stacked_chart), ("columns", column_chart)])
def test_a_chart_says_what_it_shows_to_those_who_do_not_see_it(kind: str, make: type) -> None:
    label = "<i>Tom & Ann</i>"
    shown = drawn(make(key="k", title="People", values=[Value(label, 1234)], **HEADINGS), kind)
    root = ET.fromstring(f"<x>{shown}</x>".replace(" open", ""))  # noqa: S314 (our own template)
    svg = root.find(".//svg")
    assert svg is not None
    assert svg.get("role") == "img"
    named = {element.get("id"): element.text for element in svg if element.get("id")}
    assert next(named[one] for one in (svg.get("aria-labelledby") or "").split()) == "People"
    assert "1,234" in (named["k-desc"] or "")
    cells = [cell.text for cell in root.findall(".//tbody/tr/*")]
    assert cells[:2] == [label, "1,234" if kind != "stack" else "1,234 "]
    assert escape(label) in shown
