"""What libsndfile says when it fails, in the system's own words where it was the system that refused."""

from __future__ import annotations

from typing import Any

import soundfile

SYSTEM_ERROR = 2  # libsndfile: the system refused, not the format


def reason(error: Any, file: soundfile.SoundFile | None = None) -> str:
    """The cause of a `LibsndfileError`, small and without its full stop.

    Parameters
    ----------
    error
        What soundfile raised; it knows the number of the failure only.
    file
        The file that failed; None where it could not be opened.
    """
    words = error.error_string
    if error.code == SYSTEM_ERROR:
        words = _system_words(None if file is None else file._file) or words
    for prefix in ("Error : ", "System error : "):
        words = words.removeprefix(prefix)
    words = words.strip().rstrip(".")
    return words[:1].lower() + words[1:]


def _system_words(handle: Any) -> str:
    """libsndfile's last words on a file, with what the system said; '' where soundfile does not pass them on."""
    try:
        ffi, library = soundfile._ffi, soundfile._snd
        said = library.sf_strerror(ffi.NULL if handle is None else handle)
        return ffi.string(said).decode("utf-8", "replace")
    except AttributeError:
        return ""
