"""Save a repair, all of it or nothing: one transaction that locks in order, checks all again, tells each once."""

import uuid
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from django.core.exceptions import PermissionDenied

from intake.models import Patient
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue
from pacificmind.tasks.services import close_tasks, open_task
from scheduling.domain import errors
from scheduling.domain import protocol as rules
from scheduling.models import ACTIVE, Appointment, Kind, Repair, Series
from scheduling.models.appointment import TREATMENTS
from scheduling.queries import calendar
from scheduling.queries.repair import MOVABLE, TO_FIND
from scheduling.services import authority, notify_repair, protocol, repair_absence, stages
from scheduling.services import repair_law as law
from scheduling.services import repair_rows as rows
from scheduling.services.locks import booking as transaction
from scheduling.services.locks import law_checked_at_the_end, lock
from scheduling.services.placing import in_time
from scheduling.services.repair_book import Book, span_of
from scheduling.services.repair_parts import FOUND, NOT_FOUND, Change, PatientPlan, Plan, Stuck

STALE = (
    "Somebody changed one of these visits since this was proposed. Nothing was saved. "
    "Here is a fresh proposal: look at it, then save."
)
ENTERED = "This is entered already, and no visit is in the way. There is nothing more to save."
NOTHING = "There is nothing to change. Choose at least one patient."


@dataclass
class _Saving:
    """What one repair has read under its locks, and what it has written so far."""

    by: User
    plan: Plan
    visits: dict[uuid.UUID, Appointment]
    series: dict[uuid.UUID, Series]
    book: Book
    repair: Repair
    before: dict[uuid.UUID, rules.SeriesDays]
    changed: dict[uuid.UUID, Appointment] = field(default_factory=dict)

    def note(self, visit: Appointment, before: rows.Columns | None) -> None:
        """Keep how a visit was, the first time it is written."""
        if visit.pk not in self.changed:
            self.repair.before[str(visit.pk)] = before
        self.changed[visit.pk] = visit


def save(*, by: User, plan: Plan, deviation_reason: str = "", request_id: uuid.UUID | None = None) -> Repair:
    """Carry a proposed repair out; each patient is owed one message when the grace to undo it is over.

    Raises Stale when one of the visits is no longer as it was proposed, another BookingRefused when the law or the
    calendar does not allow a part of it; nothing is saved then. PermissionDenied for visits of another site.
    """
    asked = {"plan": [asdict(one) for one in plan.patients], "cause": plan.cause, "why": deviation_reason}
    asked = {**asked, "plan": str(asked["plan"]), "absence": str(plan.absence)}
    with transaction(), once(request_id, user_id=by.pk, intent="repair", asked=asked) as request:
        if request.repeated:
            return Repair.objects.get(pk=request.result["repair"])
        if plan.is_empty:
            raise errors.BookingRefused(NOTHING)
        _lock(by, plan)
        work = _read(by, plan)
        if plan.absence is not None:
            new = repair_absence.enter(by=by, absence=plan.absence, repair=work.repair)
            if not new and not any(one.changes or one.stuck for one in plan.patients):
                raise errors.BookingRefused(ENTERED)
        with law_checked_at_the_end():
            for one in plan.patients:
                _write(work, one)
        for one in plan.patients:
            _check(work, one, deviation_reason)
            _align(work, one)
        _finish(work)
        request.result = {"repair": str(work.repair.pk)}
    return work.repair


def _lock(by: User, plan: Plan) -> None:
    """Every patient, and every clinician and room that a visit has or could have, in one ordered call."""
    seen = list(Appointment.objects.filter(pk__in=[pk for one in plan.patients for pk in one.seen]))
    wanted = {change.series_id for one in plan.patients for change in one.changes if change.series_id}
    series = list(Series.objects.filter(pk__in=wanted))
    shelves = {(visit.site_id, visit.kind) for visit in seen} | {(one.site_id, Kind.INFUSION) for one in series}
    for site_id in sorted({site for site, _ in shelves}):
        authority.may_repair(by, site_id)
    staff, places = repair_absence.to_lock(plan.absence) if plan.absence else (set(), set())
    sites = {site.pk: site for site in Site.objects.filter(pk__in={site for site, _ in shelves})}
    clinicians = {c.pk for site, kind in shelves for c in calendar.clinicians_for(sites[site], kind)}
    rooms = {r.pk for site, kind in shelves for r in calendar.rooms_for(sites[site], kind)}
    lock(
        patients={one.patient_id for one in plan.patients},
        clinicians=clinicians | staff | {visit.clinician_id for visit in seen},
        rooms=rooms | places | {visit.room_id for visit in seen if visit.room_id},
    )


