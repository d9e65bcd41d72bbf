"""Addresses of intake, by who uses them."""

from intake.urls import oncall, pages, requests, review, rules

urlpatterns = [
    *requests.urlpatterns,
    *pages.urlpatterns,
    *review.urlpatterns,
    *rules.urlpatterns,
    *oncall.urlpatterns,
]
