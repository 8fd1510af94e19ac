"""Which file goes where: the inputs of a `render` command line paired with its outputs, before any work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stylefx.errors import StylefxError, UsageError


@dataclass(frozen=True)
class Job:
    """One input and one output, paths or ``-``."""

    content: str
    output: str


def plan(contents: Sequence[str], output: str | None, style_name: str, recursive: bool = False) -> list[Job]:
    """Pair every input with its output.

    Parameters
    ----------
    contents
        Audio files, folders (their audio files), or ``-``.
    output
        File, folder, ``-``, the null device, or None for NAME.STYLE.EXT beside the input (FOLDER.STYLE/ beside a
        folder).
    style_name
        What the default names carry.
    recursive
        Whether the subfolders of folders are taken too; they are made again in the output folder.

    Raises
    ------
    UsageError
        The output does not suit the inputs.
    StylefxError
        A folder without audio, or one that cannot be made.
    """
    from stylefx.io.writing import PIPE, is_null_device

    for name in (*contents, *([] if output is None else [output])):
        if not name:
            raise UsageError("a name is empty: is a variable of the shell not set?")
    if contents == [PIPE]:
        return [_pipe_job(output)]
    if PIPE in contents:
        raise UsageError("- (standard input) stands alone, not among other inputs")
    if output is not None and is_null_device(output):
        return [Job(str(file), output) for file, _ in _all_files(contents, recursive, None)]
    if len(contents) == 1 and not Path(contents[0]).is_dir():
        return [_file_job(Path(contents[0]), output, style_name)]
    if output is None:
        if len(contents) > 1:
            raise UsageError(f"{len(contents)} inputs need a folder to write to: add -o FOLDER")
        folder = Path(contents[0]).resolve()
        output = str(folder.with_name(f"{folder.name}.{style_name}"))
    _refuse_file_name(output, len(contents))
    return _folder_jobs(_all_files(contents, recursive, Path(output)), Path(output))


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
        return _folder_jobs([(content, Path())], Path(output))[0]
    return Job(str(content), output)


def _refuse_file_name(output: str, inputs: int) -> None:
    """A file's name where a folder is needed: a folder of that name is not what the user wants."""
    from stylefx.io.formats import is_writable_name

    folder = Path(output)
    if output == "-" or folder.is_file():
        raise UsageError(f"several inputs need a folder to write to, and {output} is none")
    if is_writable_name(folder) and not folder.is_dir() and not output.endswith("/"):
        what = "a folder" if inputs == 1 else f"{inputs} inputs"
        raise UsageError(
            f"{what} cannot be written to one file, {output}: name a folder ({output}/ if that is its name)"
        )


def _folder_jobs(files: Sequence[tuple[Path, Path]], folder: Path) -> list[Job]:
    """Jobs for files and the subfolders they are written to."""
    names = [subfolder / f"{file.stem}{_writable_suffix(file)}" for file, subfolder in files]
    # take.m4a beside take.wav: the one whose format changes says so.
    names = [
        subfolder / f"{file.name}.wav"
        if names.count(name) > 1 and name.suffix != file.suffix
        else name
        for name, (file, subfolder) in zip(names, files)
    ]  # fmt: skip
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise UsageError(f"two inputs would both be written to {folder / double[0]}: render them one by one")
    for parent in {folder, *(folder / name.parent for name in names)}:
        try:
            parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StylefxError(f"{parent} cannot be made: {error.strerror or error}") from error
    return [Job(str(file), str(folder / name)) for (file, _), name in zip(files, names)]


def _all_files(contents: Sequence[str], recursive: bool, output: Path | None) -> list[tuple[Path, Path]]:
    """Every file with the subfolder it lies in; nothing that an earlier run has written to the output folder."""
    found = [pair for content in contents for pair in _expand(Path(content), recursive)]
    if output is None or not output.is_dir():
        return found
    return [(file, subfolder) for file, subfolder in found if not _lies_in(file, output)] or found


def _lies_in(file: Path, folder: Path) -> bool:
    return Path(os.path.realpath(folder)) in Path(os.path.realpath(file)).parents


def _expand(content: Path, recursive: bool) -> list[tuple[Path, Path]]:
    """A file as it is, a folder as its audio files in order of their names."""
    from stylefx.io.formats import is_audio_name

    if not content.is_dir():
        return [(content, Path())]
    try:
        entries = sorted(content.rglob("*") if recursive else content.iterdir())
    except OSError as error:
        raise StylefxError(f"{content} cannot be read: {error.strerror or error}") from error
    files = [file for file in entries if is_audio_name(file) and file.is_file()]
    if not files:
        deeper = "" if recursive else ": --recursive looks into its subfolders"
        raise StylefxError(f"{content} holds no audio files{deeper}")
    return [(file, file.relative_to(content).parent) for file in files]


def _writable_suffix(content: Path) -> str:
    """The input's own extension, or .wav where it has none that can be written."""
    from stylefx.io.formats import is_writable_name

    return content.suffix if is_writable_name(content) else ".wav"
