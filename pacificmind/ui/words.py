"""The framework's own error messages in the clinic's words: what to do, not what went wrong inside."""

from __future__ import annotations

import re

_PHONE = "Please write the number with its area code, like (213) 555-0142."
_WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"^This field is required\.$", "Please fill this in."),
        (r"^Select a valid choice\..*", "Please choose one of the answers."),
        (r"^Enter a valid email address\.$", "Please write the address like name@example.org."),
        (r"^Enter a valid date\.$", "Please write the date as month, day and year."),
        (r"^Enter a valid time\.$", "Please write the time like 10:30 am."),
        (r"^Enter a valid date/time\.$", "Please write the date and the time."),
        (r"^Enter a (?:valid|whole) number\.$", "Please write a number, in digits."),
        (r"^Enter a valid phone number.*", _PHONE),
        (
            r"^The phone number entered is not valid\.$",
            _PHONE,
        ),
        (r"^Ensure this value has at most (\d+) characters? .*", r"Please shorten this to \1 characters or fewer."),
        (r"^Ensure this value has at least (\d+) characters? .*", r"Please write at least \1 characters."),
        (r"^Ensure this value is greater than or equal to (\S+)\.$", r"Please give \1 or more."),
        (r"^Ensure this value is less than or equal to (\S+)\.$", r"Please give \1 or less."),
        (r"^Null characters are not allowed\.$", "Please remove the unreadable characters."),
    )
)


def kind_error(message: str) -> str:
    """The message in our words, or as it is where it already is a form's own."""
    for pattern, words in _WORDS:
        if pattern.match(message):
            return pattern.sub(words, message)
    return message
