"""System checks of our own, each with an id; and the refusal to serve without what serving needs."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, Info, Tags, register
from django.core.checks import Warning as Notice
from django.core.exceptions import ImproperlyConfigured

DEMO_KEY_PREFIX = "demo-"


def _secret_key() -> str:
    """The key, or nothing: Django itself refuses to be asked for one that is not set."""
    try:
        return settings.SECRET_KEY
    except ImproperlyConfigured:
        return ""


def missing() -> list[str]:
    """Names of the settings without which nothing may serve."""
    wanted = {
        "SECRET_KEY": bool(_secret_key()),
        "DATABASE_URL": "dummy" not in settings.DATABASES["default"]["ENGINE"],
        "REDIS_URL": bool(settings.CELERY_BROKER_URL),
        "ALLOWED_HOSTS": bool(settings.ALLOWED_HOSTS) or settings.DEBUG,
    }
    return [name for name, present in wanted.items() if not present]


def refuse_to_serve_unconfigured() -> None:
    """Stop a web server or a worker whose settings are incomplete, naming all that is missing at once."""
    if names := missing():
        raise ImproperlyConfigured(f"Set {', '.join(names)} (see README, Deploying).")


@register(Tags.security, deploy=True)
def deploy_checks(app_configs: Any, **kwargs: Any) -> list[Error | Notice | Info]:
    """What production must not be without."""
    found: list[Error | Notice | Info] = [Error(f"{name} is not set.", id="pacificmind.E001") for name in missing()]
    if settings.DEMO:
        found.append(Error("DEMO is on: demo log-ins are public.", hint="Unset DEMO.", id="pacificmind.E002"))
    if _secret_key().startswith(DEMO_KEY_PREFIX):
        found.append(Error("SECRET_KEY was made for the demo.", hint="Make a new one.", id="pacificmind.E003"))
    if settings.DEBUG:
        found.append(Error("DEBUG is on: error pages would show answers.", hint="Unset it.", id="pacificmind.E006"))
    if not settings.BASE_URL.startswith("https://"):
        found.append(Error("BASE_URL is not https.", id="pacificmind.E004"))
    owner = settings.DATABASES.get("owner")
    if owner is None or owner.get("USER") == settings.DATABASES["default"].get("USER"):
        found.append(
            Error(
                "The serving role owns the tables: it could change the audit.",
                hint="Give DATABASE_URL a role of its own and DATABASE_OWNER_URL the owner's to migrate and check.",
                id="pacificmind.E005",
            )
        )
    if settings.CLINIC_PHONE == settings.DEMO_PHONE:
        found.append(
            Error("CLINIC_PHONE is not set: error pages would show a number nobody answers.", id="pacificmind.E007")
        )
    if "EMAIL_HOST" not in dir(settings) or settings.EMAIL_HOST in ("localhost", ""):
        found.append(Notice("EMAIL_URL is not set: mail goes to localhost.", id="pacificmind.W001"))
    if settings.DEFAULT_FROM_EMAIL.rstrip(">").endswith(".example"):
        found.append(Notice("MAIL_FROM is not set: mails would come from the demo's address.", id="pacificmind.W002"))
    return [*found, *_texts()]


def _texts() -> list[Error | Info]:
    """Whether texts can leave, and whether the provider's key stays secret."""
    told = [settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_FROM]
    if not any(told):
        return [Info("Texts are not set up (SMS_URL): the front desk calls instead.", id="pacificmind.I001")]
    if not all(told):
        return [Error("TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM go together.", id="pacificmind.E008")]
    if not settings.TWILIO_API_URL.startswith("https://"):
        return [Error("The text provider is not reached by https: its key would be read.", id="pacificmind.E009")]
    return []
