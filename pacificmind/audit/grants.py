"""What the serving role may do: everything with rows, but nothing to the record of who saw and changed what."""

from django.db import connections

APPEND_ONLY = ("audit_entry", "audit_seal")


def grant_serving_role(owner_alias: str, role: str) -> None:
    """Give `role` its rights on all tables, as their owner (RELIABILITY M15).

    The audit tables can be read and added to, never changed or emptied; the list of migrations can only be read.
    """
    connection = connections[owner_alias]
    name = connection.ops.quote_name(role)
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}")
        for table in APPEND_ONLY:
            cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {connection.ops.quote_name(table)} FROM {name}")
        cursor.execute(f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON django_migrations FROM {name}")
