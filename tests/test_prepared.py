"""A prepared queryset answers as the queryset does, for any values, and reads afresh each time."""

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.test.utils import CaptureQueriesContext

from intake.models import ConsultationRequest, Patient
from pacificmind.audit.models import Action, Entry
from pacificmind.clinic.models import Site
from pacificmind.prepared import Prepared, PreparedValues, Told, among, insert, worded
from pacificmind.statements import Statement
from tests import cast

pytestmark = pytest.mark.django_db


def _at(site: Any) -> QuerySet[Patient]:
    return Patient.objects.filter(site=site).select_related("site", "user").order_by("family_name")


def test_it_answers_as_the_queryset_does() -> None:
    here, there = cast.site(), cast.other_site()
    for site, name in ((here, "Abe"), (here, "Bea"), (there, "Cy")):
        cast.patient(site, family_name=name, account=name == "Bea")
    prepared = Prepared(lambda: _at(Told("site")))
    for site in (here, there, here):
        expected = list(_at(site.pk))
        with CaptureQueriesContext(connection) as seen:
            found = prepared(site=site.pk)
            assert [one.site for one in found] == [site] * len(expected)
            assert [one.user for one in found] == [one.user for one in expected]
        assert found == expected
        for mine, its in zip(found, expected, strict=True):
            assert {f.attname: getattr(mine, f.attname) for f in Patient._meta.concrete_fields} == {
                f.attname: getattr(its, f.attname) for f in Patient._meta.concrete_fields
            }
            assert not mine._state.adding
        assert len(seen) == 1
    assert prepared(site="nowhere") == []
    assert prepared.first(site="nowhere") is None


def test_it_keeps_no_answer() -> None:
    site = cast.site()
    prepared = Prepared(lambda: Site.objects.filter(pk=Told("site")))
    assert [one.name for one in prepared(site=site.pk)] == [site.name]
    Site.objects.update(name="Elsewhere")
    assert [one.name for one in prepared(site=site.pk)] == ["Elsewhere"]


def test_lists_are_told_too_and_none_is_among_no_list() -> None:
    here, there = cast.site(), cast.other_site()
    prepared = Prepared(lambda: Site.objects.filter(among("pk", "sites")).order_by("name"))
    assert prepared(sites=[here.pk, there.pk]) == list(Site.objects.order_by("name"))
    assert prepared(sites=[there.pk]) == [there]
    assert prepared(sites=[]) == []


def test_what_was_added_to_the_rows_is_there() -> None:
    site = cast.site()
    wanted = Patient.objects.filter(site=OuterRef("pk"), pk=Told("patient"))
    prepared = Prepared(lambda: Site.objects.annotate(theirs=Exists(wanted)))
    patient = cast.patient(site)
    assert [one.theirs for one in prepared(patient=patient.pk)] == [True]  # type: ignore[attr-defined]
    assert [one.theirs for one in prepared(patient=uuid.uuid4())] == [False]  # type: ignore[attr-defined]


def test_a_value_that_was_not_told_is_an_error() -> None:
    with pytest.raises(KeyError):
        Prepared(lambda: Site.objects.filter(pk=Told("site")))(place="la")


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_in_a_transaction_alone() -> None:
    prepared = Prepared(lambda: ConsultationRequest.objects.select_for_update().filter(pk=Told("pk")))
    with transaction.atomic():
        assert prepared(pk=uuid.uuid4()) == []
    with pytest.raises(transaction.TransactionManagementError):
        prepared(pk=uuid.uuid4())


def test_values_come_in_the_order_of_their_columns() -> None:
    site = cast.site()
    cast.patient(site, family_name="Abe")
    seen = PreparedValues(lambda: _at(Told("site")).values_list("family_name", "birth_on", "site"))
    assert seen(site=site.pk) == list(_at(site.pk).values_list("family_name", "birth_on", "site"))
    assert seen(site="nowhere") == []


def test_a_queryset_can_be_part_of_a_statement_that_is_told_its_values(settings: Any) -> None:
    here, there = cast.site(), cast.other_site()
    who = cast.patient(here)
    seen = Site.objects.filter(Exists(Patient.objects.filter(site=OuterRef("pk"))), among("pk", "sites"))
    statement = Statement(f"SELECT count(*) FROM ({worded(seen.values('pk'))}) AS seen WHERE %(day)s::date IS NOT NULL")
    for prepares in (True, False):
        settings.PREPARE = prepares
        with connection.cursor() as cursor:
            statement.run(cursor, {"sites": [here.pk, there.pk], "day": who.birth_on})
            assert cursor.fetchall() == [(1,)]
    with pytest.raises(ValueError, match="is told its values"):
        worded(Site.objects.filter(name="its own"))


def test_what_is_prepared_keeps_its_plan(settings: Any) -> None:
    settings.PREPARE = True
    statement = Statement("SELECT count(*) AS keeps_its_plan FROM intake_patient WHERE id = ANY(%s::uuid[])")
    with connection.cursor() as cursor:
        for _ in range(8):
            statement.run(cursor, [[uuid.uuid4()]])
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%keeps_its_plan%'"
        )
        assert cursor.fetchall() == [(8, 0)]


@pytest.mark.parametrize("prepares", [True, False])
def test_a_statement_takes_its_values_by_place_or_by_name(settings: Any, prepares: bool) -> None:
    settings.PREPARE = prepares
    by_place = Statement("SELECT %s::int - %s::int, '100%%'")
    by_name = Statement("SELECT %(b)s::int - %(a)s::int, %(b)s::int")
    with connection.cursor() as cursor:
        for a, b in ((1, 5), (2, 9)):
            by_place.run(cursor, [b, a])
            assert cursor.fetchall() == [(b - a, "100%")]
            by_name.run(cursor, {"a": a, "b": b})
            assert cursor.fetchall() == [(b - a, b)]


def test_it_is_planned_once_a_connection(settings: Any) -> None:
    settings.PREPARE = True
    statement = Statement("SELECT %s::text AS planned_once")
    with connection.cursor() as cursor:
        for word in ("a", "b"):
            statement.run(cursor, [word])
            assert cursor.fetchall() == [(word,)]
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%planned_once%'")
        assert cursor.fetchall() == [(1,)]


def test_it_is_planned_again_on_a_new_connection() -> None:
    statement = Statement("SELECT %s::text")
    other = connection.copy()
    try:
        for link in (connection, other):
            with link.cursor() as cursor:
                statement.run(cursor, ["here"])
                assert cursor.fetchall() == [("here",)]
    finally:
        other.close()


def test_a_refusal_while_it_is_planned_is_said_as_django_says_it() -> None:
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        Statement("SELECT nothing_like_it FROM nowhere").run(cursor, [])


@pytest.mark.parametrize("names", ["AB", "ABCDEFGHIJ"])
def test_rows_are_written_as_by_bulk_create(names: str) -> None:
    site = cast.site()
    rows = [cast.patient(site, family_name=name) for name in names]
    before = list(Patient.objects.order_by("family_name").values())
    Patient.objects.all().delete()
    insert(*rows)
    assert list(Patient.objects.order_by("family_name").values()) == before
    assert not rows[0]._state.adding
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(rows[0])
    insert(*rows, unless_there=True)
    assert Patient.objects.count() == len(names)


def test_what_the_database_makes_up_is_read_back() -> None:
    entry = Entry(action=Action.VIEW, what="a page")
    insert(entry)
    assert Entry.objects.get(what="a page") == entry
    again = Entry.objects.get(pk=entry.pk)
    assert (entry.at, entry.xid) == (again.at, again.xid)
