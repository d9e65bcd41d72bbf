"""Django's admin as a window: rows can be looked at, and nothing can be changed past the services and their law."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from pacificmind.accounts.models import User
from pacificmind.audit.services import viewed

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin  # generic for the type checker alone


class ReadOnlyAdmin(Base):
    """Shows every field read-only; no adding, changing, deleting, no actions. Each look at a row is recorded."""

    actions = None
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes rows here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes rows here."""
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row, recorded as looked at."""
        found = super().get_object(request, object_id, from_field)
        if isinstance(found, Model) and isinstance(request.user, User):
            viewed(f"admin {found._meta.label_lower}", by=request.user, subject=found, patient_id=patient_id(found))
        return found


def patient_id(row: Model) -> Any:
    """The patient a row speaks of, as far as its own columns tell."""
    if row._meta.label_lower == "intake.patient":
        return row.pk
    return getattr(row, "patient_id", None)


class ListAuditedAdmin(ReadOnlyAdmin):
    """Read-only, for rows of one patient each: the list is recorded too."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, with a look recorded for each patient on it."""
        found = super().get_changelist_instance(request)
        if isinstance(request.user, User):
            ids = [one for row in found.result_list if (one := patient_id(row)) is not None]
            viewed(f"admin list {self.opts.label_lower}", by=request.user, patients=ids)
        return found
