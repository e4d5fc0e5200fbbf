"""A schema that lacks columns and tables answers as it will right after its upgrade.

Each query runs in two schemas with the same rows: one that lacks what is new, and one that has it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.backends.postgresql import compiler as stock
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    FilteredRelation,
    Max,
    Model,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, Concat, Lower, RowNumber
from django.db.models.sql.compiler import SQLCompiler

from plexica.core.errors import BeingUpgraded
from plexica.core.postgresql import missing as missing_parts
from plexica.core.scope import Scope, enter_scope, schema_owner
from tests.conftest import Servers
from tests.integration.core.books import (
    Book,
    Score,
    Shelf,
    contents,
    fill,
    make_tables,
    missing,
    upgrade_tables,
)

BEFORE = "test_missing_before"
LATER = "test_missing_later"
Act = Callable[[], Any]

READS: dict[str, Act] = {
    "list": lambda: [_facts(book) for book in Book.objects.all()],
    "values": lambda: Book.objects.values("title", "language", "discount", "details"),
    "get": lambda: _facts(Book.objects.get(title="Emma", language="en")),
    "in_bulk": lambda: sorted(Book.objects.in_bulk()),
    "iterator": lambda: [book.language for book in Book.objects.iterator(chunk_size=2)],
    "only": lambda: [book.language for book in Book.objects.only("title")],
    "defer": lambda: [book.pages for book in Book.objects.defer("language")],
    "filter": lambda: Book.objects.filter(language="en").values_list("title"),
    "filter percent": lambda: Book.objects.filter(discount="5%").values_list("title"),
    "filter starts": lambda: Book.objects.filter(language__istartswith="E").values_list("title"),
    "filter null": lambda: Book.objects.filter(pages__isnull=True).values_list("title"),
    "filter none": lambda: Book.objects.filter(pages__gt=3).values_list("title"),
    "filter json": lambda: Book.objects.filter(details={}).values_list("title"),
    "filter key": lambda: Book.objects.filter(details__a=1).values_list("title"),
    "exclude": lambda: Book.objects.exclude(language="en").values_list("title"),
    "or": lambda: Book.objects.filter(Q(pages=1) | Q(title="Emma")).values_list("title"),
    "order": lambda: Book.objects.order_by("language", "-pages", "-title").values_list("title"),
    "distinct": lambda: Book.objects.order_by().values_list("language").distinct(),
    "distinct on": lambda: Book.objects.order_by("language", "id").distinct("language"),
    "exists": lambda: [Book.objects.filter(language=name).exists() for name in ("en", "it")],
    "count": lambda: [Book.objects.filter(language=name).count() for name in ("en", "it")],
    "aggregate": lambda: Book.objects.aggregate(Max("language"), Sum("pages"), n=Count("pages")),
    "aggregate of distinct": lambda: Book.objects.values("language").distinct().count(),
    "group": lambda: Book.objects.order_by().values("language").annotate(n=Count("id")),
    "group by row": lambda: (
        Book.objects.annotate(n=Count("shelf")).order_by("id").values("language", "n")
    ),
    "having": lambda: (
        Book.objects.order_by().values("language").annotate(n=Count("id")).filter(n=4)
    ),
    "functions": lambda: Book.objects.values_list(Lower("language"), Concat("title", "language")),
    "coalesce": lambda: Book.objects.values_list(Coalesce("pages", 7)),
    "case": lambda: Book.objects.values_list(Case(When(language="en", then=1), default=2)),
    "window": lambda: Book.objects.values_list(
        Window(RowNumber(), partition_by="language", order_by="title")
    ),
    "join": lambda: Shelf.objects.filter(books__language="en").order_by("id").values_list("name"),
    "outer join": lambda: Shelf.objects.order_by("id", "books").values(
        "name", "books__language", "books__pages", "books__lent_to"
    ),
    "outer join null": lambda: Shelf.objects.filter(books__language=None).values_list("name"),
    "outer count": lambda: (
        Shelf.objects.order_by("id").annotate(n=Count("books__language")).values()
    ),
    "missing key": lambda: Book.objects.values("title", "lent_to__name"),
    "missing key filter": lambda: Book.objects.filter(lent_to__name="north").values_list("title"),
    "missing key back": lambda: Shelf.objects.annotate(n=Count("borrowed")).values("id", "n"),
    "select_related": lambda: [
        (book.shelf and book.shelf.name, book.lent_to, book.language)
        for book in Book.objects.select_related("shelf", "lent_to")
    ],
    "prefetch": lambda: [
        ([book.language for book in shelf.books.all()], list(shelf.borrowed.all()))
        for shelf in Shelf.objects.order_by("id").prefetch_related("books", "borrowed")
    ],
    "prefetch filtered": lambda: [
        len(shelf.books.all())
        for shelf in Shelf.objects.order_by("id").prefetch_related(
            Prefetch("books", Book.objects.filter(language="en"))
        )
    ],
    "filtered relation": lambda: Shelf.objects.annotate(
        english=FilteredRelation("books", condition=Q(books__language="en"))
    ).order_by("id", "english").values("name", "english__title"),
    "exists inside": lambda: Shelf.objects.filter(
        Exists(Book.objects.filter(shelf=OuterRef("pk"), language="en"))
    ).order_by("id").values_list("name"),
    "outer reference": lambda: Book.objects.annotate(
        first=Subquery(Book.objects.filter(language=OuterRef("language")).values("title")[:1])
    ).values_list("title", "first"),
    "in": lambda: Book.objects.filter(
        language__in=Book.objects.values("language")
    ).values_list("title"),
    "union": lambda: Book.objects.order_by().values_list("language", "title").union(
        Book.objects.order_by().values_list("title", "language")
    ).order_by("language", "title"),
    "lock": lambda: list(Book.objects.select_for_update().filter(language="en")),
    "lock of": lambda: list(
        Book.objects.select_for_update(of=("self",)).select_related("shelf", "lent_to")
    ),
    "no rows": lambda: [list(Score.objects.all()), Score.objects.count()],
    "no rows with joins": lambda: Score.objects.filter(book__language="en").values("points"),
    "no rows joined": lambda: Book.objects.values("title", "scores__points", "scores__id"),
    "no rows joined in": lambda: Book.objects.filter(scores__points=1).values_list("title"),
    "no rows inside": lambda: Book.objects.filter(
        ~Exists(Score.objects.filter(book=OuterRef("pk")))
    ).values_list("title"),
    "no rows summed": lambda: (
        Book.objects.annotate(n=Sum("scores__points")).order_by("id").values("id", "n")
    ),
    "no rows locked": lambda: list(Score.objects.select_for_update().select_related("book")),
}  # fmt: skip


def _emma() -> Book:
    return Book.objects.get(title="Emma")


def _save(**values: Any) -> None:
    book = _emma()
    for name, value in values.items():
        setattr(book, name, value)
    book.save()


def _bulk_update() -> int:
    books = list(Book.objects.all())
    for book in books:
        book.title = book.title.upper()
        book.language = "en"
    return Book.objects.bulk_update(books, ["title", "language", "pages", "details", "lent_to"])


def _upsert(*names: str) -> list[int]:
    rows = [Book(title="Emma", language="en"), Book(title="Villette")]
    return [
        book.pk
        for book in Book.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["title"], update_fields=names
        )
    ]


WRITES: dict[str, Act] = {
    "create": lambda: _facts(Book.objects.create(title="Villette")),
    "create default": lambda: _facts(
        Book.objects.create(title="Villette", language="en", pages=None)
    ),
    "bulk_create": lambda: [
        _facts(book) for book in Book.objects.bulk_create([Book(title="A"), Book(title="B")])
    ],
    "bulk_create ignoring": lambda: len(
        Book.objects.bulk_create([Book(title="Emma"), Book(title="B")], ignore_conflicts=True)
    ),
    "upsert": lambda: _upsert("shelf", "language"),
    "upsert of nothing": lambda: _upsert("language"),
    "update": lambda: Book.objects.filter(language="en").update(title=Concat("title", Value("!"))),
    "update default": lambda: Book.objects.filter(id=1).update(
        title="X", language="en", pages=None
    ),
    "update nothing else": lambda: Book.objects.filter(shelf=1).update(language="en", lent_to=None),
    "update to it": lambda: Book.objects.filter(id__gt=1).update(
        title=Concat("language", F("id"), Coalesce("pages", 0))
    ),
    "update itself": lambda: Book.objects.update(language=F("language")),
    "update joined": lambda: Book.objects.filter(shelf__name="north", pages=None).update(shelf=2),
    "update inside": lambda: Book.objects.filter(
        Exists(Shelf.objects.filter(books=OuterRef("pk"), books__language=OuterRef("language")))
    ).update(shelf=2),
    "save": lambda: _save(title="Emma II"),
    "save default": lambda: _emma().save(update_fields=["language"]),
    "bulk_update": _bulk_update,
    "get_or_create": lambda: Book.objects.get_or_create(title="Villette", language="en")[1],
    "update_or_create": lambda: Book.objects.update_or_create(
        title="Emma", defaults={"language": "en", "shelf_id": 2}
    )[1],
    "delete": lambda: Book.objects.filter(language="en", id__lt=3).delete(),
    "delete one": lambda: _emma().delete(),
    "delete what others refer to": lambda: Shelf.objects.get(name="north").delete(),
    "delete joined": lambda: Book.objects.filter(shelf__name="north", lent_to=None).delete(),
    "delete no rows": lambda: Score.objects.filter(points=1).delete(),
    "update no rows": lambda: Score.objects.update(points=2),
}

LOSSES: dict[str, Act] = {
    "create": lambda: Book.objects.create(title="Villette", language="fr"),
    "create json": lambda: Book.objects.create(title="Villette", details={"a": 1}),
    "create expression": lambda: Book.objects.create(title="Villette", language=Lower(Value("FR"))),
    "create reference": lambda: Book.objects.create(title="Villette", lent_to_id=1),
    "bulk_create": lambda: Book.objects.bulk_create([Book(title="A"), Book(title="B", pages=1)]),
    "update": lambda: Book.objects.update(language="fr"),
    "update null": lambda: Book.objects.update(discount=None),
    "update reference": lambda: Book.objects.update(lent_to=Shelf.objects.get(name="north")),
    "update from column": lambda: Book.objects.update(language=F("title")),
    "update case": lambda: Book.objects.update(language=Case(When(id=1, then=Value("fr")))),
    "save": lambda: _save(language="fr"),
    "bulk_update": lambda: Book.objects.bulk_update([Book(id=1, pages=3)], ["pages"]),
    "update_or_create": lambda: Book.objects.update_or_create(title="Emma", defaults={"pages": 1}),
    "row of no table": lambda: Score.objects.create(book_id=1, points=1),
    "conflict in it": lambda: Book.objects.bulk_create(
        [Book(title="A")],
        update_conflicts=True, unique_fields=["language"], update_fields=["title"],
    ),
    "statement": lambda: connection.cursor().execute("SELECT language FROM test_book"),
    "raw": lambda: list(Book.objects.raw("SELECT id, language FROM test_book")),
    "extra": lambda: list(Book.objects.extra(where=["language = 'en'"])),
}  # fmt: skip


@pytest.fixture(scope="module")
def schemas(platform: Servers, django_db_blocker: Any) -> Iterator[tuple[Scope, Scope]]:
    """A schema of the version before with what it lacks, and a later one."""
    before = replace(schema_owner(BEFORE), missing=missing())
    scopes = before, schema_owner(LATER)
    with django_db_blocker.unblock():
        for scope in scopes:
            with enter_scope(schema_owner(scope.schema)), connection.cursor() as cursor:
                cursor.execute(f"DROP SCHEMA IF EXISTS {scope.schema} CASCADE")
                cursor.execute(f"CREATE SCHEMA {scope.schema}")
                make_tables(is_later=scope is not before)
                fill()
        yield scopes
        for scope in scopes:
            with enter_scope(schema_owner(scope.schema)), connection.cursor() as cursor:
                cursor.execute(f"DROP SCHEMA {scope.schema} CASCADE")


@pytest.fixture(autouse=True)
def _known_models(monkeypatch: pytest.MonkeyPatch) -> None:
    tables: dict[str, type[Model]] = {m._meta.db_table: m for m in (Shelf, Book, Score)}  # noqa: SLF001 (documented Options)
    monkeypatch.setattr(missing_parts, "_models", lambda: tables)


@contextmanager
def _undone() -> Iterator[None]:
    """Roll back what a block does."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _facts(book: Book) -> dict[str, Any]:
    assert isinstance(book.seen_at, datetime)
    # Each try takes the next number.
    return {
        field.attname: getattr(book, field.attname)
        for field in Book._meta.concrete_fields  # noqa: SLF001 (documented Options)
        if field.name not in {"id", "seen_at"}
    }


