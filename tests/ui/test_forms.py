"""What a refused form says, and that a repeated sending keeps its name."""

import re
import uuid

from django import forms
from django.template import Context, Template

from pacificmind.ui.forms import RequestIdForm, RequestIdMixin, form_helper
from pacificmind.ui.gallery_data import GalleryForm
from pacificmind.ui.templatetags.ui import problems
from pacificmind.ui.words import kind_error

GOOD = {"name": "Maya", "email": "m@example.org", "day": "2027-03-09", "site": "la", "often": "0", "agree": "on"}


def crispy(form: forms.Form) -> str:
    return Template("{% load crispy_forms_tags %}{% crispy form %}").render(Context({"form": form}))


def tag(html: str, ident: str) -> str:
    """The opening tag that has this id."""
    found = re.search(rf'<[^>]*\bid="{ident}"[^>]*>', html)
    assert found, f"nothing has the id {ident}"
    return found.group()


def test_every_link_of_the_summary_leads_to_a_control() -> None:
    html = crispy(GalleryForm({}))
    targets = re.findall(r'<li><a href="#([^"]+)"', html)
    assert targets == ["id_name", "id_email", "id_day", "id_site", "id_often_0", "id_agree"]
    for target in targets:
        assert re.match(r"<(input|select|textarea)\b", tag(html, target))


def test_the_summary_names_only_what_is_wrong() -> None:
    form = GalleryForm(GOOD | {"email": "nonsense", "request_id": str(uuid.uuid4())})
    assert problems(form) == [("id_email", "E-mail: Please write the address like name@example.org.")]
    assert problems(GalleryForm(GOOD | {"request_id": str(uuid.uuid4())})) == []
    assert problems(GalleryForm()) == []


def test_a_question_is_not_followed_by_a_colon() -> None:
    found = dict(problems(GalleryForm(GOOD | {"often": "9"})))
    assert found["id_often_0"].endswith("sleep poor? Please choose one of the answers.")


def test_error_and_hint_describe_the_control() -> None:
    html = crispy(GalleryForm({"email": "nonsense"}))
    control = tag(html, "id_email")
    assert 'aria-invalid="true"' in control
    described = re.search(r'aria-describedby="([^"]+)"', control)
    assert described
    for ident in described.group(1).split():
        tag(html, ident)
    assert {"id_email_helptext", "id_email_error"} <= set(described.group(1).split())
    assert "aria-invalid" not in tag(crispy(GalleryForm()), "id_email")


def test_a_group_of_answers_is_a_fieldset_described_by_its_error() -> None:
    html = crispy(GalleryForm({"often": "9"}))
    group = re.search(r'<fieldset aria-describedby="([^"]+)">\s*<legend class="form-label">Over the last', html)
    assert group
    for ident in group.group(1).split():
        tag(html, ident)
    assert html.count('class="choice"') == 4 + 2 + 1


def test_optional_is_said_and_required_is_not_starred() -> None:
    html = crispy(GalleryForm())
    assert re.search(r"Anything we should know <span[^>]*>\(optional\)", html)
    assert "Your name <span" not in html
    assert "*" not in html


def test_what_was_typed_survives() -> None:
    html = crispy(GalleryForm({"name": "Maya <b>", "often": "2"}))
    assert 'value="Maya &lt;b&gt;"' in tag(html, "id_name")
    assert " checked" in tag(html, "id_often_2")


def test_the_button_says_what_it_does() -> None:
    assert re.search(
        r'<button type="submit"[^>]*class="[^"]*btn-primary[^"]*"[^>]*>Send this sample</button>', crispy(GalleryForm())
    )


def test_request_id_is_fresh_per_page_and_kept_on_redisplay() -> None:
    first, second = RequestIdForm()["request_id"].value(), RequestIdForm()["request_id"].value()
    assert uuid.UUID(first) != uuid.UUID(second)
    bound = RequestIdForm({"request_id": first})
    assert bound.is_valid()
    assert bound.cleaned_data["request_id"] == uuid.UUID(first)
    assert f'value="{first}"' in str(bound["request_id"])


def test_an_unreadable_request_id_is_refused_and_replaced() -> None:
    bound = RequestIdForm({"request_id": "x' OR 1=1"})
    assert not bound.is_valid()
    assert problems(bound) == [("", "This page was incomplete. Nothing was sent: please send it once more.")]
    again = re.search(r'value="([^"]+)"', str(bound["request_id"]))
    assert again
    assert RequestIdForm({"request_id": again.group(1)}).is_valid()


def test_a_domain_error_stands_on_top() -> None:
    class Move(RequestIdMixin, forms.Form):
        helper = form_helper("Move")

    form = Move({"request_id": str(uuid.uuid4())})
    form.add_error(None, "This time was just taken. Choose another.")
    assert re.search(r'role="alert".*<li>This time was just taken\. Choose another\.</li>', crispy(form), re.DOTALL)


def test_framework_messages_are_said_kindly_and_own_ones_are_left() -> None:
    assert kind_error("This field is required.") == "Please fill this in."
    assert (
        kind_error("Ensure this value has at most 80 characters (it has 90).")
        == "Please shorten this to 80 characters or fewer."
    )
    assert kind_error("Ensure this value is greater than or equal to 1.") == "Please give 1 or more."
    assert kind_error("Ensure this value is less than or equal to 2.5.") == "Please give 2.5 or less."
    assert kind_error("Please give your birth date.") == "Please give your birth date."
