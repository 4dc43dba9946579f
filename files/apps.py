from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "files"

    def ready(self) -> None:
        from files.claim_sources import DataFiles
        from variants import sources

        sources.register(DataFiles())
