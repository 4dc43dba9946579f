"""The roles as groups. Who has an account already keeps what it could do: staff administer, the rest are analysts."""

from django.conf import settings
from django.db import migrations

ROLES = ("viewer", "analyst", "curator", "administrator")


def make_roles(apps, schema_editor):
    Group, User = apps.get_model("auth", "Group"), apps.get_model("auth", "User")
    groups = {name: Group.objects.get_or_create(name=name)[0] for name in ROLES}
    for user in User.objects.exclude(groups__name__in=ROLES):
        user.groups.add(groups["administrator" if user.is_staff or user.is_superuser else "analyst"])


def remove_roles(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):

    dependencies = [
        ("core", "0003_audit_trail"),
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(make_roles, remove_roles)]
