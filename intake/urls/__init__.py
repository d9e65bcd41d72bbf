"""Addresses of intake, by who uses them."""

from intake.urls import pages, requests, review

urlpatterns = [*requests.urlpatterns, *pages.urlpatterns, *review.urlpatterns]
