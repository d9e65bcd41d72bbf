from pathlib import Path

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class IntakeConfig(AppConfig):
    name = "intake"

    def ready(self) -> None:
        """Say what intake writes, and what keeps a patient's answers where a request cannot be answered."""
        from intake import messages_consent, messages_review, recipients, texting
        from intake.messages import register_messages
        from intake.views import failsafe, requests
        from pacificmind.ui.errors import register_rescue

        _take_licensed_wording()
        recipients.register()
        texting.register()
        register_messages()
        messages_review.register_messages()
        messages_consent.register_messages()
        register_rescue(failsafe.rescue)
        register_rescue(requests.rescue)


def _take_licensed_wording() -> None:
    """Read it at start: a file that is doubtful stops the start, and nobody is asked from it."""
    from intake.domain.library import use_licensed
    from intake.domain.reading import DataError

    try:
        use_licensed(Path(settings.LICENSED_TEXTS) if settings.LICENSED_TEXTS else None)
    except DataError as problem:
        raise ImproperlyConfigured(f"LICENSED_TEXTS: {problem}") from problem