def _read(by: User, plan: Plan) -> _Saving:
    """Everything again, under the locks: Stale unless each visit is as it was when this was proposed."""
    visits = rows.locked(pk for one in plan.patients for pk in one.seen)
    wanted = {change.series_id for one in plan.patients for change in one.changes if change.series_id}
    series = {one.pk: one for one in Series.objects.select_related("order", "site").filter(pk__in=wanted)}
    for one in plan.patients:
        _as_proposed(one, visits, series)
    if any(one.status != Series.Status.OPEN for one in series.values()):
        raise errors.Stale(STALE)
    patients = Patient.objects.filter(pk__in=[one.patient_id for one in plan.patients])
    if any(one.status != Patient.Status.ACTIVE for one in patients):
        raise errors.BookingRefused("A patient's record was closed meanwhile. Nothing was saved: look at it again.")
    moved = [visits[c.visit_id] for one in plan.patients for c in one.changes if c.visit_id]
    made_at = now()
    repair = Repair(
        cause=plan.cause,
        site=_site(by, plan, visits, series),
        made_at=made_at,
        made_by=by,
        leaves_at=made_at + timedelta(minutes=ClinicSettings.current().repair_grace_minutes),
    )
    starts = [change.spot.starts_at for one in plan.patients for change in one.changes]
    span = span_of(visits.values(), least=timedelta(), after=timedelta(), until=max(starts, default=None))
    before = {pk: protocol.series_days(one) for pk, one in series.items()}
    return _Saving(by, plan, visits, series, Book(span, moved), repair, before)


def _as_proposed(one: PatientPlan, visits: dict[uuid.UUID, Appointment], series: dict[uuid.UUID, Series]) -> None:
    stale = errors.Stale(STALE)
    moved = [change.visit_id for change in one.changes if change.visit_id]
    theirs = {visit.pk for visit in visits.values() if visit.patient_id == one.patient_id}
    if not set(one.seen) <= theirs or not set(moved) <= theirs or len(set(moved)) < len(moved):
        raise stale
    if any(visits[pk].version != version for pk, version in one.seen.items()):
        raise stale
    if any(visits[pk].status not in MOVABLE or visits[pk].starts_at <= now() for pk in moved):
        raise stale
    for run in _runs(one):
        if run not in series or series[run].patient_id != one.patient_id:
            raise PermissionDenied
        active = Appointment.objects.filter(series_id=run, status__in=ACTIVE).values_list("pk", flat=True)
        if set(active) != {pk for pk in one.seen if visits[pk].series_id == run}:
            raise stale  # somebody added or took out a visit of the series


def _site(by: User, plan: Plan, visits: dict[uuid.UUID, Appointment], series: dict[uuid.UUID, Series]) -> Site:
    """The site of the first visit it is about; without any, that of who or what is not there."""
    first = min(visits.values(), key=lambda visit: (visit.starts_at, visit.pk), default=None)
    if first is None and not series and plan.absence is not None:
        return repair_absence.site_of(by, plan.absence)
    return first.site if first is not None else next(iter(series.values())).site


def _write(work: _Saving, one: PatientPlan) -> None:
    """Put each of the patient's visits at its new place, checked against all that is written by now."""
    for change in one.changes:
        _place(work, one, change)
    runs: list[Series | None] = [work.series[run] for run in _runs(one)]
    for series in runs or [None]:
        protocol.settle(one.patient_id, series)


def _place(work: _Saving, one: PatientPlan, change: Change) -> None:
    visit = work.visits[change.visit_id] if change.visit_id else None
    run = work.series[change.series_id] if change.series_id else None
    site, kind, telehealth = rows.what(visit, run)
    in_time(change.spot.starts_at, as_patient=False, kind=kind)
    busy = law.busy_elsewhere(one.patient_id, [v.pk for v in work.book.loose])
    free = work.book.is_free(site, kind, change.spot, patient_id=one.patient_id, busy=busy, telehealth=telehealth)
    if not free:
        raise errors.SlotTaken("A time of this proposal was taken meanwhile. Nothing was saved.")
    before = rows.columns_of(visit) if visit else None
    written = rows.write(visit, change, site=site, kind=kind, series=run, patient_id=one.patient_id, by=work.by)
    work.book.put(written.pk, one.patient_id, site, kind, change.spot)
    work.note(written, before)


