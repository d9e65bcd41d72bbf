"""A prepared queryset answers as the queryset does, for any values, and reads afresh each time."""

import uuid
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.test.utils import CaptureQueriesContext

from intake.models import ConsultationRequest, Patient
from pacificmind.clinic.models import Site
from pacificmind.prepared import Prepared, Told, among
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
