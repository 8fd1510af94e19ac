"""Which container and which kind of samples an output file gets.

The extension names the container. Samples stay what they were in the input where the container can hold them;
otherwise they become 24-bit, so that nothing is lost on the way, or what the container prefers.
"""

from __future__ import annotations

from pathlib import Path

from stylefx.errors import StylefxError, UsageError

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
# Two files at once, one of them without data of its own.
_UNWRITABLE = _HEADERLESS | {"SD2"}
# Read through ffmpeg (io/ffmpeg.py): what phones, browsers and cameras write.
FFMPEG_FORMATS = frozenset(
    [
        *("m4a", "m4b", "mp4", "m4v", "mov", "3gp", "3g2", "aac", "webm", "weba", "mkv", "mka", "wma", "wmv"),
        *(
            "asf",
            "avi",
            "flv",
            "amr",
            "ac3",
            "eac3",
            "dts",
            "ape",
            "wv",
            "tta",
            "tak",
            "mpc",
            "ts",
            "mpg",
            "mpeg",
        ),
    ]
)
# Coded in blocks: what is written becomes longer, by up to a tenth of a second.
_IN_BLOCKS = ("ADPCM", "GSM610", "DPCM", "VOX")
# libsndfile 1.2.2 crashes where Vorbis refuses a rate.
_HIGHEST_HZ = {"VORBIS": 200_000}
# Samples that mean the same in every container, unlike a codec's.
_PLAIN = ("PCM_", "FLOAT", "DOUBLE")


def container_of(path: Path) -> str:
    """libsndfile's name of the container that the extension of ``path`` asks for, or a UsageError."""
    if not is_writable_name(path):
        raise UsageError(
            f"{path} does not end like an audio file to be written: use .wav, .flac, .aiff, .ogg or .mp3"
        )
    return _container(path)


def is_audio_name(path: Path) -> bool:
    """Whether the extension is one of audio, or of video with sound (hidden files are not audio)."""
    if path.name.startswith("."):
        return False
    return path.suffix[1:].lower() in FFMPEG_FORMATS or _is_of_libsndfile(path, _HEADERLESS)


def is_writable_name(path: Path) -> bool:
    """Whether a file of that extension can be written."""
    return _is_of_libsndfile(path, _UNWRITABLE)


def _is_of_libsndfile(path: Path, without: set[str]) -> bool:
    import soundfile

    return _container(path) in soundfile.available_formats() and _container(path) not in without


def _container(path: Path) -> str:
    extension = path.suffix[1:].upper()
    return ALIASES.get(extension, extension)


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
    keeps = keeps and not any(coding in source_samples for coding in _IN_BLOCKS)
    wishes = [source_samples] if keeps else []
    for samples in [*wishes, "PCM_24"]:
        if soundfile.check_format(container, samples):
            return samples
    return soundfile.default_subtype(container)


def check_rate(name: str, samples: str, sample_rate: int) -> None:
    """Refuse a rate at which libsndfile would end the program instead of saying no."""
    if sample_rate > _HIGHEST_HZ.get(samples, sample_rate):
        raise StylefxError(
            f"{name} cannot be written: Vorbis holds rates up to {_HIGHEST_HZ[samples]} Hz, this is "
            f"{sample_rate} Hz: write .wav or .flac, or convert it to a lower rate first"
        )
