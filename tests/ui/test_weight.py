"""Patient pages carry less than 100 KB of script and style, compressed."""

import gzip
import re

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

LIMIT_BYTES = 100_000


def _files(html: str) -> list[str]:
    # Hashed names of a manifest storage would not be found by the finders; tests run with plain storage.
    return re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js))"', html)


@pytest.mark.parametrize("template", ["public/home.html", "public/crisis.html", "account/verification_sent.html"])
def test_script_and_style_fit_a_slow_phone(template: str) -> None:
    files = _files(render_to_string(template))
    assert "css/app.css" in files
    assert "vendor/bootstrap/bootstrap.min.css" in files
    weight = 0
    for name in files:
        path = finders.find(name)
        assert path, name
        with open(path, "rb") as handle:
            weight += len(gzip.compress(handle.read()))
    assert weight < LIMIT_BYTES
