"""What scheduling may know of how people are found: the expressions that the indexes of patients were built on."""

from intake.models.names import SEARCHED_NAME, Backwards, searched

__all__ = ["SEARCHED_NAME", "Backwards", "searched"]
