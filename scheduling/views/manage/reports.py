"""Reports for managers: a page each, a table first, and the same as a file."""

from collections.abc import Collection, Iterator
from urllib.parse import urlencode

from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from pacificmind import csvs
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import Site
from pacificmind.clock import today
from pacificmind.ui.parts import Tab
from scheduling.forms.reports import ReportForm
from scheduling.queries.reports import REPORTS, Report, Share, Table
from scheduling.queries.reports.shapes import Cell

ALERTS = "alerts"
ZONE = "America/Los_Angeles"  # in which the present month is the present one where there is no site yet


@require_safe
@page("manager")
def first(request: SignedInRequest) -> HttpResponseBase:
    """To the first report."""
    return redirect("manage-report", next(iter(REPORTS)))


@require_safe
@page("manager")
def show(request: SignedInRequest, report: str) -> HttpResponseBase:
    """One report as a table, with what each figure means."""
    found, form = _report(report), _form(request)
    table = found.work_out(form.wanted, form.span)
    record(Action.VIEW, f"report-{report}", by=request.user, changes=form.asked)
    query = urlencode(form.asked)
    context = {
        "report": found,
        "form": form,
        "table": table,
        "rows": _cells(table),
        "tabs": [
            Tab(one.title, f"{reverse('manage-report', args=[one.name])}?{query}", current=one is found)
            for one in REPORTS.values()
        ],
        "file_url": f"{reverse('manage-report-file', args=[report])}?{query}",
    }
    return render(request, "reports/show.html", context)


@require_safe
@page("manager")
def download(request: SignedInRequest, report: str) -> HttpResponseBase:
    """The report as CSV, sent as it is written; each download is on record."""
    _report(report)
    return _file(request, report, _form(request))


def _file(request: SignedInRequest, report: str, form: ReportForm) -> HttpResponseBase:
    if not form.is_valid():
        raise Http404
    table = REPORTS[report].work_out(form.wanted, form.span)
    record(Action.EXPORT, f"report-{report}", by=request.user, changes=form.asked)
    answer = StreamingHttpResponse(_lines(table), content_type="text/csv; charset=utf-8")
    months = f"{form.asked['since']}-to-{form.asked['until']}"
    answer["Content-Disposition"] = f'attachment; filename="{report}-{form.asked["site"] or "all"}-{months}.csv"'
    return answer


@require_safe
@page("clinician")
def alert_times(request: SignedInRequest) -> HttpResponseBase:
    """How fast alerts are taken at the clinician's own sites: counts and minutes, nobody's name."""
    form = _form(request, request.user.sites(Role.CLINICIAN))
    found = REPORTS[ALERTS]
    table = found.work_out(form.wanted, form.span)
    record(Action.VIEW, f"report-{ALERTS}", by=request.user, changes=form.asked)
    context = {
        "report": found,
        "form": form,
        "table": table,
        "rows": _cells(table),
        "tabs": [],
        "file_url": f"{reverse('clinic-alert-times-file')}?{urlencode(form.asked)}",
    }
    return render(request, "reports/show.html", context)


@require_safe
@page("clinician")
def alert_times_file(request: SignedInRequest) -> HttpResponseBase:
    """The same as CSV; each download is on record."""
    return _file(request, ALERTS, _form(request, request.user.sites(Role.CLINICIAN)))


def _lines(table: Table) -> Iterator[str]:
    if table.file_columns:
        return csvs.lines(table.file_columns, table.file_rows)
    return csvs.lines(
        table.columns, ([round(c.value, 1) if isinstance(c, Share) else c for c in row] for row in table.rows)
    )


def _cells(table: Table) -> list[tuple[Cell, list[tuple[str, Cell]]]]:
    return [(row[0], list(zip(table.columns[1:], row[1:], strict=True))) for row in table.rows]


def _report(name: str) -> Report:
    if name not in REPORTS:
        raise Http404
    return REPORTS[name]


def _form(request: SignedInRequest, only: Collection[str] | None = None) -> ReportForm:
    sites = [site for site in Site.objects.order_by("name") if only is None or site.pk in only]
    zone = sites[0].zone if sites else ZONE
    return ReportForm(request.GET, sites=sites, today=today(zone))
