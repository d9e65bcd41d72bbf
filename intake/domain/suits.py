"""Times of the week that suit somebody: mornings and afternoons of the weekdays, as codes and in words."""

from __future__ import annotations

from collections.abc import Iterable

DAYS = (("mon", "Monday"), ("tue", "Tuesday"), ("wed", "Wednesday"), ("thu", "Thursday"), ("fri", "Friday"))
PARTS = (("am", "morning"), ("pm", "afternoon"))
CODES = {f"{day}-{part}": f"{name} {word}" for day, name in DAYS for part, word in PARTS}


def words(codes: Iterable[str]) -> list[str]:
    """Such as ["Monday morning", "Friday afternoon"], in order of the week; unknown codes are left out."""
    chosen = set(codes)
    return [said for code, said in CODES.items() if code in chosen]
