"""Querysets put into SQL once a process and planned once a connection: what every request asks, and every booking.

Putting one of these into words costs Django several times what PostgreSQL needs to answer it, and of PostgreSQL's part
the planning is the larger (docs/bench.md). The queryset stays the one place that says what is read; nothing is kept of
any answer.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connections, models, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models.constants import OnConflict
from django.db.models.expressions import DatabaseDefault, Expression
from django.db.models.query import get_related_populators
from django.db.models.sql import InsertQuery

_related: Callable[..., list[Any]] = get_related_populators  # its stub is of a later Django


class Told(Expression):
    """Stands in a queryset for a value that each call tells by name."""

    def __init__(self, name: str) -> None:
        super().__init__(output_field=None)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """A place in the statement, with this in its stead until a call tells the value."""
        return "%s", [self]


def among(column: str, name: str) -> models.Func:
    """A condition: the column is one of a list that each call tells."""
    return models.Func(
        models.F(column),
        Told(name),
        template="%(expressions)s)",
        arg_joiner=" = ANY(",
        output_field=models.BooleanField(),
    )


_PLACE = re.compile(r"%(?:(%)|s|\((\w+)\)s)")
_TABLE = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+"?(\w+)')
_KNOWN: "WeakKeyDictionary[Any, dict[Statement, str]]" = WeakKeyDictionary()  # a psycopg2 connection: what it knows
_numbers = count(1)


def _name(sql: str) -> str:
    """What the logs of PostgreSQL call it, such as select_clinic_site."""
    verb = sql.split(None, 1)[0].lower()
    table = _TABLE.search(sql)
    return f"{verb}_{table[1]}"[:50].lower() if table else verb


class Statement:
    """A statement with places in it, `%s` or `%(name)s` throughout, which a connection plans once (PREPARE).

    Not behind a pooler that deals connections out by transaction: settings.PREPARE says so.
    """

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._name = _name(sql)
        self._names: list[str] = []
        self._places = 0
        self._text = _PLACE.sub(self._numbered, sql)
        self._told = f" ({', '.join(['%s'] * self._places)})" if self._places else ""

    def _numbered(self, place: "re.Match[str]") -> str:
        if place[1]:
            return "%"
        if place[2] and place[2] in self._names:
            return f"${self._names.index(place[2]) + 1}"
        if place[2]:
            self._names.append(place[2])
        self._places += 1
        return f"${self._places}"

    def run(self, cursor: CursorWrapper, told: Sequence[Any] | Mapping[str, Any]) -> None:
        """Execute it for these values."""
        if not settings.PREPARE:
            cursor.execute(self.sql, told)
            return
        known = _KNOWN.setdefault(cursor.connection, {})
        if (execute := known.get(self)) is None:
            name = f"{self._name}_{next(_numbers)}"  # a fresh one: another whose making was cut off may be there
            with cursor.db.wrap_database_errors:
                cursor.cursor.execute(f"PREPARE {name} AS {self._text}")
            execute = known[self] = f"EXECUTE {name}{self._told}"
        cursor.execute(execute, [told[name] for name in self._names] if isinstance(told, Mapping) else told)


M = TypeVar("M", bound=models.Model)


class Prepared(Generic[M]):
    """A queryset of whole rows, with select_related where it has it; each call runs it afresh."""

    def __init__(self, build: Callable[[], "models.QuerySet[M, M]"]) -> None:
        self._build = build
        self._rows: _Rows | None = None

    def __call__(self, **told: object) -> list[M]:
        """The rows, for the values that stand where `Told` does."""
        if self._rows is None:
            self._rows = _Rows(self._build())
        return self._rows.made(told)

    def first(self, **told: object) -> M | None:
        """The first of the rows, if there is one."""
        return next(iter(self(**told)), None)


class PreparedValues:
    """A queryset's `values_list`: tuples, in the order of its columns; each call runs it afresh."""

    def __init__(self, build: "Callable[[], models.QuerySet[Any, Any]]") -> None:
        self._build = build
        self._query: _Query | None = None

    def __call__(self, **told: object) -> list[tuple[Any, ...]]:
        """The tuples, for the values that stand where `Told` does."""
        if self._query is None:
            self._query = _Query(self._build())
        return [tuple(row) for row in self._query.found(told)]


