"""What `manage.py check` says of the settings of this app. A start of Vardesk runs it too."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from variants.reference_sequence import BadReference, configured, open_reference


@register
def reference_fastas(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """A FASTA that is named must be one, and of its assembly. One without an index is looked at when it is first used."""
    found: list[CheckMessage] = []
    for number, (assembly, path) in enumerate(configured().items(), start=1):
        try:
            if (reference := open_reference(assembly, path, may_index=False)) is not None:
                reference.close()
        except BadReference as error:
            found.append(Error(str(error), id=f"variants.E{number:03d}"))
    return found
