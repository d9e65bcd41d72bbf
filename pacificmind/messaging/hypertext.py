"""A written message in HTML, as a mail and as a preview show it. Every word and value is escaped by format_html."""

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from pacificmind.messaging.written import Part, Row, Writer

_PAGE = """<!doctype html>
<html lang="{}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{}</title>
</head>
<body>
{}</body>
</html>
"""


def page(by: Writer, subject: str, parts: Iterable[Part], stop: str = "") -> SafeString:
    """The whole mail."""
    return format_html(_PAGE, by.script.language, subject, body(by, parts, stop))


def body(by: Writer, parts: Iterable[Part], stop: str = "") -> SafeString:
    """What stands between greeting and end, both included; `stop` is the link that ends such mails."""
    *closing, helps = by.closing()
    said = [format_html("<p>{}</p>", by.hello()), *(_part(part) for part in parts)]
    said += [format_html("<p>{}</p>", line) for line in closing]
    said.append(format_html("<p><small>{}</small></p>", helps))
    if stop:
        words = by.phrase("no_more"), stop, by.phrase("no_more_link")
        said.append(format_html('<p><small>{} <a href="{}">{}</a></small></p>', *words))
    return format_html_join("", "  {}\n", ((one,) for one in said))


def _part(part: Part) -> SafeString:
    if part.rows:
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((_row(row),) for row in part.rows)))
    if part.url:
        return format_html('<p><a href="{}">{}</a> {}</p>', part.url, part.text, part.note)
    return format_html("<p>{}</p>", part.text)


def _row(row: Row) -> SafeString:
    more = [(line,) for line in (row.where, row.was) if line]
    return format_html("<strong>{}</strong>{}", row.when, format_html_join("", "<br>{}", more))
