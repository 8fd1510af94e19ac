"""The errors a user sees: one sentence each (what was found, what was expected, what to do) and an exit code.

Everything else that is raised is a fault of stylefx and shows its traceback.
"""

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NO_DEVICE = 3


class StylefxError(Exception):
    """The work cannot be done; ``str(error)`` is the sentence to show."""

    exit_code = EXIT_FAILED


class UsageError(StylefxError):
    """The call itself is off: an option, a value or a combination of them."""

    exit_code = EXIT_USAGE


class NoDeviceError(StylefxError):
    """No audio device, or not the one that was asked for."""

    exit_code = EXIT_NO_DEVICE
