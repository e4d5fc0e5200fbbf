"""The tags that pages are put together with; every template has them without loading."""

from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

ICON_SPRITE = "img/icons.svg"


@register.simple_block_tag(takes_context=True)
def component(
    context: template.Context, content: SafeString, name: str, **values: Any
) -> SafeString:
    """Render `components/<name>.html` round a block.

    The component sees the page's context, the given values, and the block as `slot`.

    Args:
        context: The page's context.
        content: What stands between `{% component %}` and `{% endcomponent %}`.
        name: The component's file name without its ending.
        values: What the component shows.
    """
    engine = context.template.engine  # type: ignore[union-attr] # set while a template renders
    with context.push(slot=content.strip(), **values):
        rendered: SafeString = engine.get_template(f"components/{name}.html").render(context)
    return rendered


@register.simple_tag
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
