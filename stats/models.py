"""What PostgreSQL keeps of the hits. It is the truth; the boards in Redis can be made from it again."""

from django.db import models


class Hit(models.Model):
    """One counted request. Partitioned by `day` (UTC); `rollups.store` makes each day's partition when it
    is due.

    (spool, byte_offset) is the hit's identity: the line of the spool that it was written on. `day` belongs
    to the key because PostgreSQL wants the partition column there; a line has one time, so it cannot tell
    two rows apart. No foreign key to the user: a count outlives an account, and a dropped day drops without
    a look elsewhere.
    """

    pk = models.CompositePrimaryKey("day", "spool", "byte_offset")
    day = models.DateField()
    spool = models.UUIDField()
    byte_offset = models.BigIntegerField()
    at = models.DateTimeField()
    method = models.TextField()
    path = models.TextField()
    route = models.TextField()
    status = models.SmallIntegerField()
    duration_us = models.IntegerField()
    user_id = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status} at {self.at:%Y-%m-%d %H:%M:%S}"


# Bucket column -> its upper edge in milliseconds (exclusive; None: no edge). A hit is in exactly one bucket.
LATENCY_BUCKETS: dict[str, int | None] = {
    "below_1ms": 1,
    "below_3ms": 3,
    "below_10ms": 10,
    "below_30ms": 30,
    "below_100ms": 100,
    "below_300ms": 300,
    "below_1s": 1_000,
    "below_3s": 3_000,
    "slower": None,
}


class RouteHour(models.Model):
    """How often a path was asked for in one hour (UTC), and how long its answers took."""

    hour = models.DateTimeField()
    path = models.TextField()
    route = models.TextField()
    count = models.BigIntegerField()
    duration_us = models.BigIntegerField()  # the sum
    below_1ms = models.BigIntegerField()
    below_3ms = models.BigIntegerField()
    below_10ms = models.BigIntegerField()
    below_30ms = models.BigIntegerField()
    below_100ms = models.BigIntegerField()
    below_300ms = models.BigIntegerField()
    below_1s = models.BigIntegerField()
    below_3s = models.BigIntegerField()
    slower = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hour", "path", "route"], name="stats_routehour_unique"),
            models.CheckConstraint(
                condition=models.Q(count=sum((models.F(name) for name in LATENCY_BUCKETS), start=models.Value(0))),
                name="stats_routehour_buckets_sum_to_count",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.path} {self.hour:%Y-%m-%d %H}h: {self.count}"


class SpoolSegmentQuerySet(models.QuerySet):
    def losses(self) -> dict[str, int]:
        """`lost_hits` and `bad_lines`, summed."""
        return self.aggregate(
            lost_hits=models.Sum("lost_hits", default=0), bad_lines=models.Sum("bad_lines", default=0)
        )


class SpoolSegment(models.Model):
    """How far a spool file has come into PostgreSQL. The row stays when the file is deleted, as retired.

    Everything before `consumed_bytes` is in `Hit` and `RouteHour`, nothing behind it is: one transaction
    moves all three. The number of retired rows is also kept in Redis; where the two differ, one of the
    servers went back in time past the end of a file, and the boards are made anew.
    """

    spool = models.UUIDField(primary_key=True)
    consumed_bytes = models.BigIntegerField(default=0)
    lost_hits = models.BigIntegerField(default=0)  # that its writer could not write down, and said so later
    bad_lines = models.BigIntegerField(default=0)  # skipped: nobody could read them
    is_retired = models.BooleanField(default=False)

    objects = SpoolSegmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(consumed_bytes__gte=0, lost_hits__gte=0, bad_lines__gte=0),
                name="stats_spoolsegment_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.spool} up to byte {self.consumed_bytes}"
