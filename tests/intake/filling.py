"""Fill an intake as a healthy, calm patient would; tests change what they are about."""

from typing import Any

from intake.facts import values_of
from intake.models import Patient
from intake.queries.intake import answers_of, latest_intake
from intake.sections import ITEM9, Item, Section, is_asked, sections
from intake.services.answers import save_item9, save_section
from pacificmind.accounts.models import User

ANSWERS: dict[str, Any] = {
    "contact.place": "1 Olive Street, Los Angeles",
    "contact.phone": "+12135550177",
    "contact.emergency_name": "Ben Reyes",
    "contact.emergency_phone": "+12135550178",
    "care.who": ["nobody"],
    "care.may_ask": "no",
    "reason.indications": ["depression"],
    "heart.stairs": "yes",
    "home.escort": "yes",
    "alcohol.sex": "female",
    "medicines.any": "no",
    "trials.any": "no",
    "body.height_ft": 5,
    "body.height_in": 6,
    "body.weight_lb": 140.0,
    "body.weight_when": "today",
}


def calm(item: Item) -> Any:
    """The calmest answer: 0, no, none."""
    if item.id in ANSWERS:
        return ANSWERS[item.id]
    if item.kind == "choice":
        values = [value for value, _ in item.options]
        return 0 if 0 in values else values[0]
    return {"yesno": "no", "count": 0}[item.kind]


def fill_section(patient: Patient, section: Section, by: User | None = None, **other: Any) -> None:
    """Answer one part; `other` replaces answers, with double underscores for the dots of item names."""
    changed = {name.replace("__", "."): value for name, value in other.items()}
    if section.alone:
        save_item9(by=by, patient=patient, value=changed.get(ITEM9, 0))
        return
    given = {item.id: calm(item) for item in section.items if item.required}
    given |= {item: value for item, value in changed.items() if any(item == known.id for known in section.items)}
    if section.rows:
        given |= {item: value for item, value in changed.items() if item.startswith(f"{section.rows}.")}
    save_section(by=by, patient=patient, section=section, answers=given)


def fill(patient: Patient, by: User | None = None, **other: Any) -> None:
    """Answer every part that is asked."""
    for section in sections():
        if is_asked(section, values_of(answers_of(latest_intake(patient.pk)).values())):
            fill_section(patient, section, by, **other)
