"""Lists that show their first rows: they say that there are more, and lead to all of them."""

import pytest
from django.template.loader import render_to_string

from pacificmind.ui.parts import part


@pytest.mark.parametrize(("rows", "most", "shown", "more"), [(3, 3, 3, False), (4, 3, 3, True), (9, None, 9, False)])
def test_a_part_knows_whether_there_are_more(rows: int, most: int | None, shown: int, more: bool) -> None:
    found = part(range(rows), most)
    assert (list(found), found.more) == (list(range(shown)), more)
    words = render_to_string("components/more.html", {"rows": found, "what": "visits"})
    assert ('href="?all=1"' in words and f"{shown} are shown; there are more" in words) is more
