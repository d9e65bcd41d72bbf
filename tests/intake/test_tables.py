"""Tables in the intake: medicines taken, antidepressants tried. No row that was written is lost."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from intake.forms.rows import MOST
from intake.models import Answer, Patient, SafetyAlert, SectionSaved
from tests.intake.tabs import Tab, url

pytestmark = pytest.mark.django_db


def test_rows_written_in_two_tabs_stand_side_by_side(ana: Patient, web: Client) -> None:
    def row_of(tab: Tab) -> str:
        found = re.search(r'name="(row-[0-9a-f]{8})-name"', tab.words)
        assert found
        return found[1]

    one, two = Tab(web, ana, "medicines"), Tab(web, ana, "medicines")
    one.send(**{f"{row_of(one)}-name": "Lithium"}, do="later")
    two.send(**{f"{row_of(two)}-name": "Zorblax 5", "medicines__any": "yes"}, do="on")
    rows = Answer.objects.filter(item__startswith="medicine.")
    assert {row.value["name"] for row in rows if row.value} == {"Lithium", "Zorblax 5"}
    assert SectionSaved.objects.filter(section="medicines").exists()


def test_a_row_that_is_emptied_goes_and_one_without_a_name_is_asked_for(ana: Patient, web: Client) -> None:
    key = "row-0123abcd"
    Tab(web, ana, "medicines").send(**{f"{key}-name": "Lithium", f"{key}-dose": "300 mg"}, do="later")
    unnamed = Tab(web, ana, "medicines").send(**{f"{key}-name": "", f"{key}-dose": "300 mg"}, do="on")
    assert "Please write the name, or clear this row" in unnamed.content.decode()
    kept = Answer.objects.get(item="medicine.0123abcd").value
    assert kept
    assert kept["name"] == "Lithium"
    Tab(web, ana, "medicines").send(**{f"{key}-name": "", f"{key}-dose": ""}, do="later")
    assert Answer.objects.get(item="medicine.0123abcd").status == "not_asked"
    assert 'value="Lithium"' not in Tab(web, ana, "medicines").words.partition("<datalist")[0]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"medicines__any": "no", "row-0123abcd-name": "Lithium"}, "You wrote something below"),
        ({"medicines__any": "yes"}, "Please write at least one below"),
    ],
)
def test_yes_and_no_must_fit_the_rows(ana: Patient, web: Client, fields: dict[str, str], says: str) -> None:
    response = Tab(web, ana, "medicines").send(**fields, do="on")
    assert says in response.content.decode()
    assert not SectionSaved.objects.exists()


def test_names_of_medicines_are_offered_and_what_was_understood_is_said(ana: Patient, web: Client) -> None:
    words = Tab(web, ana, "medicines").words
    assert '<option value="Zoloft (sertraline)">' in words
    assert re.search(r'name="row-[0-9a-f]{8}-name"[^>]*list="medicine-names"', words)
    assert "We know it as" not in words
    Tab(web, ana, "medicines").types(**{"row-0123abcd-name": "Zoloft 50 mg", "row-11111111-name": "Zorblax"})
    words = Tab(web, ana, "medicines").words
    assert "We know it as: sertraline." in words
    assert "This is not in our list. We keep it as you wrote it" in words
    assert '<option value="Xanax' not in Tab(web, ana, "antidepressants").words


def medicines(many: int, start: int = 0) -> dict[str, str]:
    return {f"row-{n:08x}-name": f"Remedy {n}" for n in range(start, start + many)}


def test_no_row_is_lost_however_many_were_written(ana: Patient, web: Client) -> None:
    Tab(web, ana, "medicines").send(**medicines(61), medicines__any="yes", do="on")
    assert Answer.objects.filter(item__startswith="medicine.").count() == 61


def test_words_of_crisis_in_a_late_row_are_read(ana: Patient, web: Client) -> None:
    fields = {**medicines(70), "row-0000ffff-name": "I want to die"}
    assert Tab(web, ana, "medicines").types(**fields).json()["help"] == reverse("intake-crisis")
    assert SafetyAlert.objects.exists()


@pytest.mark.parametrize(
    ("slug", "kind", "cell"), [("medicines", "medicine", "name"), ("antidepressants", "trial", "drug")]
)
def test_a_full_page_says_so_offers_no_further_row_and_is_saved_again(
    ana: Patient, web: Client, slug: str, kind: str, cell: str
) -> None:
    rows = {name.replace("-name", f"-{cell}"): value for name, value in medicines(MOST[kind] - 1).items()}
    tab = Tab(web, ana, slug)
    assert "Save and add more rows" in tab.words
    tab.send(**rows, do="later")
    room = Tab(web, ana, slug)
    assert len(set(re.findall(rf'name="(row-[0-9a-f]{{8}})-{cell}"', room.words))) == MOST[kind], "one is free"
    room.send(**rows, **{f"row-0000ffff-{cell}": "The last"}, do="later")
    full = Tab(web, ana, slug)
    assert "This page is full" in full.words
    assert "Save and add more rows" not in full.words
    posted = re.findall(r'name="(row-[0-9a-f]{8}-\w+)"', full.words)
    answer = web.post(url(slug), {**full.hidden, **dict.fromkeys(posted, ""), **rows, "do": "later"})
    assert answer.status_code == 302


def test_what_two_windows_filled_can_still_be_sent(ana: Patient, web: Client) -> None:
    """Each of them had its own rows: the page then shows more than it offers."""
    first, second = Tab(web, ana, "antidepressants"), Tab(web, ana, "antidepressants")
    for tab, start in ((first, 0), (second, MOST["trial"])):
        rows = medicines(MOST["trial"], start)
        tab.send(**{name.replace("-name", "-drug"): value for name, value in rows.items()}, do="later")
    both = Tab(web, ana, "antidepressants")
    names = re.findall(r'name="(row-[0-9a-f]{8}-\w+)"', both.words)
    assert len(names) == 2 * 7 * MOST["trial"]
    told: dict[str, Any] = {name: "1" if name.endswith("weeks") else "" for name in names}
    told |= {name: f"Remedy {place}" for place, name in enumerate(names) if name.endswith("drug")}
    assert web.post(url("antidepressants"), {**both.hidden, **told, "do": "later"}).status_code == 302
    assert Answer.objects.filter(item__startswith="trial.").count() == 2 * MOST["trial"]