def _plain(result: Any) -> Any:
    return list(result) if isinstance(result, QuerySet) else result


@pytest.mark.parametrize("name", READS)
def test_what_is_read_is_what_the_upgrade_will_put_there(
    schemas: tuple[Scope, Scope], name: str
) -> None:
    found = []
    for scope in schemas:
        with enter_scope(scope), _undone():
            found.append(_plain(READS[name]()))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", WRITES)
def test_what_is_written_is_there_after_the_upgrade(
    schemas: tuple[Scope, Scope], name: str
) -> None:
    found = []
    for scope in schemas:
        with enter_scope(scope), _undone(), connection.cursor() as cursor:
            cursor.execute("SELECT setval('test_book_id_seq', 100)")
            done = _plain(WRITES[name]())
            # What waits for the end of the transaction would be in the way of ALTER TABLE.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            with enter_scope(schema_owner(scope.schema)):
                if scope.missing:
                    upgrade_tables()
                found.append((done, contents()))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", LOSSES)
def test_what_would_be_lost_is_refused_and_nothing_is_written(
    schemas: tuple[Scope, Scope], name: str
) -> None:
    with enter_scope(schemas[0]):
        before = contents()
        with pytest.raises(BeingUpgraded), transaction.atomic():
            LOSSES[name]()
        assert contents() == before


