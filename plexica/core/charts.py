"""Charts as numbers for an SVG that a template draws: no script, and as wide as there is room.

Lengths across are in per cent of the width, lengths down in pixels, so that the text of a chart
keeps its size from a phone to a wide screen. Each chart carries its values in words, for its
description and for the table below it. What a chart shows is pure data; where it comes from is
the page's business.

    chart = stacked_chart(
        key="by-state", title=_("Tenants by state"), values=[Value(_("Active"), 12)],
        label_heading=_("State"), value_heading=_("Tenants"),
    )
    {% include "components/chart_stack.html" with chart=chart only %}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import floor, log10

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

PLOT_TOP = 18
PLOT_BOTTOM = 148
PLOT_HEIGHT = 172
COLUMN_SHARE = 0.72

_NICE = (1, 2, 4, 6, 8, 10)


@dataclass(frozen=True, slots=True)
class Value:
    """One thing that a chart shows.

    Attributes:
        label: What it is, in words.
        amount: How much of it there is; not negative.
        state: The state whose colour it takes, as in `components/state.html`; empty: the chart's.
        axis: A shorter label for the axis of a column chart; empty: the label itself.
    """

    label: str
    amount: float
    state: str = ""
    axis: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One column or piece of a bar, as the template draws it.

    Attributes:
        label: What it is, in words.
        words: Its value in words.
        share: Its share of the whole in words; empty where there is no whole.
        state: The state whose colour it takes.
        x: Where it begins, in per cent.
        y: Where it begins, in pixels from above.
        width: How wide it is, in per cent.
        height: How high it is, in pixels.
    """

    label: str
    words: str
    share: str
    state: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis.

    Attributes:
        label: What stands there.
        at: Where: in pixels from above for amounts, in per cent for what runs across.
        anchor: Which end of the label is there, for `text-anchor`.
    """

    label: str
    at: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, ready to be drawn by one of `components/chart_*.html`.

    Attributes:
        key: Its name in the page, for ids.
        title: What it shows.
        description: What can be seen in it, in words.
        label_heading: What the labels are, for the table's heading.
        value_heading: What the values are, for the table's heading.
        height: How high it is, in pixels.
        marks: What it consists of.
        ticks: The amounts at its side.
        axis: The labels below it.
        is_empty: Whether every value is nothing.
    """

    key: str
    title: str
    description: str
    label_heading: str
    value_heading: str
    height: str
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...] = ()
    axis: tuple[Tick, ...] = ()
    is_empty: bool = False


def number_in_words(amount: float) -> str:
    """Return a number as people write it: `1,234` or, in Italian, `1.234`."""
    decimals = 0 if float(amount).is_integer() else 1
    return str(number_format(amount, decimal_pos=decimals, force_grouping=True))


def stacked_chart(
    *,
    key: str,
    title: str,
    values: Sequence[Value],
    label_heading: str,
    value_heading: str,
) -> Chart:
    """Return one bar of which each value is a piece: what a whole consists of.

    Args:
        key: Its name in the page, for ids.
        title: What it shows.
        values: The pieces, from the left.
        label_heading: What the labels are.
        value_heading: What the values are.
    """
    _check(values)
    whole = sum(value.amount for value in values)
    marks: list[Mark] = []
    before = 0.0
    for value in values:
        marks.append(
            Mark(
                label=value.label,
                words=number_in_words(value.amount),
                share=_share(value.amount, whole),
                state=value.state,
                x=_percent(before, whole),
                y="0",
                width=_percent(value.amount, whole),
                height="100%",
            )
        )
        before += value.amount
    return Chart(
        key=key,
        title=title,
        description=_all_in_words(marks),
        label_heading=label_heading,
        value_heading=value_heading,
        height="20",
        marks=tuple(marks),
        is_empty=whole == 0,
    )


