"""The cast itself: what one test does must not change what the next one meets."""

import pytest
from django.test import override_settings

from tests import cast

pytestmark = pytest.mark.django_db


def test_the_password_opens_under_the_products_settings_whoever_asked_for_the_first_account() -> None:
    """Its hash is kept for the whole run: made under a test's quicker way, it refused every later sign-in."""
    cast._hashed.cache_clear()
    quick = ["django.contrib.auth.hashers.MD5PasswordHasher", "django.contrib.auth.hashers.Argon2PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=quick):
        user = cast.user()
    assert user.check_password(cast.PASSWORD)
