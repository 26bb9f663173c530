"""PyAV, which the extra `video` installs. Import it from here, so that who lacks it learns what to install.

Raises
------
MissingExtraError
    On import, where PyAV is not installed.
"""

from __future__ import annotations

from impasto.errors import MissingExtraError

try:
    import av
    import av.filter
except ImportError as error:
    raise MissingExtraError('Films need PyAV. Install it with `pip install "impasto[video]"`.') from error

__all__ = ["av"]
