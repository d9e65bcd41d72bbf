"""The way back of the migration that gave alerts their words, on a database that has some: they wait, and return."""

import pytest
from django.core.management import call_command
from django.db import connections

from intake.models import SafetyAlert, SafetyEvent
from intake.services.safety import note, read_words
from tests import cast


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_words_of_an_alert_survive_the_way_back_and_forth() -> None:
    who = cast.patient(account=True)
    alert = read_words(by=who.user, patient=who, texts=["I want to die"])
    assert alert is not None
    note(alert, SafetyEvent.Kind.RELEASED, words="Going home")
    connections["default"].close()
    try:
        call_command("migrate", "intake", "0011", database="owner", verbosity=0)
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT about, words FROM intake_words_of_0012 ORDER BY about")
            assert cursor.fetchall() == [("alert", "I want to die"), ("event", "Going home")]
    finally:
        call_command("migrate", database="owner", verbosity=0)
    assert SafetyAlert.objects.get().words == "I want to die"
    assert SafetyEvent.objects.get(kind="released").words == "Going home"
    with pytest.raises(Exception, match="never"):
        SafetyEvent.objects.update(words="other")
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('intake_words_of_0012')")
        assert cursor.fetchone() == (None,)
    connections["owner"].close()
