"""Whether the process lives, and whether it can serve."""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from pacificmind.accounts.access import public


@public
def alive(request: HttpRequest) -> JsonResponse:
    """The process answers. Asks nothing of anything else, so that a restart is never caused by a neighbour."""
    return JsonResponse({"status": "alive"})


@public
def ready(request: HttpRequest) -> JsonResponse:
    """The database answers and is migrated. The broker is not asked: it may be away and nothing is lost."""
    try:
        executor = MigrationExecutor(connection)
        waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except Error:  # a connection already closed is no DatabaseError
        return JsonResponse({"status": "no database"}, status=503)
    if waiting:
        return JsonResponse({"status": "migrations wait", "count": waiting}, status=503)
    return JsonResponse({"status": "ready"})
