"""Anyone is found by a part of a name, a slip of the hand, the end of a telephone, a birth date; and by an index."""

import re
from datetime import date

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.people import Looked, look
from intake.models import Patient
from scheduling.domain.slips import one_slip, plain_words
from scheduling.queries import finding, people
from scheduling.queries import visits as visit_queries
from tests import cast

TODAY = date(2026, 11, 25)
NAMES = st.text(alphabet="abcdeñ.*-'x ", min_size=4, max_size=9)


def found(typed: str) -> people.Found:
    return people.find(cast.receptionist(), look(typed, today=TODAY))


def matches(word: str, name: str) -> bool:
    pattern = one_slip(word)
    return bool(pattern) and re.search(pattern, f" {name} ") is not None


class TestSlips:
    @pytest.mark.parametrize("slip", ["jhon", "jon", "johm", "johnn", "ohn", "xohn", "joh"])
    def test_every_single_slip_is_forgiven(self, slip: str) -> None:
        assert matches("john", slip)
        assert matches(slip, "john") or len(slip) < 4

    @pytest.mark.parametrize("other", ["jane", "hjno", "johannes", "jo", "njoh"])
    def test_two_slips_are_another_name(self, other: str) -> None:
        assert not matches("john", other)

    @given(word=NAMES, at=st.integers(0, 20), letter=st.sampled_from("abñ"))
    def test_whatever_is_typed_its_own_slips_are_found(self, word: str, at: int, letter: str) -> None:
        at %= len(word)
        for written in (
            word[:at] + letter + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + word[at + 1 :],
        ):
            assert matches(word, written)

    def test_short_words_forgive_nothing(self) -> None:
        assert one_slip("ann") == ""

    def test_names_are_searched_without_hyphens_and_apostrophes(self) -> None:
        assert plain_words(("o'brien-ruiz", "-", "’")) == ("obrien", "ruiz")


@pytest.mark.django_db
class TestFinding:
    @pytest.mark.parametrize(
        ("typed", "names"),
        [
            ("nuñ", ["Núñez-O'Brien"]),
            ("NUNEZ", ["Núñez-O'Brien"]),
            ("obrien", ["Núñez-O'Brien"]),
            ("o’brien-nunez", ["Núñez-O'Brien"]),
            ("ana nun", ["Núñez-O'Brien"]),
            ("pip", ["Núñez-O'Brien"]),
            ("unez", ["Núñez-O'Brien"]),
            ("un", ["Unger"]),
            ("0123", ["Núñez-O'Brien"]),
            ("213 555 0123", ["Núñez-O'Brien"]),
            ("555 0123 5/6/1970", ["Núñez-O'Brien"]),
            ("5/6/1970", ["Núñez-O'Brien", "Unger"]),
            ("0123 ana 5/7/1970", []),
        ],
    )
    def test_by_name_telephone_and_birth_date(self, typed: str, names: list[str]) -> None:
        born = date(1970, 5, 6)
        cast.patient(
            given_name="Ana", family_name="Núñez-O'Brien", preferred_name="Pip", phone="+12135550123", birth_on=born
        )
        cast.patient(given_name="Tom", family_name="Unger", phone="+12135557777", birth_on=born)
        answer = found(typed)
        assert [one.family_name for one in answer.patients] == names
        assert (answer.many, answer.similar) == (len(names), False)

    def test_names_that_begin_so_come_before_those_that_hold_it(self) -> None:
        cast.patient(given_name="Zoe", family_name="Marsh")
        cast.patient(given_name="Al", family_name="Demarco")
        assert [one.family_name for one in found("mar").patients] == ["Marsh", "Demarco"]

    @pytest.mark.parametrize("typed", ["Jhon Smiht", "johm", "Smyth", "Jonh Smith", "smithh 4/12/1985"])
    def test_slips_are_offered_as_similar(self, typed: str) -> None:
        cast.patient(given_name="John", family_name="Smith")
        cast.patient(given_name="Wanda", family_name="Okoye")
        answer = found(typed)
        assert [one.family_name for one in answer.patients] == ["Smith"]
        assert answer.similar

    @pytest.mark.parametrize("typed", [".* .*", "%", "___", "((((", "[a-", "\\", "jo(n|\\1", "a" * 120, "' or 1=1 --"])
    def test_strange_signs_are_letters_like_others(self, typed: str) -> None:
        cast.patient(given_name="John", family_name="Smith")
        assert people.find(cast.receptionist(), look(typed, today=TODAY)).patients == []

    def test_many_are_counted_and_the_first_fifty_shown(self) -> None:
        Patient.objects.bulk_create(
            Patient(given_name="Ana", family_name=f"Reyes{n:03}", site=cast.site()) for n in range(53)
        )
        answer = found("reyes")
        assert (answer.many, len(answer.patients), answer.patients[0].family_name) == (53, 50, "Reyes000")

    def test_one_letter_finds_a_name_of_one_letter_and_no_list_of_thousands(self) -> None:
        cast.patient(given_name="Yoko", family_name="O")
        cast.patient(given_name="Olga", family_name="Reed", birth_on=date(1985, 4, 12))
        desk = cast.receptionist()
        assert [one.family_name for one in found("o").patients] == ["O"]
        assert [one.family_name for one in visit_queries.find_patients(desk, "o")] == ["O"]
        assert (found("r").patients, visit_queries.find_patients(desk, "r")) == ([], [])
        assert [one.family_name for one in found("r 4/12/1985").patients] == ["Reed"]

    def test_the_booking_page_finds_the_same_people_and_never_a_closed_record(self) -> None:
        who = cast.patient(given_name="Inés", family_name="Vidal")
        cast.patient(given_name="Inés", family_name="Vidal", status="closed", closed_why="moved")
        desk = cast.receptionist()
        for typed in ("vid", "ines", str(who.phone)[-4:], "Vidla"):
            assert visit_queries.find_patients(desk, typed) == [who]
        assert visit_queries.find_patients(desk, "\0") == []
        assert visit_queries.find_patients(cast.receptionist(cast.other_site()), "vidal") == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("looked", "index"),
    [
        (Looked(("maria",)), "patients_by_part_of_name"),
        (Looked(("ma",)), "patients_by_part_of_name"),
        (Looked((), "4421"), "patients_by_last_digits"),
        (Looked((), "2135554421"), "patients_by_last_digits"),
        (Looked((), "", date(1985, 4, 12)), "patients_by_birth"),
    ],
)
def test_each_way_has_its_index(looked: Looked, index: str) -> None:
    """The very expression of the query is the index's; a small change of either would cost a scan of all patients."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    rows = finding.with_names(Patient.objects.all())
    assert index in finding.narrowed(rows, looked).explain()


@pytest.mark.django_db
def test_slips_use_the_index_too() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    rows = finding.with_names(Patient.objects.all())
    assert "patients_by_part_of_name" in finding.alike_in_name(rows, Looked(("jhon",))).explain()
