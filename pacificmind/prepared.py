"""Querysets put into SQL once a process, for what every request asks and what is asked under the locks of a booking.

Putting one of these into words costs Django several times what PostgreSQL needs to answer it (docs/bench.md). The
queryset stays the one place that says what is read; nothing is kept of any answer.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from django.db import connections, models, transaction
from django.db.models.expressions import Expression
from django.db.models.query import get_related_populators

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


M = TypeVar("M", bound=models.Model)


class Prepared(Generic[M]):
    """A queryset of whole rows, with select_related where it has it; each call runs it afresh."""

    def __init__(self, build: Callable[[], "models.QuerySet[M, M]"]) -> None:
        self._build = build
        self._statement: _Statement | None = None

    def __call__(self, **told: object) -> list[M]:
        """The rows, for the values that stand where `Told` does."""
        if self._statement is None:
            self._statement = _Statement(self._build())
        return self._statement.rows(told)

    def first(self, **told: object) -> M | None:
        """The first of the rows, if there is one."""
        return next(iter(self(**told)), None)


class _Statement:
    """What Django's compiler found out about a queryset."""

    def __init__(self, queryset: "models.QuerySet[Any, Any]") -> None:
        self.alias = queryset.db
        compiler: Any = queryset.query.get_compiler(using=self.alias)
        self.sql, self.params = compiler.as_sql()
        select, klass = compiler.select, compiler.klass_info
        first, last = klass["select_fields"][0], klass["select_fields"][-1] + 1
        self.own = slice(first, last)
        self.model = klass["model"]
        self.names = [column[0].target.attname for column in select[self.own]]
        self.related = _related(klass, select, self.alias)
        self.converters = compiler.get_converters([column[0] for column in select])
        self.added = compiler.annotation_col_map
        self.locks = queryset.query.select_for_update

    def rows(self, told: dict[str, object]) -> list[Any]:
        """Run it and make the rows' objects."""
        link = connections[self.alias]
        if self.locks and not link.in_atomic_block:
            raise transaction.TransactionManagementError("select_for_update cannot be used outside of a transaction.")
        with link.cursor() as cursor:
            values: list[Any] = [told[one.name] if isinstance(one, Told) else one for one in self.params]
            cursor.execute(self.sql, values)
            found = cursor.fetchall()
        return [self._made(self._converted(row, link) if self.converters else row) for row in found]

    def _converted(self, row: Sequence[Any], link: Any) -> list[Any]:
        values = list(row)
        for place, (converters, expression) in self.converters.items():
            for convert in converters:
                values[place] = convert(values[place], expression, link)
        return values

    def _made(self, row: Sequence[Any]) -> Any:
        made = self.model.from_db(self.alias, self.names, row[self.own])
        for related in self.related:
            related.populate(row, made)
        for name, place in self.added.items():
            setattr(made, name, row[place])
        return made