def column_chart(
    *,
    key: str,
    title: str,
    values: Sequence[Value],
    label_heading: str,
    value_heading: str,
) -> Chart:
    """Return columns side by side: how something went over days; see `day_values`.

    Args:
        key: Its name in the page, for ids.
        title: What it shows.
        values: The columns, from the left.
        label_heading: What the labels are.
        value_heading: What the values are.
    """
    _check(values)
    highest = max((value.amount for value in values), default=0)
    top = _round_up(highest)
    slot = 100 / max(len(values), 1)
    marks = tuple(
        Mark(
            label=value.label,
            words=number_in_words(value.amount),
            share="",
            state=value.state,
            x=_plain((number + (1 - COLUMN_SHARE) / 2) * slot) + "%",
            y=_plain(_height_at(value.amount, top)),
            width=_plain(slot * COLUMN_SHARE) + "%",
            height=_plain(PLOT_BOTTOM - _height_at(value.amount, top)),
        )
        for number, value in enumerate(values)
    )
    return Chart(
        key=key,
        title=title,
        description=_course_in_words(values),
        label_heading=label_heading,
        value_heading=value_heading,
        height=str(PLOT_HEIGHT),
        marks=marks,
        ticks=_ticks(top),
        axis=_axis(values, slot),
        is_empty=highest == 0,
    )


def day_values(
    amounts: Mapping[date, float], *, first: date, last: date, step: int = 1
) -> list[Value]:
    """Return a value for each day, with nothing for a day that has none.

    Args:
        amounts: What there was, by day.
        first: The first day.
        last: The last day.
        step: How many days there are from one to the next; 7 where a day stands for its week.
    """
    count = (last - first).days // step + 1
    days = [first + timedelta(days=number * step) for number in range(count)]
    return [
        Value(
            label=str(date_format(day, "DATE_FORMAT")),
            amount=amounts.get(day, 0),
            axis=str(date_format(day, "MONTH_DAY_FORMAT")),
        )
        for day in days
    ]


def _check(values: Sequence[Value]) -> None:
    if any(value.amount < 0 for value in values):
        raise ValueError("A chart shows amounts, and none is negative.")


def _plain(number: float) -> str:
    """Write a number for SVG, whatever the language: with a point, and no longer than needed."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _percent(part: float, whole: float) -> str:
    return _plain(100 * part / whole if whole else 0) + "%"


def _share(part: float, whole: float) -> str:
    share = 100 * part / whole if whole else 0
    decimals = 0 if share == round(share) or share >= 1 else 1
    return _("%(number)s%%") % {"number": number_format(share, decimal_pos=decimals)}


def _height_at(amount: float, top: float) -> float:
    return PLOT_BOTTOM - (PLOT_BOTTOM - PLOT_TOP) * amount / top


def _round_up(amount: float) -> float:
    """Return the next round amount, of which the half is round as well."""
    if amount <= 1:
        return 1
    # The logarithm of a power may fall a little short of a whole number.
    unit = 10.0 ** floor(log10(amount) + 1e-9)
    return next(nice * unit for nice in _NICE if amount / unit <= nice + 1e-9)


def _ticks(top: float) -> tuple[Tick, ...]:
    amounts = [top] if top == 1 else [top / 2, top]
    return tuple(
        Tick(number_in_words(amount), _plain(_height_at(amount, top))) for amount in amounts
    )


def _axis(values: Sequence[Value], slot: float) -> tuple[Tick, ...]:
    """Label the first, the middle and the last column: more does not fit on a phone."""
    if not values:
        return ()
    last = len(values) - 1
    places = {0: "start", last // 2: "middle", last: "end"} if last > 1 else {0: "start"}
    if last == 1:
        places[1] = "end"
    at = {"start": 0.0, "middle": slot * (last // 2 + 0.5), "end": 100.0}
    return tuple(
        Tick(values[number].axis or values[number].label, _plain(at[anchor]) + "%", anchor)
        for number, anchor in places.items()
    )


def _all_in_words(marks: Sequence[Mark]) -> str:
    return "; ".join(
        _("%(label)s: %(value)s") % {"label": mark.label, "value": mark.words} for mark in marks
    )


def _course_in_words(values: Sequence[Value]) -> str:
    if not values:
        return _("There is nothing to show.")
    highest = max(values, key=lambda value: value.amount)
    return " ".join(
        [
            _("From %(first)s to %(last)s.") % {"first": values[0].label, "last": values[-1].label},
            _("The most: %(value)s (%(label)s).")
            % {"value": number_in_words(highest.amount), "label": highest.label},
            _("Altogether: %(value)s.")
            % {"value": number_in_words(sum(value.amount for value in values))},
        ]
    )
