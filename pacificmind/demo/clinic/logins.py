"""The demo's log-ins, as bin/run prints them."""

from pathlib import Path

from pacificmind.demo.clinic.staff import PASSWORD

LOGINS = (
    ("Patient", "Nadia Rahman", "nadia.rahman@example.com", "a series under way"),
    ("Patient", "Daniel Whitfield", "daniel.whitfield@example.com", "a booster that falls due now: read the mail"),
    ("Patient", "Grace Lindholm", "grace.lindholm@example.com", "may choose the time of a booster"),
    ("Patient", "Amy Collins", "amy.collins@example.com", "an intake half done"),
    ("Patient", "Elena Park", "elena.park@example.com", "an account and nothing else: begin here"),
    ("Front desk LA", "Tanya Brooks", "desk-la@pacificmind.example", "inbox, calendar, two visits to check in today"),
    ("Front desk LB", "Kevin Nakamura", "desk-lb@pacificmind.example", "the other site; two records that look alike"),
    ("Prescriber", "Dr. Amara Okafor", "okafor@pacificmind.example", "review queue, safety alerts, a stage to release"),
    ("Nurse", "Grace Kim, RN", "kim@pacificmind.example", "today's visits"),
    ("Manager", "Marisol Vega", "manager@pacificmind.example", "settings, staff"),
)


def text() -> str:
    """The list as a table of plain text."""
    heads = ("Role", "Name", "E-mail", "What to look at")
    rows = [heads, *LOGINS]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join([*(row[c].ljust(widths[c]) for c in range(3)), row[3]]) for row in rows]
    return "\n".join([f"Demo log-ins, all with the password {PASSWORD}:", "", *lines]) + "\n"


def write(path: Path) -> None:
    """Write the list whole or not at all, for its owner alone."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.touch(mode=0o600)
    temporary.write_text(text())
    temporary.replace(path)
