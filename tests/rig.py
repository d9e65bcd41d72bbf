"""Before Django starts: the servers that the tests run on. Loaded by pytest as a plugin (`-p tests.rig`)."""

import atexit
import os
import secrets
import tempfile
from contextlib import ExitStack
from pathlib import Path


def _start_servers() -> None:
    """Embedded PostgreSQL and Valkey, once for a run (workers of xdist inherit the addresses)."""
    from pacificmind.embedded.cluster import running

    stack = ExitStack()
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="pm-", ignore_cleanup_errors=True))
    urls = stack.enter_context(running(Path(folder) / "var", durable=False))
    atexit.register(stack.close)
    os.environ["DATABASE_URL"] = urls.database_url
    os.environ["DATABASE_OWNER_URL"] = urls.database_owner_url
    os.environ["REDIS_URL"] = urls.redis_url


if "DATABASE_URL" not in os.environ:
    _start_servers()
if "STATIC_ROOT" not in os.environ:
    _static = tempfile.TemporaryDirectory(prefix="pm-static-", ignore_cleanup_errors=True)
    atexit.register(_static.cleanup)
    os.environ["STATIC_ROOT"] = _static.name
os.environ.setdefault("SECRET_KEY", f"test-{secrets.token_urlsafe(40)}")
os.environ.setdefault("DEMO", "1")
os.environ.setdefault("ALLOWED_HOSTS", "127.0.0.1,localhost,testserver")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
