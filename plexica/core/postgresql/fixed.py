"""Queries whose SQL is made once a process: for what is read at the beginning of each request.

Django puts SQL together anew each time, which takes several times as long as asking the server.
Here it does so once, with examples in the place of values; the models stay the only place that
says which columns there are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

from plexica.core.scope import current_scope

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    parameters: tuple[Any, ...]
    # Where the values go among the parameters, in the order of the values.
    places: tuple[int, ...]
    model: type[Model]
    columns: slice
    attributes: list[str]
    converters: tuple[tuple[int, Sequence[Callable[..., Any]], Any], ...]
    populators: Sequence[Any]


class FixedRead(Generic[M]):
    """A query for one row at most, always of the same form.

    In a schema that is behind the code (ADR 11) Django makes the SQL as ever, since that is another
    one there.
    """

    def __init__(self, build: Callable[..., QuerySet[M]], *examples: Any) -> None:
        """Note a query; it is looked at when it is first asked.

        Args:
            build: Makes the query of its values; `select_related` and `defer` may be used.
            examples: Values unlike anything else in the query, each of which it takes once and as
                the driver gets it: text, a UUID or a time.
        """
        self._build = build
        self._examples = examples
        self._compiled: _Compiled | None = None

    def first(self, *values: Any) -> M | None:
        """Return the first row that the query finds, or None, read anew from the database."""
        if current_scope().missing:
            return self._build(*values).first()
        compiled = self._compiled
        if compiled is None:
            compiled = self._compiled = _compile(self._build(*self._examples), self._examples)
        parameters = list(compiled.parameters)
        for place, value in zip(compiled.places, values, strict=True):
            parameters[place] = value
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, parameters)
            row = cursor.fetchone()
        return None if row is None else _instance(compiled, row)


def _compile(query: QuerySet[M], examples: Sequence[Any]) -> _Compiled:
    compiler: Any = query[:1].query.get_compiler(connection=connection)
    sql, parameters = compiler.as_sql()
    info, select = compiler.klass_info, compiler.select
    first, last = info["select_fields"][0], info["select_fields"][-1] + 1
    converters = compiler.get_converters([expression for expression, _sql, _alias in select])
    return _Compiled(
        sql=sql,
        parameters=tuple(parameters),
        places=tuple(map(parameters.index, examples)),
        model=info["model"],
        columns=slice(first, last),
        attributes=[expression.target.attname for expression, *_names in select[first:last]],
        converters=tuple((place, *found) for place, found in converters.items()),
        populators=get_related_populators(info, select, connection.alias),  # type: ignore[call-arg] # the stubs are of a later Django
    )


def _instance(compiled: _Compiled, row: Sequence[Any]) -> Any:
    if compiled.converters:
        values = list(row)
        for place, convert_all, expression in compiled.converters:
            for convert in convert_all:
                values[place] = convert(values[place], expression, connection)
        row = values
    found: Any = compiled.model.from_db(
        connection.alias, compiled.attributes, row[compiled.columns]
    )
    for populator in compiled.populators:
        populator.populate(row, found)
    return found
