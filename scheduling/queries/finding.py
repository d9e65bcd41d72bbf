"""Rows narrowed by what somebody typed: names or parts of them, the end of a telephone number, a date of birth.

Patients are found by the indexes of `intake.models.Patient`, in well under a second among 100,000. Requests, which are
few, by the same words.
"""

import re
from typing import Any

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable

from intake.domain.people import WHOLE_NUMBER, Looked
from intake.models import Patient
from intake.queries.names import SEARCHED_NAME, Backwards
from scheduling.domain.slips import one_slip, plain_words

SHORTEST_PART = 3  # letters that are looked for within a word as well; fewer only at its beginning
BY_NAME = ("family_name", "given_name", "pk")


def with_names(patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """The patients, each with `name_folded` as the index knows it."""
    return patients.annotate(name_folded=SEARCHED_NAME)


def narrowed(rows: QuerySet[Any], looked: Looked) -> QuerySet[Any]:
    """Rows with `name_folded` that hold each word, end in these digits, and were born on this day."""
    for word in plain_words(looked.words):
        rows = rows.filter(name_folded__contains=word if len(word) >= SHORTEST_PART else f" {word}")
    if looked.digits:
        backwards = looked.digits[::-1]
        rows = rows.alias(number_backwards=Backwards("phone"))
        whole = len(looked.digits) == WHOLE_NUMBER
        rows = rows.filter(
            **{"number_backwards": f"{backwards}1+"} if whole else {"number_backwards__startswith": backwards}
        )
    return rows.filter(birth_on=looked.birth_on) if looked.birth_on else rows


def among_many(patients: QuerySet[Any], looked: Looked) -> QuerySet[Any]:
    """As `narrowed`; one letter alone finds only who is called so: a list of thousands helps nobody, and takes long."""
    if not looked.is_one_letter:
        return narrowed(patients, looked)
    return patients.filter(name_folded__regex=rf" {re.escape(looked.words[0])}( |$)")


def begun_first(rows: QuerySet[Patient], looked: Looked) -> QuerySet[Patient]:
    """Those first of whose names some begin with each typed word, then by name."""
    begun = Q()
    for word in plain_words(looked.words):
        begun &= Q(name_folded__contains=f" {word}")
    if not begun:
        return rows.order_by(*BY_NAME)
    later = Case(When(begun, then=0), default=1, output_field=IntegerField())
    return rows.alias(later=later).order_by("later", *BY_NAME)


def alike_in_name(rows: QuerySet[Patient], looked: Looked) -> QuerySet[Patient]:
    """Rows with `name_folded` of which a word is one slip away from each typed word, or much like it; likest first."""
    likeness: Combinable = Value(0.0)
    for word in plain_words(looked.words):
        close = Q(name_folded__trigram_word_similar=word)
        if pattern := one_slip(word):
            close |= Q(name_folded__regex=pattern)
        rows = rows.filter(close)
        likeness = likeness + TrigramWordSimilarity(word, F("name_folded"))
    rows = narrowed(rows, Looked((), looked.digits, looked.birth_on))
    return rows.alias(likeness=likeness).order_by("-likeness", *BY_NAME)