def _check(work: _Saving, one: PatientPlan, reason: str) -> None:
    """The law over the whole of what is planned now; then each status as its number and the standing say (P6 to P8)."""
    theirs = [visit for visit in work.changed.values() if visit.patient_id == one.patient_id]
    for visit in theirs:
        visit.refresh_from_db(fields=["day", "number", "weekly_place"])
        if visit.kind in TREATMENTS:
            before = work.repair.before[str(visit.pk)]
            later = before is not None and visit.starts_at > rows.start_of(before)
            ok = protocol.needs_standing(
                visit.patient, on=visit.day, site_id=visit.site_id, kind=visit.kind, moved_later=later
            )
            number = visit.number or 0
            visit.status = protocol.status_for(visit.kind, standing_ok=ok, number=number, series=visit.series)
            visit.save(update_fields=["status"])
        if visit.booster_order is not None:
            look = protocol.check_booster(visit.booster_order, visit.day, without=[visit.pk])
            protocol.stand_on(visit, look)
    for run in _runs(one):
        new = {visit.day for visit in theirs if visit.series_id == run}
        law.check_series(work.series[run], new, before=work.before[run], by=work.by, reason=reason, repair=work.repair)


def _runs(one: PatientPlan) -> set[uuid.UUID]:
    """The series of which visits change."""
    return {change.series_id for change in one.changes if change.series_id}


def _align(work: _Saving, one: PatientPlan) -> None:
    """Of the visits that kept their time: what lies past the review point is held, what may be booked is (P8)."""
    for run in _runs(one):
        series = work.series[run]
        before = {v.pk: rows.columns_of(v) for v in Appointment.objects.filter(series=series, status__in=MOVABLE)}
        for visit in (*stages.hold_beyond(series), *stages.book_held(one.patient_id)):
            if visit.pk in before:
                work.note(visit, before[visit.pk])
        stages.ask_about_pauses(series)


def _finish(work: _Saving) -> None:
    """The repair itself, the tasks, the record, and one message a patient."""
    changed = rows.again(work.changed)
    work.repair.after = {str(visit.pk): visit.version for visit in changed}
    for one in work.plan.patients:
        for stuck in one.stuck:
            _ask_to_find(work, one, stuck)
    for visit in changed:
        rows.keep_told(visit, work.repair.before.get(str(visit.pk)))
    notify_repair.take_in(work.repair, changed)
    work.repair.save(force_insert=True)
    told: dict[uuid.UUID, list[Appointment]] = {}
    for one in work.plan.patients:
        theirs = [visit for visit in changed if visit.patient_id == one.patient_id]
        for visit in theirs:
            rows.note_change(visit, work.repair, by=work.by)
            close_tasks(visit.pk, *TO_FIND, by=work.by, outcome=FOUND)
        if theirs:
            told[one.patient_id] = theirs
    notify_repair.visits_changed(work.repair, told)
    counts = {"visits": len(changed), "patients": len(work.plan.patients)}
    record(Action.CREATE, "repair visits", by=work.by, subject=work.repair, changes=counts)


def _ask_to_find(work: _Saving, one: PatientPlan, stuck: Stuck) -> None:
    """A task for the front desk in place of the one to move the visit: there is no lawful time as things stand."""
    if stuck.visit_id is None:
        return  # a visit that is missing stays missing: its series says so
    visit = work.visits[stuck.visit_id]
    work.repair.before[str(visit.pk)] = rows.columns_of(visit)  # without an entry in `after`: it stayed
    close_tasks(visit.pk, TaskKind.VISIT_TO_MOVE, by=work.by, outcome=NOT_FOUND)
    open_task(
        TaskKind.VISIT_UNLAWFUL,
        subject_type="scheduling.appointment",
        subject_id=visit.pk,
        queue=Queue.FRONT_DESK,
        due_at=now(),
        site_id=visit.site_id,
        patient_id=one.patient_id,
    )
