"""What managers read of how the clinic runs: numbers only, nobody's name. Days and months are each site's own."""

from scheduling.domain.figures import FEWEST
from scheduling.queries.reports import outcomes
from scheduling.queries.reports.alerts import times_to_take
from scheduling.queries.reports.rooms import utilisation
from scheduling.queries.reports.series import first_infusion, unfinished
from scheduling.queries.reports.shapes import Report, Share, Table
from scheduling.queries.reports.visits import deviations, no_shows
from scheduling.queries.reports.waiting import waiting_list

__all__ = ["REPORTS", "Report", "Share", "Table"]

ALL = "All sites: withheld where it would give away what is not told of one site."
REPORTS: dict[str, Report] = {
    report.name: report
    for report in (
        Report(
            "rooms",
            "Use of rooms",
            (
                "Used: minutes in which a visit stands in the room as planned, whether it took place or is still to "
                "come. Cancelled visits, and those to which nobody came, are not use. Turnover is not use either.",
                "Open: minutes of the site's opening hours as they are set now, without its closures and those of "
                "the room. A visit outside them is left out on both sides.",
                "Each hour is the wall clock's at the site, over all days of the months.",
            ),
            utilisation,
        ),
        Report(
            "no-shows",
            "Visits nobody came to",
            (
                "Share: visits marked as “did not come”, out of those and the ones that took place. Cancelled visits "
                "and those still to come count on neither side.",
                "The month is that of the planned day at the site.",
            ),
            no_shows,
        ),
        Report(
            "series",
            "How series ended",
            (
                "Series that were completed or closed in these months, by what was chosen when they were closed.",
                f"Why somebody stopped can point at a person: counts below {FEWEST} are withheld, and where the total "
                "would give one away, the next larger one as well.",
                ALL,
                "Open now, nothing planned: series that are neither completed nor closed and have no visit to come, "
                "as of this moment.",
            ),
            unfinished,
        ),
        Report(
            "deviations",
            "Deviations and overrides",
            (
                "A deviation is a week of a series with fewer than two infusions. Planned: a prescriber gave the "
                "reason first. Not planned: it came about by a missed or cancelled visit. By the day it was recorded.",
                "An override is a visit that staff placed outside the hours or at shorter notice than its kind wants, "
                "with a reason. By the day it was placed.",
                "These are counts of visits in the calendar, which managers see as it is, so none is withheld.",
            ),
            deviations,
        ),
        Report(
            "first-infusion",
            "Time to first infusion",
            (
                "Patients whose first infusion ever took place in these months at the site and who had asked by the "
                "consultation form. Days from the day of their first request to the day of the infusion.",
                "Median: half waited no longer. 90th percentile: nine in ten waited no longer (nearest rank).",
                f"Of fewer than {FEWEST} patients nothing is told: it would be somebody's own time.",
                ALL,
            ),
            first_infusion,
        ),
        Report(
            "outcomes",
            "How series went",
            (
                "Series that ended in these months, by the PHQ-9 that patients answered: the last total up to the "
                "first infusion against the last one up to two weeks after the last infusion.",
                "Response: half of the total or more is gone (Singh, Phillips, ELEKT-D). Remission: below 5 (HEDIS).",
                "Relapsed since: 10 or more after remission, or half of a meaningful gain lost (a clinic's setting), "
                "in a total answered after the last infusion. Days from that infusion; only patients who answered "
                "again can be counted.",
                f"Of fewer than {outcomes.FEWEST} people nothing is told: it would be somebody's own answers.",
                ALL,
                "No patients without treatment are in this table: it does not show what the treatment did.",
            ),
            outcomes.results,
        ),
        Report(
            "check-ins",
            "Check-ins answered",
            (
                "Check-ins that opened in these months and were answered to the end, by days after the visit they "
                "count from. One that a newer visit took the place of before it opened was never asked.",
                f"Of fewer than {outcomes.FEWEST} people nothing is told.",
                ALL,
            ),
            outcomes.check_ins,
        ),
        Report(
            "waitlist",
            "Waitlist",
            (
                "Waiting now, and the longest wait: as of this moment, in days at the site.",
                "Offers: places that were offered in these months, by what became of them.",
            ),
            waiting_list,
        ),
        Report(
            "alerts",
            "Time to take safety alerts",
            (
                "Now: alerts that were urgent at once, to be taken within minutes. Today: those to be "
                "taken by the end of the working day at the site. The month is that in which it was raised.",
                "Minutes: from when the alert was raised, or became urgent now, until a clinician took it; of one that "
                "was given back, its longest wait. Median: "
                "half were taken no later. 90th: nine in ten (nearest rank). Waiting: nobody has taken them yet.",
                "Paged again: alerts that nobody had taken when the first escalation was due.",
                "Follow-ups due: by their day, and the share of them that were recorded as done by then.",
                f"Of fewer than {FEWEST} alerts nothing else is told: it would be somebody's own hour.",
                ALL,
            ),
            times_to_take,
        ),
    )
}
