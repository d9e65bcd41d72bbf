"""The front desk's addresses: calendars, arrivals, booking, one visit."""

from datetime import date

from django.urls import URLPattern, path, register_converter

from scheduling.views.desk import actions, arrivals, board, booking, calendar, hand_over, undo, visits, vitals

FIRST_YEAR, LAST_YEAR = 2000, 2199


class DeskDay:
    """A calendar date in an address; what is no date, or far from any calendar, is no page."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        """The date; ValueError means 404."""
        day = date.fromisoformat(value)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueError(value)
        return day

    def to_url(self, value: date | str) -> str:
        """Such as 2027-03-09."""
        return value if isinstance(value, str) else value.isoformat()


register_converter(DeskDay, "deskday")

urlpatterns: list[URLPattern] = [
    path("desk/calendar/", calendar.today, name="desk-calendar-today"),
    path("desk/calendar/<slug:site>/<deskday:day>/", calendar.day, name="desk-calendar"),
    path("desk/calendar/<slug:site>/<deskday:day>/week/", calendar.week, name="desk-calendar-week"),
    path("desk/calendar/<slug:site>/<deskday:day>/print/", calendar.sheet, name="desk-print"),
    path("desk/board/<slug:site>/<deskday:day>/version/", board.pulse, name="desk-board-pulse"),
    path("desk/board/<slug:site>/<deskday:day>/rows/", board.live, name="desk-board-live"),
    path("desk/arrivals/", arrivals.today, name="desk-arrivals-today"),
    path("desk/arrivals/<slug:site>/<deskday:day>/", arrivals.day, name="desk-arrivals"),
    path("desk/book/<slug:site>/", booking.choose_patient, name="desk-book"),
    path("desk/book/<slug:site>/<uuid:patient>/", booking.book, name="desk-book-patient"),
    path("desk/visits/<uuid:visit>/", visits.show, name="desk-visit"),
    path("desk/visits/<uuid:visit>/move/", visits.move, name="desk-visit-move"),
    path("desk/visits/<uuid:visit>/move/undo/", undo.undo, name="desk-visit-move-undo"),
    path("desk/visits/<uuid:visit>/drop/", board.drop, name="desk-visit-drop"),
    path("desk/visits/<uuid:visit>/hand-over/", hand_over.hand_over, name="desk-visit-hand-over"),
    path("desk/visits/<uuid:visit>/vital-signs/", vitals.readings, name="desk-visit-vitals"),
    path("desk/visits/<uuid:visit>/vital-signs/decide/", vitals.decide, name="desk-visit-vitals-decide"),
    path("desk/visits/<uuid:visit>/cancel/", visits.cancel, name="desk-visit-cancel"),
    path("desk/visits/<uuid:visit>/arrive/", actions.arrive, name="desk-visit-arrive"),
    path("desk/visits/<uuid:visit>/check-in/", actions.check_in, name="desk-visit-check-in"),
    path("desk/visits/<uuid:visit>/start/", actions.start, name="desk-visit-start"),
    path("desk/visits/<uuid:visit>/complete/", actions.complete, name="desk-visit-complete"),
    path("desk/visits/<uuid:visit>/no-show/", actions.no_show, name="desk-visit-no-show"),
]
