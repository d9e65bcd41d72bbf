"""What the clinic's people do, each step through their own pages."""

from datetime import date

from playwright.sync_api import expect

from tests.cast import PASSWORD
from tests.journeys.as_patient import FAMILY
from tests.journeys.person import Person


def close_the_alert(prescriber: Person) -> None:
    """The board, "Take it", the documentation, closed."""
    prescriber.go("/safety/", "safety-board")
    prescriber.press("^Take it")
    prescriber.is_at("/safety/[0-9a-f-]+/")
    prescriber.see("alert-taken")
    prescriber.fill("Assessment used", "C-SSRS and a conversation")
    prescriber.press_label(prescriber.page.get_by_role("radio").first)
    prescriber.fill("^Plan", "Safety plan made together; means are locked away.")
    prescriber.choose("on paper")
    prescriber.fill("What happens with the patient now", "At home with their sister")
    prescriber.press("Sign and close the alert")
    prescriber.page.goto(f"{prescriber.house.url}/safety/")
    prescriber.reads("0 open alerts")
    prescriber.see("safety-board-empty")


def decide(prescriber: Person, *, infusions: int) -> None:
    """Queue, review, a decision with one condition, the order, the booster plan, the password."""
    prescriber.go("/review/", "review-queue")
    prescriber.follow(FAMILY)
    prescriber.is_at("/review/[0-9a-f-]+/")
    prescriber.see("review")
    prescriber.choose("cleared with conditions")
    prescriber.tick("in-person evaluation")
    prescriber.choose("Order a series")
    prescriber.fill("Infusions, 1 to 8", str(infusions))
    prescriber.choose("2 a week")
    prescriber.choose("Plan boosters")
    prescriber.fill("Days after the last", "21")
    prescriber.fill("Clinical note", "History, examination and records reviewed; alternatives discussed.")
    prescriber.fill("Your password", PASSWORD)
    prescriber.press("Sign, then the list")
    expect(prescriber.page.get_by_role("button", name="Sign, then the list")).to_have_count(0)
    prescriber.see("decided")


def hold_the_consultation(desk: Person, day: date) -> None:
    """Arrivals: mark arrived, check in, complete."""
    desk.go(f"/desk/arrivals/la/{day}/", "arrivals-consultation")
    for button, done in [
        ("Mark arrived", "Marked as arrived"),
        ("Check in", "Checked in"),
        ("Complete the visit", "Completed"),
    ]:
        desk.press(f"^{button}")
        desk.reads(done)
    desk.see("arrivals-consultation-done")


def meet_the_condition(clinician: Person, patient_id: object) -> None:
    """The in-person evaluation is done: the record says so."""
    clinician.go(f"/records/{patient_id}/", "record")
    clinician.press("^Mark as met")
    clinician.reads(": met, ")
    clinician.see("record-condition-met")


def lay_out(desk: Person, not_before: date, *, visits: int) -> None:
    """The series list, the plan with a wish, "Book these visits"."""
    desk.go("/desk/series/", "series-list")
    desk.follow(FAMILY)
    desk.see("series-plan")
    desk.page.get_by_text("When can the patient come?").click()
    desk.fill("Not before", not_before.isoformat())
    desk.press("Propose a plan")
    desk.see("series-plan-wish")
    desk.press(f"Book these {visits} visits")
    desk.is_at("/desk/series/[0-9a-f-]+/")
    desk.see("series")


def no_review_for_the_desk(desk: Person, intake_id: object) -> None:
    """The desk sees that the patient is ready, never the answers."""
    answer = desk.page.goto(f"{desk.house.url}/review/{intake_id}/")
    assert answer is not None
    assert answer.status == 403
    desk.see("review-refused")


def receive(desk: Person, visit_id: object, number: int) -> None:
    """The patient arrives and is checked in with who takes them home."""
    desk.go(f"/desk/visits/{visit_id}/", f"visit-{number}")
    desk.reads("Ready")
    desk.press("^Mark arrived")
    desk.reads("Marked as arrived")
    expect(desk.page.get_by_label("Who takes the patient home")).to_have_value("Ben Harbor")
    desk.press("^Check in")
    desk.reads("Checked in")
    desk.see(f"visit-{number}-checked-in")


def treat(clinician: Person, visit_id: object, number: int) -> None:
    """Start; complete only with every point of the discharge list."""
    clinician.go(f"/desk/visits/{visit_id}/vital-signs/", f"visit-{number}-vital-signs")
    for label, value in (("Systolic", "126"), ("Diastolic", "80"), ("Heart rate", "68")):
        clinician.page.get_by_label(label).fill(value)
    clinician.press("^Enter these readings")
    clinician.reads("Nothing measured stands in the way")
    clinician.go(f"/desk/visits/{visit_id}/", f"visit-{number}-start")
    clinician.press("^Start the visit")
    clinician.reads("Started")
    clinician.press("^Complete the visit")
    clinician.reads("Tick every point")
    for box in clinician.page.locator("[name=discharge]").all():
        clinician.press_label(box)
    clinician.see(f"visit-{number}-discharge")
    clinician.press("^Complete the visit")
    clinician.reads("Completed")
    clinician.see(f"visit-{number}-completed")