class _Query:
    """What Django's compiler found out about a queryset: its statement and how values come back."""

    def __init__(self, queryset: "models.QuerySet[Any, Any]") -> None:
        self.alias = queryset.db
        self.compiler: Any = queryset.query.get_compiler(using=self.alias)
        sql, self.params = self.compiler.as_sql()
        self.statement = Statement(sql)
        self.converters = self.compiler.get_converters([column[0] for column in self.compiler.select])
        self.locks = queryset.query.select_for_update

    def found(self, told: dict[str, object]) -> list[Sequence[Any]]:
        """Run it."""
        link = connections[self.alias]
        if self.locks and not link.in_atomic_block:
            raise transaction.TransactionManagementError("select_for_update cannot be used outside of a transaction.")
        with link.cursor() as cursor:
            self.statement.run(cursor, [told[one.name] if isinstance(one, Told) else one for one in self.params])
            found = cursor.fetchall()
        return [self._converted(row, link) for row in found] if self.converters else found

    def _converted(self, row: Sequence[Any], link: Any) -> list[Any]:
        values = list(row)
        for place, (converters, expression) in self.converters.items():
            for convert in converters:
                values[place] = convert(values[place], expression, link)
        return values


class _Rows(_Query):
    """The same for whole rows."""

    def __init__(self, queryset: "models.QuerySet[Any, Any]") -> None:
        super().__init__(queryset)
        select, klass = self.compiler.select, self.compiler.klass_info
        first, last = klass["select_fields"][0], klass["select_fields"][-1] + 1
        self.own = slice(first, last)
        self.model = klass["model"]
        self.names = [column[0].target.attname for column in select[self.own]]
        self.related = _related(klass, select, self.alias)
        self.added = self.compiler.annotation_col_map

    def made(self, told: dict[str, object]) -> list[Any]:
        """Run it and make the rows' objects."""
        return [self._made(row) for row in self.found(told)]

    def _made(self, row: Sequence[Any]) -> Any:
        made = self.model.from_db(self.alias, self.names, row[self.own])
        for related in self.related:
            related.populate(row, made)
        for name, place in self.added.items():
            setattr(made, name, row[place])
        return made


class _Insert:
    """What Django's compiler makes of new rows of a model: the statement, and what to ask each row for."""

    def __init__(self, rows: Sequence[models.Model], fields: Sequence[Any], *, unless_there: bool) -> None:
        model = type(rows[0])
        query = InsertQuery(model, on_conflict=OnConflict.IGNORE if unless_there else None)
        query.insert_values(fields, list(rows))
        self.compiler: Any = query.get_compiler(using="default")
        self.back: Sequence[Any] = () if unless_there else model._meta.db_returning_fields
        self.compiler.returning_fields = self.back
        [(sql, _)] = self.compiler.as_sql()
        self.statement = Statement(sql)
        self.fields = fields

    def write(self, rows: Sequence[models.Model]) -> None:
        ask, prepared = self.compiler.pre_save_val, self.compiler.prepare_value
        values = [[prepared(one, ask(one, row)) for one in self.fields] for row in rows]
        _, told = self.compiler.assemble_as_sql(self.fields, values)  # many rows may go as an array for each column
        with connections["default"].cursor() as cursor:
            self.statement.run(cursor, [value for values in told for value in values])
            back = cursor.fetchall() if self.back else [()] * len(rows)
        for row, made in zip(rows, back, strict=True):
            for one, value in zip(self.back, made, strict=True):
                setattr(row, one.attname, value)
            row._state.adding, row._state.db = False, "default"


_PLANNED_TOGETHER = 8  # a series; each number of rows is a statement of its own, and more of them come seldom
_inserts: dict[tuple[Any, ...], _Insert] = {}


def insert(*rows: models.Model, unless_there: bool = False) -> None:
    """Write new rows of one model in one statement, as `bulk_create` does: for tables without parents.

    `unless_there`: leave those whose unique key is taken; what the database makes up is not read back then.
    """
    if not rows:
        return
    first = rows[0]
    if len(rows) > _PLANNED_TOGETHER:
        type(first)._default_manager.bulk_create(rows, ignore_conflicts=unless_there)
        return
    counted = first._meta.auto_field if first.pk is None else None
    fields = [one for one in first._meta.local_concrete_fields if not one.generated and one is not counted]
    left = tuple(isinstance(getattr(first, one.attname), DatabaseDefault) for one in fields)
    key = (type(first), len(rows), counted, left, unless_there)
    if key not in _inserts:
        _inserts[key] = _Insert(rows, fields, unless_there=unless_there)
    _inserts[key].write(rows)
