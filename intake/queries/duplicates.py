"""People who may be the same person, so that nobody is entered twice (DESIGN 7)."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.db.models.functions import Lower

from intake.domain.people import folded
from intake.models import Patient
from intake.models.names import Backwards, Folded


@dataclass(frozen=True, slots=True)
class Likeness:
    """Somebody who may be meant. Of a patient of another site only name and site are told: `patient_id` is None."""

    name: str
    site: str
    why: str
    patient_id: uuid.UUID | None = None
    birth_on: date | None = None


def likely_the_same(
    *,
    given_name: str,
    family_name: str,
    birth_on: date | None,
    email: str,
    phone: str,
    sites: Collection[str],
    without: uuid.UUID | None = None,
) -> list[Likeness]:
    """Patients of `sites` with the same e-mail, telephone, or name and date of birth; of other sites, only those with
    the same telephone and date of birth. `phone` is E.164 or empty. At most 20."""
    people = Patient.objects.alias(number_backwards=Backwards("phone"))
    alike = [people.filter(email__iexact=email)] if email else []
    if phone:
        alike.append(people.filter(number_backwards=phone[::-1]))
    if birth_on is not None:
        named = people.alias(given=Folded("given_name"), family=Folded("family_name")).filter(birth_on=birth_on)
        alike.append(named.filter(given=folded(given_name), family=folded(family_name)))
    if not alike:
        return []
    # Each by its own index: joined by OR, all conditions are worked out for every patient there is.
    ids = alike[0].values("pk").union(*(rows.values("pk") for rows in alike[1:]))
    there = Q(number_backwards=phone[::-1], birth_on=birth_on) if phone and birth_on else Q(pk__in=[])
    found = (
        people.filter(Q(site__in=sites) | there, pk__in=ids)
        .exclude(pk__in=[without] if without else [])
        .select_related("site")
        .order_by(Lower("family_name"), Lower("given_name"))[:20]
    )
    return [_likeness(one, sites, email=email, phone=phone, birth_on=birth_on) for one in found]


def _likeness(one: Patient, sites: Collection[str], *, email: str, phone: str, birth_on: date | None) -> Likeness:
    if one.site_id not in sites:
        return Likeness(one.full_name, one.site.name, "Same telephone and date of birth, at the other site")
    why = []
    if email and one.email.lower() == email.lower():
        why.append("e-mail")
    if phone and str(one.phone) == phone:
        why.append("telephone")
    if birth_on is not None and one.birth_on == birth_on:
        why.append("date of birth")
    return Likeness(one.full_name, one.site.name, f"Same {' and '.join(why)}", one.pk, one.birth_on)
