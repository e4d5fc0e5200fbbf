"""The tags that pages are put together with; every template has them without loading."""

from datetime import datetime, timedelta
from functools import lru_cache
from math import ceil
from typing import Any

import structlog
from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import get_urlconf, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from plexica.core.themes import ThemeMode

register = template.Library()

ICON_SPRITE = "img/icons.svg"
HOME = "/"
# Of each piece that is rendered once a process; there are as many as templates and languages make.
_KEPT = 1024


@register.simple_block_tag(takes_context=True)
def component(
    context: template.Context, content: SafeString, component_name: str, **values: Any
) -> SafeString:
    """Render `components/<component_name>.html` round a block.

    The component sees the page's context, the given values, and the block as `slot`.

    Args:
        context: The page's context.
        content: What stands between `{% component %}` and `{% endcomponent %}`.
        component_name: Its file name without the ending.
        values: What the component shows.
    """
    engine = context.template.engine  # type: ignore[union-attr] # set while a template renders
    # The block is rendered, and escaped, already; stripped, so that an empty one is false.
    slot = mark_safe(content.strip())  # noqa: S308
    with context.push(slot=slot, **values):
        rendered: SafeString = engine.get_template(f"components/{component_name}.html").render(
            context
        )
    return rendered


@register.simple_tag(takes_context=True)
def nav_link(context: template.Context, view_name: str, label: str, symbol: str) -> SafeString:
    """Show one place of the main menu, marked where the page is one of its own.

    Args:
        context: The page's context.
        view_name: The view that it leads to, without arguments, such as `console:tenant_list`.
        label: What it is called.
        symbol: Its icon.
    """
    url = _address(view_name, get_urlconf())
    path = context["request"].path
    is_current = path == url or (url != HOME and path.startswith(url))
    return _nav_item(url, str(conditional_escape(label)), symbol, is_current=is_current)


@lru_cache(_KEPT)
def _address(view_name: str, urlconf: str | None) -> str:
    return reverse(view_name, urlconf)


@lru_cache(_KEPT)
def _nav_item(url: str, label: str, symbol: str, *, is_current: bool) -> SafeString:
    # All that the piece shows is in its arguments, so it is rendered once for each.
    values = {
        "url": url,
        "label": mark_safe(label),  # noqa: S308 (it is escaped)
        "symbol": symbol,
        "is_current": is_current,
    }
    return mark_safe(render_to_string("components/nav_item.html", values))  # noqa: S308 (a template's)


@register.simple_tag
@lru_cache(_KEPT)
def fixed_piece(template_name: str) -> SafeString:
    """Show a piece that is the same on every page, for everybody and in every language.

    It is rendered once a process, without a context.

    Args:
        template_name: Its file.
    """
    return mark_safe(render_to_string(template_name))  # noqa: S308 (a template's)


@register.simple_tag(takes_context=True)
def url_here(context: template.Context, name: str) -> str:
    """Return the address of a page that console and workspace both have, in the one at hand.

    Args:
        context: The page's context.
        name: What both call it, such as `profile`.
    """
    tenant = getattr(context["request"], "tenant", None)
    return reverse(f"{'workspace' if tenant else 'console'}:{name}")


@register.simple_tag(takes_context=True)
def theme_mode(context: template.Context) -> str:
    """Return how bright a page is to be: as the person chose, else as the tenant has it.

    Args:
        context: The page's context.
    """
    tenant = getattr(context.get("request"), "tenant", None)
    chosen = getattr(context.get("user"), "theme_mode", "") or getattr(tenant, "theme_mode", "")
    return str(chosen or ThemeMode.AUTO)


@register.simple_tag
@lru_cache(_KEPT)
def icon(name: str, css: str = "") -> SafeString:
    """Show a symbol of our sprite, hidden from screen readers: words stand beside it.

    Args:
        name: The symbol's id in `static/img/icons.svg`.
        css: Further classes.
    """
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        css,
        static(ICON_SPRITE),
        name,
    )


@register.simple_tag
def request_id() -> str:
    """Return the number under which the logs know this request; empty outside a request."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


@register.filter
def ago(at: datetime) -> str:
    """Say in words how long ago something was, in its largest unit."""
    if timezone.now() - at < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(at, depth=1)}


@register.filter
def zone(at: datetime) -> str:
    """Name the time zone that a time is shown in, such as CET.

    Django's own `T` says nothing in the hour that comes twice, when it matters most.
    """
    return timezone.localtime(at).tzname() or ""


@register.filter
def number(value: object) -> object:
    """Show a whole number as the reader's language groups its digits; leave all else as it is.

    It is asked for where a number is read: pages also hold numbers that programs read.
    """
    return number_format(value, force_grouping=True) if isinstance(value, int) else value


@register.filter
def seconds_up(seconds: float) -> str:
    """Show how long something takes in whole seconds, never as none."""
    return str(number_format(max(ceil(seconds), 1), force_grouping=True))


@register.filter
def as_words(key: str) -> str:
    """Show a key such as `tenant.creation_retried` as words."""
    return translated(key.replace(".", " ").replace("_", " ").replace("-", " "))


@register.filter
def translated(words: str) -> str:
    """Show words of ours that are kept in English, such as a step's label, in one's language."""
    # Of an empty text, gettext tells about its catalogue.
    return _(words) if words else ""
