"""Querysets put into SQL once a process and planned once a connection: what every request asks, and every booking.

Putting one of these into words costs Django several times what PostgreSQL needs to answer it, and of PostgreSQL's part
the planning is the larger (docs/bench.md). The queryset stays the one place that says what is read; nothing is kept of
any answer.
"""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from django.db import connections, models, transaction
from django.db.models.constants import OnConflict
from django.db.models.expressions import DatabaseDefault, Expression
from django.db.models.query import get_related_populators
from django.db.models.sql import InsertQuery

from pacificmind.statements import Statement, send

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


def worded(queryset: "models.QuerySet[Any, Any]") -> str:
    """Its SQL with %(name)s where `Told` stands, to be part of a Statement.

    ValueError where it has values of its own, but for the whole numbers that Django puts into its subqueries.
    """
    sql, values = queryset.query.sql_with_params()
    if others := [one for one in values if type(one) not in (Told, int)]:
        raise ValueError(f"a part of a statement is told its values: {others}")
    return str(sql) % tuple(f"%({one.name})s" if isinstance(one, Told) else one for one in values)


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


#: Fields of Django's own whose values of this type go to psycopg2 unchanged (a subclass may do otherwise).
_AS_IS: dict[type[Any], type] = {
    models.BooleanField: bool,
    models.CharField: str,
    models.TextField: str,
    models.IntegerField: int,
    models.PositiveIntegerField: int,
    models.PositiveSmallIntegerField: int,
    models.SmallIntegerField: int,
    models.UUIDField: uuid.UUID,
}


def _as_is(field: Any) -> type | None:
    if type(field) is models.ForeignKey and type(field.target_field) is models.UUIDField:
        return uuid.UUID
    return _AS_IS.get(type(field))


class _Insert:
    """What Django's compiler makes of new rows of a model: the statement, and what to ask each row for."""

    def __init__(self, rows: Sequence[models.Model], fields: Sequence[Any], *, unless_there: bool) -> None:
        model = type(rows[0])
        query = InsertQuery(model, on_conflict=OnConflict.IGNORE if unless_there else None)
        query.insert_values(fields, list(rows))
        self.compiler: Any = query.get_compiler(using="default")
        self.back = (
            [] if unless_there else [one for one in model._meta.db_returning_fields if not self._can_wait(one, rows)]
        )
        self.compiler.returning_fields = self.back
        [(sql, _)] = self.compiler.as_sql()
        self.statement = Statement(sql)
        self.fields = fields
        self.columns = [(one, _as_is(one)) for one in fields]

    def _told(self, field: Any, as_is: type | None, row: models.Model) -> Any:
        """A value as psycopg2 takes it: by Django's ways, which for most find that it may stay as it is."""
        if as_is is not None and type(value := getattr(row, field.attname)) is as_is:
            return value
        return self.compiler.prepare_value(field, self.compiler.pre_save_val(field, row))

    @staticmethod
    def _can_wait(field: Any, rows: Sequence[models.Model]) -> bool:
        """Whether Django reads it when it is asked for: of one row, a column that the database works out of others."""
        return bool(field.generated) and len(rows) == 1

    def write(self, rows: Sequence[models.Model]) -> None:
        told = [[self._told(one, as_is, row) for one, as_is in self.columns] for row in rows]
        if len(rows) > 1:
            _, told = self.compiler.assemble_as_sql(self.fields, told)  # they may go as an array for each column
        self._write(rows, [one for values in told for one in values if not isinstance(one, DatabaseDefault)])
        for row in rows:
            row._state.adding, row._state.db = False, "default"

    def _write(self, rows: Sequence[models.Model], told: list[Any]) -> None:
        """Execute it, and give the rows what the database made up; where that is nothing, it may wait for the next."""
        if not self.back:
            send(self.statement, told)
            return
        with connections["default"].cursor() as cursor:
            self.statement.run(cursor, told)
            made = cursor.fetchall()
        for row, values in zip(rows, made, strict=True):
            for one, value in zip(self.back, values, strict=True):
                setattr(row, one.attname, value)


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
