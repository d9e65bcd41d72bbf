"""What can become of one attempt to send."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it. `reference` is what both sides call it."""

    reference: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Certainly not sent, and another try may help. `outage`: nobody answered at all, so others will fare the same."""

    why: str
    outage: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Certainly not sent, and trying again will not help."""

    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have left: the answer never came. Nobody may send it again by itself (RELIABILITY I4)."""

    why: str


Outcome = Accepted | TryAgain | Refused | Unknown
OUTAGE = "The mail server could not be reached. It will be tried again."
SMS_OUTAGE = "The text provider could not be reached. It will be tried again."
NOT_KNOWN = "It is not known whether it left: the connection broke before the answer."
