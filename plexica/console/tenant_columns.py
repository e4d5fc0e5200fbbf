"""The columns of the tenant list: which there are, and which somebody has chosen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants.models import Tenant
from tenants.states import TenantState
from tenants.upgrade import behind_of

SHORT_DIGEST = 10
SESSION_KEY = "console_tenant_columns"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list.

    Attributes:
        key: Its name in the address.
        label: What it is called.
        sort: What the list is ordered by for it; empty: it orders nothing.
        is_default: Whether it is shown to somebody who has not chosen.
    """

    key: str
    label: str | Promise
    sort: str = ""
    is_default: bool = False

    @property
    def descending(self) -> str:
        """What the list is ordered by for it, the last first."""
        return f"-{self.sort}"


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one column of a row; one of `text`, `code`, `at` and `state`, or nothing.

    Attributes:
        label: What the column is called.
        text: Words.
        code: A name of something technical.
        at: A time.
        state: A state, whose words are the text.
    """

    label: str
    text: str = ""
    code: str = ""
    at: datetime | None = None
    state: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A tenant as the list shows it.

    Attributes:
        tenant: The tenant.
        is_behind: Whether an upgrade would change it.
        cells: What stands beside its name.
    """

    tenant: Tenant
    is_behind: bool
    cells: list[Cell]


# The first is always there: it leads to the tenant.
COLUMNS = (
    Column("name", _("Name"), sort="name", is_default=True),
    Column("slug", _("Address"), sort="slug", is_default=True),
    Column("state", _("State"), sort="state", is_default=True),
    Column("owner", _("Owner"), sort="owner_email", is_default=True),
    Column("contact", _("Contact")),
    Column("version", _("Version")),
    Column("created", _("Created"), sort="created_at", is_default=True),
    Column("activated", _("First active")),
    Column("updated", _("Changed"), sort="updated_at"),
    Column("realm", _("Realm")),
    Column("bucket", _("Bucket")),
)
DEFAULTS = tuple(column.key for column in COLUMNS if column.is_default)
_KNOWN = {column.key: column for column in COLUMNS}


def choose_columns(request: HttpRequest, wanted: Iterable[str]) -> list[Column]:
    """Return the columns to show: those asked for, those of the last time, or the usual ones.

    Args:
        request: The request, whose session remembers what was asked for.
        wanted: The keys that the address names; empty when it names none.
    """
    chosen = _in_order(wanted)
    remembered = _in_order(request.session.get(SESSION_KEY, ()))
    if chosen and chosen != remembered:
        request.session[SESSION_KEY] = chosen
    return [_KNOWN[key] for key in chosen or remembered or DEFAULTS]


def make_rows(tenants: Sequence[Tenant], columns: Sequence[Column]) -> list[Row]:
    """Return tenants as rows of the list: all that a template would look up for each cell.

    Args:
        tenants: The tenants of one page.
        columns: What is shown of them.
    """
    behind = behind_of(tenants)
    labels = [(column.key, str(column.label)) for column in columns[1:]]
    states = {value: str(label) for value, label in TenantState.choices}
    return [
        Row(
            tenant=tenant,
            is_behind=tenant.id in behind,
            cells=[_cell(tenant, key, label, states) for key, label in labels],
        )
        for tenant in tenants
    ]


def _cell(tenant: Tenant, key: str, label: str, states: dict[str, str]) -> Cell:
    match key:
        case "state":
            return Cell(label, text=states[tenant.state], state=tenant.state)
        case "owner":
            return Cell(label, text=tenant.owner_email)
        case "contact":
            return Cell(label, text=tenant.contact_email)
        case "slug" | "realm" | "bucket":
            return Cell(label, code=getattr(tenant, key))
        case "version":
            return Cell(label, code=tenant.schema_digest[:SHORT_DIGEST])
        case _:
            return Cell(label, at=getattr(tenant, f"{key}_at"))


def _in_order(keys: Iterable[str]) -> list[str]:
    """Return the keys that there are, in the order of the columns, the first among them."""
    known = {key for key in keys if key in _KNOWN}
    if not known:
        return []
    return [column.key for column in COLUMNS if column.key in known | {COLUMNS[0].key}]
