"""The clinic's own screening rules: a change that waits for a prescriber's signature."""

from datetime import time

from intake.services import rules
from pacificmind.accounts.models import User
from pacificmind.demo.clinic import staff
from pacificmind.demo.clinic.steps import Clinic
from pacificmind.demo.clinic.walk import at


def propose(clinic: Clinic) -> None:
    """A manager asks for the more sensitive cut of the PCL-5 (CLINICAL 9: for the medical director to decide)."""
    with at(clinic.back(1, time(15))):
        rules.propose(
            by=User.objects.get(email=staff.MANAGER),
            thresholds={"pcl5_positive": 32, "bmi_high": 32},
            off=[],
            reasons={"D61": "Aged {older_years} or more: slower titration, falls, blood pressure; give our leaflet."},
            why="We would rather look at one too many after hard events; weights of our dosing plan begin at 32.",
        )
