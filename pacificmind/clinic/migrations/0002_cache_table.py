from django.db import migrations


class Migration(migrations.Migration):
    """The table of Django's database cache, which holds rate limits only; `createcachetable` would make the same."""

    dependencies = [("clinic", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "CREATE TABLE cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);"
            "CREATE INDEX cache_expires ON cache (expires);",
            "DROP TABLE cache",
        )
    ]
