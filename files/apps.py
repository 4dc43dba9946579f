from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "files"

    def ready(self) -> None:
        from files.claim_sources import DataFiles
        from files.ingest import job_ended
        from project.core import endings
        from variants import sources

        sources.register(DataFiles())
        endings.listen("read", job_ended)
