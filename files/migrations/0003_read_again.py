"""Tables lie on the disk as parts now: files that were read before are read again. Lines, and so claims, stay the same."""

from django.db import migrations


def read_again(apps, schema_editor):
    DataFile, Job = apps.get_model("files", "DataFile"), apps.get_model("core", "Job")
    for file in DataFile.objects.filter(state="ready"):
        Job.objects.create(
            kind="read", title=f"Read {file.name}", task="files.read", owner_id=file.owner_id, file_id=file.pk
        )
        DataFile.objects.filter(pk=file.pk).update(state="queued", progress=0.0)


class Migration(migrations.Migration):
    dependencies = [("files", "0002_reading_in_parts"), ("core", "0005_job_retry_of")]
    operations = [migrations.RunPython(read_again, migrations.RunPython.noop)]
