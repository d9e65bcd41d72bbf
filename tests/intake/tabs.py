"""A window of a patient's on a part of the intake."""

import html
import json
import re
from typing import Any

from django.test import Client
from django.urls import reverse

from intake.models import Patient
from intake.views.typed import whose


def signed_in(who: Patient) -> Client:
    client = Client()
    assert who.user
    client.force_login(who.user)
    return client


def url(slug: str) -> str:
    return reverse("intake-section", args=[slug])


class Tab:
    """A page opened in a web: it remembers its hidden fields, as a web does."""

    def __init__(self, web: Client, who: Patient, slug: str) -> None:
        self.web, self.slug = web, slug
        self.words = web.get(url(slug)).content.decode()
        self.hidden = {name: self._hidden(name) for name in ("whose", "seen", "page", "step")}
        assert self.hidden["whose"] == whose(who)

    def _hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.words)
        assert found
        return html.unescape(found[1])

    def send(self, **fields: Any) -> Any:
        return self.web.post(url(self.slug), self._fields(fields))

    def types(self, **fields: Any) -> Any:
        """What the script does as one types: counts, sends, and keeps what the page now shows."""
        self.hidden["step"] = str(int(self.hidden["step"]) + 1)
        response = self.web.post(reverse("intake-autosave", args=[self.slug]), self._fields(fields))
        if response.status_code == 200:
            self.hidden["seen"] = json.dumps(response.json()["seen"])
        return response

    def chooses(self, item: str, value: Any) -> None:
        """Touches a question after reading what another window answered."""
        self.hidden["seen"] = json.dumps({**json.loads(self.hidden["seen"]), item: value})

    def _fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {**self.hidden, **{name.replace("__", "-"): value for name, value in fields.items()}}


MOOD = {f"phq9__{n}": "1" for n in range(1, 9)}  # the part with the PHQ-9
