"""What the pages about a patient or a visit say first, as rows of a summary list."""

from intake.models import Patient
from pacificmind.clock import now
from pacificmind.ui.context import phone_words
from pacificmind.ui.dates import date_words, local, time_words
from pacificmind.ui.parts import Row
from pacificmind.ui.status import status_of
from scheduling.queries.visits import Shown


def birth_words(patient: Patient) -> str:
    """The date of birth as people say it, without its weekday."""
    born = patient.birth_on
    return f"{born:%B} {born.day}, {born.year}" if born else "not given"


def patient_rows(patient: Patient) -> list[Row]:
    """Who it is: enough to tell two of the same name apart."""
    return [
        Row("Patient", patient.full_name),
        Row("Date of birth", birth_words(patient)),
        Row("Telephone", phone_words(patient.phone) or "Not given"),
        Row("Site", patient.site.name),
    ]


def visit_rows(one: Shown, *, short: bool = False) -> list[Row]:
    """Who, what, when, where; and, unless short, what the front desk sees to."""
    visit, zone = one.visit, one.visit.site.tz
    starts, ends = local(visit.starts_at, zone), local(visit.ends_at, zone)
    today = local(now(), zone).date()
    when = f"{date_words(starts.date(), today)}, {time_words(starts)} to {time_words(ends)}"
    rows = [
        Row("Patient", visit.patient.full_name),
        Row("Visit", one.what),
        Row("When", when),
        Row("Where", f"{visit.site.name}, {visit.room or 'by video'}"),
        Row("Clinician", visit.clinician),
    ]
    return rows if short else [*rows, *_readiness(one), *_rest(one)]


def _readiness(one: Shown) -> list[Row]:
    if one.readiness is None:
        return []
    return [
        Row("Readiness", status_of("ready" if one.ready else "ask-clinician").word),
        Row("Consent", "Signed" if one.readiness.consent else "Not signed yet"),
        Row("Fasting", one.visit.get_fasted_display() or "Not asked yet"),
    ]


def _rest(one: Shown) -> list[Row]:
    visit = one.visit
    rows = [Row("Telephone", phone_words(visit.patient.phone) or "Not given")]
    if one.needs_escort:
        escort = ", ".join(part for part in (visit.escort_name, phone_words(visit.escort_phone)) if part)
        rows.append(Row("Takes the patient home", escort or "Not named yet"))
    if visit.is_confirmed:
        rows.append(Row("Confirmed by the patient", visit.get_confirmed_how_display()))
    if visit.telehealth:
        rows.append(Row("Patient will be in", visit.patient_state or "Not asked yet"))
        rows.append(Row("Telephone to fall back on", visit.fallback_phone or "Not given"))
    times = (("Arrived", visit.arrived_at), ("Checked in", visit.checked_in_at), ("Started", visit.started_at))
    rows += [Row(label, time_words(local(at, visit.site.tz))) for label, at in times if at is not None]
    if visit.finished_at is not None:
        rows.append(Row("Completed", time_words(local(visit.finished_at, visit.site.tz))))
    if visit.cancelled_why:
        rows.append(Row("Why cancelled", visit.cancelled_why))
    return rows
