"""Which page of a list is asked for."""

from tenants.api.serializers.fields import PageSizeField, TextField
from tenants.api.serializers.strict import QuerySerializer

DEFAULT_PAGE_SIZE = 25


class PageQuerySerializer(QuerySerializer):
    """Which page of a list is asked for."""

    cursor = TextField(
        required=False,
        default="",
        allow_blank=True,
        help_text="From the `next` or `previous` address of another page; it has no other meaning.",
    )
    page_size = PageSizeField(required=False, default=DEFAULT_PAGE_SIZE)
