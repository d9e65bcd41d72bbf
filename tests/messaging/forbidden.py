"""The product's one list of words that nothing may carry."""

from pacificmind.messaging.forbidden import forbidden_in

__all__ = ["forbidden_in"]
