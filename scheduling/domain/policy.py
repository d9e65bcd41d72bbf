"""The numbers of the protocol, each with where it comes from. A clinic may override the clinic settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

#: Frequencies an order may have (CLINICAL 1.7, Singh 2016: no advantage of 3 a week over 2).
FREQUENCIES = (2, 3)
#: The window of P2, and the length of a series week, in days.
WEEK = 7


@dataclass(frozen=True, slots=True)
class Policy:
    """Protocol numbers in days or infusions (DESIGN.md 4). The database enforces 8, 3 in 7 days and one clear day."""

    max_infusions: int = 8  # P1. CLINICAL 1.7: no trial of an outpatient series tested more than 8
    default_infusions: int = 6  # P1. CLINICAL 0.1: most trials used 6
    max_in_7_days: int = 3  # P2. CLINICAL 1.7, from 3 a week (Murrough 2013, Singh 2016)
    clear_days_at_3_a_week: int = 1  # P3. CLINICAL 1.7: 2 calendar days apart
    clear_days_at_2_a_week: int = 2  # P3. CLINICAL 1.7: 3 calendar days apart
    min_in_series_week: int = 2  # P4. clinic setting
    stage_size: int = 3  # P8. Phillips 2019: median of 3 infusions to response
    pause_days: int = 14  # P9. CLINICAL 1.7: missed for 14 days or more is not resumed by itself; clinic setting
    booster_gap_days: int = 7  # P10. CLINICAL 1.7; clinic setting
    new_series_gap_days: int = 14  # DESIGN.md 4, small print; clinic setting

    def days_apart(self, per_week: int) -> int:
        """P3 as the least difference of two dates; raises ValueError for a frequency other than 2 or 3 a week."""
        if per_week not in FREQUENCIES:
            raise ValueError("an order is for 2 or 3 infusions a week")
        return 1 + (self.clear_days_at_3_a_week if per_week == 3 else self.clear_days_at_2_a_week)


DEFAULT_POLICY = Policy()


def day_words(day: date) -> str:
    """A date as people say it: "Tuesday, December 1"."""
    return f"{day:%A, %B} {day.day}"
