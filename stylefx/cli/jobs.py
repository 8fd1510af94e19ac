"""Which file goes where: the inputs of a `render` command line paired with its outputs, before any work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stylefx.errors import StylefxError, UsageError


@dataclass(frozen=True)
class Job:
    """One input and one output, paths or ``-``."""

    content: str
    output: str


def plan(contents: Sequence[str], output: str | None, style_name: str) -> list[Job]:
    """Pair every input with its output.

    Parameters
    ----------
    contents
        Audio files, folders (their audio files, not their subfolders), or ``-``.
    output
        File, folder, ``-``, or None for NAME.STYLE.EXT beside the input (FOLDER.STYLE/ beside a folder).
    style_name
        What the default names carry.

    Raises
    ------
    UsageError
        The output does not suit the inputs.
    StylefxError
        A folder without audio, or one that cannot be made.
    """
    from stylefx.audio.files import PIPE

    if contents == [PIPE]:
        return [_pipe_job(output)]
    if PIPE in contents:
        raise UsageError("- (standard input) stands alone, not among other inputs")
    if len(contents) == 1 and not Path(contents[0]).is_dir():
        return [_file_job(Path(contents[0]), output, style_name)]
    if output is None:
        if len(contents) > 1:
            raise UsageError(f"{len(contents)} inputs need a folder to write to: add -o FOLDER")
        folder = Path(contents[0]).resolve()
        output = str(folder.with_name(f"{folder.name}.{style_name}"))
    return _folder_jobs([file for content in contents for file in _expand(Path(content))], Path(output))


def _pipe_job(output: str | None) -> Job:
    if output is None:
        raise UsageError(
            "audio from standard input needs a place to go: add -o FILE, or -o - for standard output"
        )
    return Job("-", output)


def _file_job(content: Path, output: str | None, style_name: str) -> Job:
    if output is None:
        return Job(
            str(content), str(content.with_name(f"{content.stem}.{style_name}{_writable_suffix(content)}"))
        )
    if output != "-" and (Path(output).is_dir() or output.endswith("/")):
        return _folder_jobs([content], Path(output))[0]
    return Job(str(content), output)


def _folder_jobs(files: list[Path], folder: Path) -> list[Job]:
    if str(folder) == "-" or folder.is_file():
        raise UsageError(f"several inputs need a folder to write to, and {folder} is none")
    names = [f"{file.stem}{_writable_suffix(file)}" for file in files]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise UsageError(f"two inputs would both be written to {folder / double[0]}: render them one by one")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StylefxError(f"{folder} cannot be made: {error.strerror or error}") from error
    return [Job(str(file), str(folder / name)) for file, name in zip(files, names)]


def _expand(content: Path) -> list[Path]:
    """A file as it is, a folder as its audio files in order of their names."""
    from stylefx.audio.formats import is_audio_name

    if not content.is_dir():
        return [content]
    files = sorted(file for file in content.iterdir() if file.is_file() and is_audio_name(file))
    if not files:
        raise StylefxError(f"{content} holds no audio files")
    return files


def _writable_suffix(content: Path) -> str:
    """The input's own extension, or .wav where it has none that can be written."""
    from stylefx.audio.formats import is_writable_name

    return content.suffix if is_writable_name(content) else ".wav"
