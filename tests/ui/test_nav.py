"""Who sees which link."""

import pytest

from pacificmind.ui import nav

pytestmark = pytest.mark.urls("tests.ui.urls")


def labels(*roles: str, path: str = "/") -> dict[str, str]:
    return {link.label: link.current for link in nav.links_for(frozenset(roles), path)}


def test_each_role_sees_its_own_and_only_what_exists() -> None:
    assert labels("patient") == {"Home": "", "Messages": ""}
    assert labels("front_desk") == {"Inbox": ""}  # the desk's other pages do not exist in these urls
    assert labels("manager") == {}
    assert labels(nav.VISITOR) == {}


def test_someone_with_two_roles_sees_both() -> None:
    assert set(labels("patient", "front_desk")) == {"Home", "Messages", "Inbox"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/me/", {"Home": "page", "Messages": ""}),
        ("/me/messages/", {"Home": "", "Messages": "page"}),
        ("/me/messages/7/", {"Home": "", "Messages": "true"}),
        ("/elsewhere/", {"Home": "", "Messages": ""}),
    ],
)
def test_at_most_one_link_is_current(path: str, expected: dict[str, str]) -> None:
    assert labels("patient", path=path) == expected
