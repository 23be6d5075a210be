"""Names of the language that this version refuses: each use is a SpecError that names the form."""

from __future__ import annotations

from speccheck.errors import SpecError
from speccheck.lang.spans import spec_error

_FORMS: dict[str, tuple[str, ...]] = {
}  # fmt: skip
REFUSED = {name: form for form, names in _FORMS.items() for name in names}
"""Each refused name, and the form of the language it belongs to."""


def refused(name: str) -> SpecError:
    """The error for importing a refused name."""
    return spec_error(
        "unsupported-form",
        f"{name}: {REFUSED[name]} are not supported",
        "leave it out: nothing it says would be checked",
    )
