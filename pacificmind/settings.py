"""Settings: one file for every place. What is missing stays unset, and serving without it is refused (checks.py)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF

from pacificmind import env
from pacificmind.logs import of_the_request, quiet_exceptions

BASE_DIR = Path(__file__).resolve().parent.parent

DEMO = env.boolean("DEMO", default=False)
DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY")  # unset: Django refuses at first use
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
# Links in mails are made from this, never from a request.
BASE_URL = env.text("BASE_URL", "http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [BASE_URL]

INSTALLED_APPS = [
    "pacificmind.ui",
    "pacificmind.clinic",
    "pacificmind.accounts",
    "pacificmind.audit",
    "pacificmind.idempotency",
    "pacificmind.messaging",
    "pacificmind.tasks",
    "intake",
    "scheduling",
    *(["pacificmind.demo"] if DEMO else []),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django.contrib.humanize",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_celery_beat",
]

MIDDLEWARE = [
    "pacificmind.proxies.TrustedProxies",
    "pacificmind.ui.middleware.RequestReference",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "pacificmind.ui.middleware.ContentSecurity",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "pacificmind.accounts.middleware.SessionLength",
    "pacificmind.accounts.middleware.SecondFactor",
]

ROOT_URLCONF = "pacificmind.urls"
WSGI_APPLICATION = "pacificmind.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "pacificmind.ui.context.clinic",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- database: `default` serves and cannot change audit rows, `owner` migrates (RELIABILITY M15) -------------------
_UNSET: dict[str, Any] = {"ENGINE": "django.db.backends.dummy"}


def _database(name: str, *, keep_seconds: int) -> dict[str, Any]:
    options = {
        "connect_timeout": 5,
        # What is prepared is planned once a connection (ADR 19), not anew where the values look as if it paid.
        "options": "-c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000"
        " -c plan_cache_mode=force_generic_plan",
    }
    found = env.database(name)
    asked = found.get("OPTIONS", {})  # of the address: sslmode=verify-full must not get lost
    return {
        **found,
        "CONN_MAX_AGE": keep_seconds,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**(options if keep_seconds else {"connect_timeout": 5}), **asked},
    }


DATABASES: dict[str, dict[str, Any]] = {
    "default": _database("DATABASE_URL", keep_seconds=60) if env.text("DATABASE_URL") else _UNSET,
}
if env.text("DATABASE_OWNER_URL"):
    DATABASES["owner"] = _database("DATABASE_OWNER_URL", keep_seconds=0)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOCK_TIMEOUT = timedelta(seconds=3)
PREPARE = env.boolean("DATABASE_PREPARES", default=True)  # not behind a pooler that deals connections by transaction

# --- people ------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["pacificmind.accounts.backends.Backend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    # 15 characters: NIST SP 800-63B-4 for a password that stands alone
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "start"
ACCOUNT_ADAPTER = "pacificmind.accounts.adapter.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CONFIRM_EMAIL_ON_GET = False  # mail scanners follow links
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if BASE_URL.startswith("https") else "http"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = False
MFA_TOTP_ISSUER = "Pacific Mind"
MFA_TOTP_TOLERANCE = 1  # steps of 30 s before and after: digits typed as they change, a phone's clock (RFC 6238, 5.2)
MFA_FORMS = {
    "authenticate": "pacificmind.accounts.second_factor.AuthenticateForm",
    "reauthenticate": "pacificmind.accounts.second_factor.ReauthenticateForm",
}
STAFF_SESSION = timedelta(minutes=15)  # idle; HIPAA 164.312(a)(2)(iii)
PATIENT_SESSION = timedelta(hours=1)  # idle: an intake is read slowly

# --- web ---------------------------------------------------------------------------------------------------------
HTTPS = BASE_URL.startswith("https://")
SECURE_SSL_REDIRECT = HTTPS
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.boolean("BEHIND_PROXY", default=False) else None
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_ENGINE = "pacificmind.accounts.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "pacificmind.ui.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DATA_UPLOAD_MAX_MEMORY_SIZE = 512_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000  # a full table of the intake, filled once more in a second window, has 560
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "style-src": [SELF],
        "script-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: [] for name in ("camera", "microphone", "geolocation", "payment", "usb", "accelerometer", "gyroscope")
}
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if (STATIC_ROOT / "staticfiles.json").exists()
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        # Rate limits and used codes: past so many a third is thrown away, and at Django's 300 an attack would do that.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}

# --- language, time ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
USE_TZ = True
TIME_ZONE = "UTC"  # people's times are always shown in a site's zone, named
USE_I18N = True

# --- mail, clinic ------------------------------------------------------------------------------------------------
if env.text("EMAIL_URL"):
    vars().update(env.email("EMAIL_URL"))
EMAIL_TIMEOUT = 10
ANYMAIL = {
    "REQUESTS_TIMEOUT": (3.05, 10),
    **env.json_object("ANYMAIL"),
}  # a provider's keys, where EMAIL_BACKEND names one of django-anymail's
if env.text("EMAIL_BACKEND"):
    EMAIL_BACKEND = env.text("EMAIL_BACKEND")
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", "Pacific Mind Health <no-reply@pacificmind.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
DEMO_PHONE = "+1 213 555 0142"
CLINIC_PHONE = env.text("CLINIC_PHONE", DEMO_PHONE)  # for pages shown when the database is away
CLINIC_NAME = "Pacific Mind Health"
PHONENUMBER_DEFAULT_REGION = "US"
MAILSINK_DIR = env.text("MAILSINK_DIR")
LICENSED_TEXTS = env.text("LICENSED_TEXTS")  # folder of wording the clinic has a licence for; docs/licensed-texts.md
VIDEO_ROOM_URL = env.text("VIDEO_ROOM_URL")  # as https://video.example/{room}; unset: the clinician calls
# Texts leave through Twilio where SMS_URL (twilio://ACCOUNT:TOKEN@api.twilio.com?from=%2B12135550100) or the four
# variables are set; else into the demo's folder.
TWILIO_ACCOUNT_SID = env.text("TWILIO_ACCOUNT_SID")
TWILIO_AUTH_TOKEN = env.text("TWILIO_AUTH_TOKEN")
TWILIO_FROM = env.text("TWILIO_FROM")
TWILIO_API_URL = env.text("TWILIO_API_URL", "https://api.twilio.com")
if env.text("SMS_URL"):
    vars().update(env.sms("SMS_URL"))
CLOCK_SHIFT_FILE = env.text("CLOCK_SHIFT_FILE")  # journeys only; heeded in the demo alone

# --- Celery: the broker is never the record (RELIABILITY M4 to M9) -----------------------------------------------
CELERY_BROKER_URL = env.text("REDIS_URL")
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "retry_on_timeout": True,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 240  # below half of the visibility timeout
CELERY_TASK_SOFT_TIME_LIMIT = 180
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "pacificmind.beat:Scheduler"
CELERY_BEAT_SCHEDULE = {
    "deliver": {"task": "messaging.deliver", "schedule": 10.0, "options": {"expires": 30}},
    "canary": {"task": "messaging.canary", "schedule": 30.0, "options": {"expires": 60}},
    "remove-old-messages": {
        "task": "messaging.remove-old",
        "schedule": crontab(hour="10", minute="30"),  # UTC: between 2 and 4 in the night of California
        "options": {"expires": 7200},
    },
    "sweep-messages": {"task": "messaging.sweep", "schedule": 60.0, "options": {"expires": 60}},
    "boosters": {"task": "scheduling.boosters", "schedule": 30.0, "options": {"expires": 60}},
    "watch": {"task": "scheduling.watch", "schedule": 60.0, "options": {"expires": 60}},
    "owed": {"task": "scheduling.owed", "schedule": 300.0, "options": {"expires": 300}},
    "waitlist": {"task": "scheduling.waitlist", "schedule": 60.0, "options": {"expires": 60}},
    "pages": {"task": "intake.pages", "schedule": 20.0, "options": {"expires": 60}},
    "rota": {"task": "intake.rota", "schedule": 300.0, "options": {"expires": 300}},
    "friendly": {"task": "intake.friendly", "schedule": 900.0, "options": {"expires": 900}},
    "rules": {"task": "intake.rules", "schedule": 60.0, "options": {"expires": 60}},
    "seal-audit": {"task": "audit.seal", "schedule": 60.0, "options": {"expires": 60}},
}

# --- logs: one JSON object a line, no patient data -----------------------------------------------------------------
_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
structlog.configure(
    processors=[
        *_SHARED,
        quiet_exceptions,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "pacificmind.logs.QuietFormatter",
            "processor": structlog.processors.JSONRenderer(),
            "foreign_pre_chain": [*_SHARED, of_the_request],
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO"},
        "django.server": {"handlers": ["stderr"], "propagate": False},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
