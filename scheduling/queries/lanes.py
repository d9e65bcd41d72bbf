"""A clinician's lanes as plain numbers: a visit that takes the clinician whole may leave its upper end open."""

from scheduling.models import Appointment

MOST = 12  # lanes a clinician can have


def lanes_of(visit: Appointment) -> range:
    """The lanes that a visit takes."""
    return range(visit.lanes.lower, MOST if visit.lanes.upper is None else visit.lanes.upper)
