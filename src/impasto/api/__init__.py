"""What `import impasto` offers: learn, load, list and apply styles."""

from impasto.api.learning import learn, learning_extra
from impasto.api.loading import load, styles
from impasto.api.style import Style

__all__ = ["Style", "learn", "learning_extra", "load", "styles"]