def test_what_is_written_again_anyway_may_be_left_out(
    schemas: tuple[Scope, Scope], monkeypatch: pytest.MonkeyPatch
) -> None:
    with enter_scope(schemas[0]), pytest.raises(BeingUpgraded), transaction.atomic():
        _save(title="Emma II", language="fr")
    monkeypatch.setattr(Book, "written_again", ("language", "seen_at"))
    with enter_scope(schemas[0]), _undone():
        _save(title="Emma II", language="fr")
        assert Book.objects.create(title="Villette", language="fr").pk
        assert Book.objects.filter(title__in=["Emma II", "Villette"], language="en").count() == 2


def test_a_default_that_is_never_the_same_cannot_be_told_from_a_value(
    schemas: tuple[Scope, Scope], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Book, "written_again", ())
    with enter_scope(schemas[0]), _undone():
        assert Book.objects.create(title="Villette").seen_at
        with pytest.raises(BeingUpgraded):
            _emma().save()


def test_without_anything_missing_the_compilers_are_djangos_own(
    schemas: tuple[Scope, Scope],
) -> None:
    with enter_scope(schemas[1]):
        assert type(Book.objects.all().query.get_compiler("default")) is stock.SQLCompiler
    with enter_scope(schemas[0]):
        assert type(Book.objects.all().query.get_compiler("default")) is not stock.SQLCompiler
        assert isinstance(Book.objects.all().query.get_compiler("default"), SQLCompiler)


def test_a_name_that_is_wrong_is_an_error_where_nothing_is_missing(
    schemas: tuple[Scope, Scope],
) -> None:
    with enter_scope(schemas[1]), pytest.raises(ProgrammingError, match="nonsense"):
        connection.cursor().execute("SELECT nonsense FROM test_book")
