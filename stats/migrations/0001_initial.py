from django.db import migrations, models
from django.db.models import F, Value

CREATE_HIT = """
CREATE TABLE stats_hit (
    day date NOT NULL,
    spool uuid NOT NULL,
    byte_offset bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    route text NOT NULL,
    status smallint NOT NULL,
    duration_us integer NOT NULL,
    user_id bigint NULL,
    CONSTRAINT stats_hit_pkey PRIMARY KEY (day, spool, byte_offset)
) PARTITION BY RANGE (day)
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        # Django cannot say PARTITION BY; it knows the table as any other (so that a test's flush empties it).
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(CREATE_HIT, "DROP TABLE stats_hit")],
            state_operations=[
                migrations.CreateModel(
                    name="Hit",
                    fields=[
                        ("pk", models.CompositePrimaryKey("day", "spool", "byte_offset", blank=True, editable=False, primary_key=True, serialize=False)),
                        ("day", models.DateField()),
                        ("spool", models.UUIDField()),
                        ("byte_offset", models.BigIntegerField()),
                        ("at", models.DateTimeField()),
                        ("method", models.TextField()),
                        ("path", models.TextField()),
                        ("route", models.TextField()),
                        ("status", models.SmallIntegerField()),
                        ("duration_us", models.IntegerField()),
                        ("user_id", models.BigIntegerField(null=True)),
                    ],
                ),
            ],
        ),
        migrations.CreateModel(
            name="RouteHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField()),
                ("path", models.TextField()),
                ("route", models.TextField()),
                ("count", models.BigIntegerField()),
                ("duration_us", models.BigIntegerField()),
                ("below_1ms", models.BigIntegerField()),
                ("below_3ms", models.BigIntegerField()),
                ("below_10ms", models.BigIntegerField()),
                ("below_30ms", models.BigIntegerField()),
                ("below_100ms", models.BigIntegerField()),
                ("below_300ms", models.BigIntegerField()),
                ("below_1s", models.BigIntegerField()),
                ("below_3s", models.BigIntegerField()),
                ("slower", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("hour", "path", "route"), name="stats_routehour_unique"),
                    models.CheckConstraint(
                        condition=models.Q(
                            count=Value(0) + F("below_1ms") + F("below_3ms") + F("below_10ms") + F("below_30ms")
                            + F("below_100ms") + F("below_300ms") + F("below_1s") + F("below_3s") + F("slower")
                        ),
                        name="stats_routehour_buckets_sum_to_count",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SpoolSegment",
            fields=[
                ("spool", models.UUIDField(primary_key=True, serialize=False)),
                ("consumed_bytes", models.BigIntegerField(default=0)),
                ("lost_hits", models.BigIntegerField(default=0)),
                ("bad_lines", models.BigIntegerField(default=0)),
                ("is_retired", models.BooleanField(default=False)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(consumed_bytes__gte=0, lost_hits__gte=0, bad_lines__gte=0),
                        name="stats_spoolsegment_not_negative",
                    ),
                ],
            },
        ),
    ]
