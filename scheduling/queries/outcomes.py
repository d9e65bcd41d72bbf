"""A patient's totals beside the infusions they had: for the patient's own page and for clinicians."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from intake.domain.outcomes import Course, Measure, Standing, course, little_gain
from intake.domain.policy import Thresholds
from intake.domain.scoring.staging import OUTCOMES
from intake.models import Patient
from intake.queries.outcomes import measures_of
from intake.queries.rules import policy_now
from scheduling.domain.chart import Chart, draw
from scheduling.domain.walltime import day_of
from scheduling.models import Appointment, Series, Status
from scheduling.models.appointment import TREATMENTS

SHOWN = ("PHQ-9", "PCL-5")
#: Published bands (Kroenke 2001) and, for the PCL-5, its cut (NCPTSD: 31 to 33): words for people, not diagnoses.
BANDS: dict[str, Sequence[tuple[int, str]]] = {
    "PHQ-9": ((0, "minimal"), (5, "mild"), (10, "moderate"), (15, "moderately severe"), (20, "severe")),
    "PCL-5": ((0, "below the usual cut"), (33, "at or above the usual cut")),
}


@dataclass(frozen=True, slots=True)
class Given:
    """An infusion that took place."""

    at: datetime
    series_id: uuid.UUID | None
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table beside the chart: a total, or an infusion (then `measure` is None)."""

    at: datetime
    words: str
    measure: Measure | None = None
    band: str = ""
    standing: Standing | None = None
    is_baseline: bool = False


@dataclass(frozen=True)
class Instrument:
    """One instrument as a page shows it: chart, table (newest first), and the course of the last series."""

    name: str
    highest: int
    chart: Chart
    rows: tuple[Row, ...]
    course: Course


@dataclass(frozen=True)
class Outcomes:
    """Everything a page shows. `infusions` are those that took place, `series` the last one that began."""

    instruments: tuple[Instrument, ...]
    infusions: tuple[Given, ...]
    series: Series | None
    gain_percent: float
    points: tuple[int, int]

    @property
    def given(self) -> int:
        """How many infusions of the series took place."""
        return sum(self.series is not None and one.series_id == self.series.pk for one in self.infusions)

    @property
    def began_at(self) -> datetime | None:
        """When the series' first infusion took place."""
        return next((one.at for one in self.infusions if self.series and one.series_id == self.series.pk), None)

    @property
    def little_gain(self) -> bool:
        """Whether the series stands at a review point with little gain (D85); what was gained and lost is a relapse."""
        if self.series is None or self.given not in self.points:
            return False
        course = next((one.course for one in self.instruments if one.name == "PHQ-9"), None)
        if course is None or (course.latest is not None and course.latest.relapse):
            return False
        return little_gain(course, self.gain_percent) is True

    @property
    def goes_on(self) -> bool:
        """Whether the series has more to come."""
        return self.series is not None and self.series.status == Series.Status.OPEN


def read(patient: Patient) -> Outcomes:
    """A patient's outcomes, in a fixed number of queries."""
    zone = patient.site.tz
    given = _given([patient.pk])[patient.pk]
    runs = Series.objects.filter(patient=patient).select_related("order", "site").order_by("-made_at")
    begun = {one.series_id for one in given}
    series = next((run for run in runs if run.pk in begun), None)
    begins_at = next((one.at for one in given if series is not None and one.series_id == series.pk), None)
    measures = measures_of([patient.pk])[patient.pk]
    found = []
    for name in SHOWN:
        own = [one for one in measures if one.instrument == name]
        if own:
            highest = OUTCOMES[name].highest
            told = course(name, own, begins_at)
            chart = draw(
                [(day_of(one.at, zone), one.score) for one in own],
                [day_of(one.at, zone) for one in given],
                highest=highest,
                bands=BANDS[name],
            )
            found.append(Instrument(name, highest, chart, _rows(own, given, told), told))
    limits = policy_now().thresholds
    return Outcomes(tuple(found), tuple(given), series, limits.gain_percent, _points(limits))


def review_points() -> tuple[int, int]:
    """After how many infusions little gain is asked about (CLINICAL 1.7: 3 and 6, unless the clinic set others)."""
    return _points(policy_now().thresholds)


def _points(limits: Thresholds) -> tuple[int, int]:
    return int(limits.first_review), int(limits.second_review)


def _rows(own: Sequence[Measure], given: Sequence[Given], told: Course) -> tuple[Row, ...]:
    standings = {one.measure: one for one in told.after}
    rows = [Row(one.at, one.words) for one in given]
    rows += [
        Row(one.at, "", one, band_of(one), standings.get(one), is_baseline=one == told.baseline and bool(given))
        for one in own
    ]
    return tuple(sorted(rows, key=lambda row: row.at, reverse=True))


def band_of(measure: Measure) -> str:
    """The words of the published band that a total lies in."""
    return next(words for low, words in reversed(BANDS[measure.instrument]) if round(measure.score) >= low)


def courses(series: Collection[Series], instrument: str = "PHQ-9") -> dict[uuid.UUID, tuple[Course, datetime | None]]:
    """The course of each series with when its last infusion took place, by series: three queries, however many."""
    patients = {run.patient_id for run in series}
    measures, given = measures_of(patients), _given(patients)
    found: dict[uuid.UUID, tuple[Course, datetime | None]] = {}
    for run in series:
        own = [one for one in given[run.patient_id] if one.series_id == run.pk]
        until = _until(run, given[run.patient_id])
        told = [one for one in measures[run.patient_id] if until is None or one.at < until]
        read = course(instrument, told, own[0].at if own else None)
        found[run.pk] = (read, own[-1].at if own else None)
    return found


def totals(patient_id: uuid.UUID) -> list[Measure]:
    """Every usable total of a patient, oldest first."""
    return measures_of([patient_id])[patient_id]


def little_gain_since(series: Collection[Series]) -> list[tuple[Series, datetime]]:
    """Those of the series whose latest PHQ-9, answered since the last infusion, shows little gain (D85), with when."""
    percent, found = policy_now().thresholds.gain_percent, []
    told = courses(series)
    for run in series:
        read, ended_at = told[run.pk]
        latest = read.latest
        if latest and ended_at and latest.measure.at > ended_at and little_gain(read, percent):
            found.append((run, latest.measure.at))
    return found


def _until(run: Series, given: Sequence[Given]) -> datetime | None:
    """When the patient's next series began: totals from then on speak of that one."""
    last = max((one.at for one in given if one.series_id == run.pk), default=None)
    later = [one.at for one in given if one.series_id not in (None, run.pk) and last is not None and one.at > last]
    return min(later, default=None)


def _given(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Given]]:
    """The infusions and boosters that took place, by patient, oldest first: one query."""
    found: dict[uuid.UUID, list[Given]] = {patient: [] for patient in patients}
    rows = Appointment.objects.filter(patient_id__in=patients, kind__in=TREATMENTS, status=Status.FULFILLED)
    for patient, at, series_id, number in rows.order_by("starts_at").values_list(
        "patient_id", "starts_at", "series_id", "number"
    ):
        found[patient].append(Given(at, series_id, f"Infusion {number}" if series_id else "Booster"))
    return found
