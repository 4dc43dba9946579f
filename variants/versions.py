"""The number of the data's state: it rises with everything that changes what readers of variants are told."""

from typing import Any

from variants.models import DataVersion

HEADER = "X-Data-Version"


def data_version() -> int:
    return DataVersion.objects.filter(pk=1).values_list("number", flat=True).first() or 0


class TellsVersion:
    """For API views: the answer says in `X-Data-Version` which state it was taken from, or a later one.

    Asked before the answer is made: an answer is never older than it says.
    """

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        self.version = data_version()

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(*args, **kwargs)  # type: ignore[misc]
        if response.status_code == 200:
            response[HEADER] = str(self.version)
        return response
