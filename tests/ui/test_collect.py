"""The style sheets survive hashing: every file they refer to is there."""

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import override_settings

from pacificmind.ui.errors import SHEETS


def test_static_files_collect_under_hashed_names(tmp_path: Path) -> None:
    hashed = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    with override_settings(STATIC_ROOT=tmp_path, STORAGES={**settings.STORAGES, "staticfiles": hashed}):
        call_command("collectstatic", interactive=False, verbosity=0)
        for name in (*SHEETS, "js/app.js", "img/mark.svg", "css/public.css"):
            url = staticfiles_storage.url(name)
            assert url != f"/static/{name}"
            assert (tmp_path / url.removeprefix("/static/")).is_file()
