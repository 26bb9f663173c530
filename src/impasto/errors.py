"""The one exception tree.

Every error that a user can cause derives from `ImpastoError`, and from the builtin that says the same, so that callers
may catch either. Messages say what is wrong, with which file, and what to do, in one or two lines.
"""


class ImpastoError(Exception):
    """Base of every error that Impasto raises on purpose."""


class UsageError(ImpastoError, ValueError):
    """An option or argument is out of range, or two contradict each other."""


class UnreadableMediaError(ImpastoError, ValueError):
    """A picture cannot be read: missing, empty, truncated, of an unknown format, or of an unusable size."""


class UnusablePixelsError(ImpastoError, ValueError):
    """An array given through the API is not a picture: wrong shape, dtype or range, or not finite."""


class OutputError(ImpastoError, OSError):
    """An output cannot be written: a directory, not writable, the input itself, or the disk is full."""


class StyleFileError(ImpastoError, ValueError):
    """A style file is truncated, tampered with, from a newer version, or not a style file."""


class ClassifierFileError(ImpastoError, ValueError):
    """A classifier file is truncated, tampered with, from a newer version, or not a classifier file."""


class UnknownStyleError(ImpastoError, LookupError):
    """No installed style has this name."""


class NoReferencesError(ImpastoError, ValueError):
    """Nothing usable to learn from."""


class TrainingError(ImpastoError, RuntimeError):
    """Training cannot go on: losses stay non-finite, or a checkpoint does not fit the run."""


class JobError(ImpastoError, RuntimeError):
    """A job over a film cannot go on: another run is at it, its plan is another's, or its workers keep dying."""


class MissingExtraError(ImpastoError, ImportError):
    """An optional dependency is needed. The message names the extra to install."""
