from django.apps import AppConfig


class VariantsConfig(AppConfig):
    name = "variants"

    def ready(self) -> None:
        from variants import checks  # noqa: F401 - to register them
