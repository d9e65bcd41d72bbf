"""Public pages. Included at the root, without a namespace."""

from django.urls import path

from pacificmind.ui import views

urlpatterns = [
    path("", views.home, name="home"),
    path("help-now/", views.crisis, name="crisis"),
    path("privacy/", views.privacy, name="privacy"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("ui/token/", views.token, name="ui-token"),
    path("ui/gallery/", views.gallery, name="gallery"),
]
