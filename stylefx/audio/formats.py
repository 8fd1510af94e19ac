"""Which container and which kind of samples an output file gets.

The extension names the container. Samples stay what they were in the input where the container can hold them;
otherwise they become 24-bit, so that nothing is lost on the way, or what the container prefers.
"""

from __future__ import annotations

from pathlib import Path

from stylefx.errors import UsageError

# What musicians type and libsndfile calls otherwise.
ALIASES = {
    "AIF": "AIFF",
    "AIFC": "AIFF",
    "OGA": "OGG",
    "OPUS": "OGG",
    "SND": "AU",
    "WAVE": "WAV",
    "SF": "IRCAM",
}
_HEADERLESS = {"RAW"}
# Samples that mean the same in every container, unlike a codec's.
_PLAIN = ("PCM_", "FLOAT", "DOUBLE")


def container_of(path: Path) -> str:
    """libsndfile's name of the container that the extension of ``path`` asks for, or a UsageError."""
    import soundfile

    extension = path.suffix[1:].upper()
    container = ALIASES.get(extension, extension)
    if container not in soundfile.available_formats() or container in _HEADERLESS:
        raise UsageError(
            f"{path} does not end like an audio file to be written: use .wav, .flac, .aiff, .ogg or .mp3"
        )
    return container


def is_audio_name(path: Path) -> bool:
    """Whether the extension is one that libsndfile reads (hidden files are not audio)."""
    import soundfile

    extension = path.suffix[1:].upper()
    container = ALIASES.get(extension, extension)
    return (
        container in soundfile.available_formats()
        and container not in _HEADERLESS
        and not path.name.startswith(".")
    )


def samples_for(container: str, source_container: str, source_samples: str, extension: str = "") -> str:
    """libsndfile's subtype for ``container``, as near to the source's as it can hold.

    Parameters
    ----------
    container, source_container
        Formats of the output and of the input, as libsndfile names them.
    source_samples
        Subtype of the input.
    extension
        Of the output: `.opus` is an Ogg with other samples.
    """
    import soundfile

    if extension.lower() == ".opus":
        return "OPUS"
    keeps = source_samples.startswith(_PLAIN) or container == source_container
    wishes = [source_samples] if keeps else []
    for samples in [*wishes, "PCM_24"]:
        if soundfile.check_format(container, samples):
            return samples
    return soundfile.default_subtype(container)
