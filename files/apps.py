from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "files"

    def ready(self) -> None:
        from files.claim_sources import DataFiles
        from files.import_work import forget_staging
        from files.ingest import before_import_retry, before_retry, job_ended
        from project.core import endings
        from variants import sources

        sources.register(DataFiles())
        endings.listen("read", job_ended)
        endings.listen("import", forget_staging)
        endings.listen_to_retries("read", before_retry)
        endings.listen_to_retries("import", before_import_retry)
