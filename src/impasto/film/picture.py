"""`Picture`: a picture of a film, as it is coded, or one of a sequence of stills."""

from __future__ import annotations

from typing import TypeAlias

from impasto.media.frame import Frame
from impasto.media.planar import PlanarFrame

Picture: TypeAlias = PlanarFrame | Frame
