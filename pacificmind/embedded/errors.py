"""The one error of this package."""


class EmbeddedError(Exception):
    """Something that stops the start. Its message is for a person: what is wrong, and what to do about it."""
