"""The errors a user sees: one sentence each (what was found, what was expected, what to do) and an exit code.

Everything else that is raised is a fault of stylefx and shows its traceback.
"""

LONGEST_SENTENCE = 300
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NO_DEVICE = 3


def one_line(text: str) -> str:
    """``text`` fit for a terminal: what a file or its name smuggles in is escaped, and the middle of too much left out.

    A control sequence would move the cursor, rename the window or type.
    """
    safe = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    if len(safe) <= LONGEST_SENTENCE:
        return safe
    # The cure stands at the end.
    end = LONGEST_SENTENCE // 3
    return f"{safe[: LONGEST_SENTENCE - end - 5]} ... {safe[-end:]}"


class StylefxError(Exception):
    """The work cannot be done; ``str(error)`` is the sentence to show."""

    exit_code = EXIT_FAILED

    def __str__(self) -> str:
        return one_line(super().__str__())


class UsageError(StylefxError, ValueError):
    """The call itself is off: an option, a value or a combination of them. It is a ValueError too."""

    exit_code = EXIT_USAGE


class NoDeviceError(StylefxError):
    """No audio device, or not the one that was asked for."""

    exit_code = EXIT_NO_DEVICE
