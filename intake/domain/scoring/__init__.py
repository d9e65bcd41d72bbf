"""One engine for every instrument: raw answers in, score out. Totals are computed here and nowhere else.

`score(instrument, items, context)`; the shapes of `items` and `context` are in docs/scoring.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from intake.domain.scoring import screens, staging, suicide, symptoms
from intake.domain.scoring.model import NOTHING, Context, Invalid, Score, Status

__all__ = ["INSTRUMENTS", "Score", "Status", "UnknownInstrument", "score"]

Scorer = Callable[[object, Context], Score]

VERSION = "1"  # of the scoring rules; raise it when a rule changes, so that a stored score says what it is

INSTRUMENTS: Mapping[str, Scorer] = MappingProxyType(
    {
        "PHQ-9": symptoms.phq9,
        "PHQ-2": symptoms.phq2,
        "GAD-7": symptoms.gad7,
        "PCL-5": symptoms.pcl5,
        "PC-PTSD-5": screens.pcptsd5,
        "MDQ": screens.mdq,
        "RMS": screens.rms,
        "AUDIT-C": screens.audit_c,
        "AUDIT": screens.audit,
        "DAST-10": screens.dast10,
        "SISQ-Drug": screens.sisq,
        "TAPS-1": screens.taps1,
        "ASQ": suicide.asq,
        "C-SSRS-screener": suicide.cssrs,
        "QIDS-SR16": symptoms.qids_sr16,
        "CUDOS": symptoms.cudos,
        "MADRS": symptoms.madrs,
        "CADSS-6": symptoms.cadss6,
        "MSM": staging.msm,
        "OUTCOME": staging.outcome,
        "VITALS-GATE": staging.vitals_gate,
    }
)


class UnknownInstrument(LookupError):
    """No scoring is known under this name; nothing is guessed."""


def score(instrument: str, items: object, context: Context | None = None) -> Score:
    """Score raw answers. Bad answers give status `invalid`, never an exception.

    Raises UnknownInstrument for a name that is not in INSTRUMENTS. Context keys an instrument does not use are ignored.
    """
    if instrument not in INSTRUMENTS:
        raise UnknownInstrument(f"unknown instrument: {instrument!r}")
    try:
        result = INSTRUMENTS[instrument](items, _context(context))
    except Invalid as problem:
        result = Score("invalid", extra={"reason": str(problem)})
    return replace(result, instrument=instrument, version=VERSION, extra=MappingProxyType(dict(result.extra)))


def _context(context: object) -> Context:
    if context is None:
        return NOTHING
    if not isinstance(context, Mapping):
        raise Invalid("context must be named values")
    return context
