"""What the page can ask for, checked: sounds become styles, takes become renderings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stylefx.app.jobs import Job, Jobs
from stylefx.app.library import Library
from stylefx.app.session import Session, Sound
from stylefx.checks import choice, number
from stylefx.errors import StylefxError, UsageError

MAX_CLIPS, MAX_TAKES = 20, 50
QUALITIES = ("draft", "normal", "best")
LONGEST_SECONDS = 1e6


class Studio:
    """Joins a ``library``, a ``session`` and its ``jobs``."""

    def __init__(self, library: Library, session: Session, jobs: Jobs):
        self._library, self._session, self._jobs = library, session, jobs

    def state(self) -> dict[str, Any]:
        """Everything the page lists."""
        jobs = [job.as_dict() for job in list(self._jobs.all.values())]
        return {
            "styles": [self._library.facts(name) for name in self._library.names()],
            "sounds": [
                {"number": each.number, "name": each.name, "kind": each.kind}
                for each in list(self._session.sounds.values())
            ],
            "jobs": [{**job, "error": self._session.tidy(job["error"])} for job in jobs],
        }

    def take_sound(self, path: Path) -> dict[str, Any]:
        """An upload, listed once it could be read; a file that cannot is deleted."""
        sound = Sound(0, path.name, path, "upload")
        try:
            self._session.look(sound)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        listed = self._session.add(sound.name, path, "upload")
        listed.look = sound.look
        return {"number": listed.number, "name": listed.name, "kind": listed.kind}

    def fit(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Queue a fit of ``sounds`` from ``start`` to ``end`` seconds to the style ``name``."""
        path = self._library.new_path(wanted.get("name"))
        if any(not job.ended and job.title == path.stem for job in self._jobs.all.values()):
            raise StylefxError(f"{path.stem} is being made already: choose another name")
        sounds = [self._session.sound(each) for each in _listed(wanted.get("sounds"), MAX_CLIPS, "clips")]
        start = number(wanted.get("start", 0.0), "start", 0, LONGEST_SECONDS)
        end = wanted.get("end")
        end = None if end is None else number(end, "end", 0, LONGEST_SECONDS)
        if end is not None and end <= start:
            raise UsageError("the part ends before it begins: choose a longer one")
        task = {
            "clips": [str(sound.path) for sound in sounds],
            "names": [sound.name for sound in sounds],
            "start": start,
            "end": end,
            "quality": choice(wanted.get("quality", "normal"), "quality", QUALITIES),
            "output": str(path),
        }
        return {"job": self._jobs.add("fit", path.stem, task).number}

    def render(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Queue a render of each of ``sounds`` with one or two ``styles``."""
        names = _listed(wanted.get("styles"), 2, "styles")
        styles = [str(self._library.file(name)) for name in names]
        sounds = [self._session.sound(each) for each in _listed(wanted.get("sounds"), MAX_TAKES, "takes")]
        values = {name: number(wanted.get(name, 1.0), name, 0, 1) for name in ("mix", "strength")}
        morph = number(wanted.get("morph", 0.0), "morph", 0, 1) if len(styles) == 2 else 0.0
        clip = self._library.folder / f"{names[0]}.flac"
        numbers = []
        for sound in sounds:
            output = self._session.new_path(f"{Path(sound.name).stem[:60]}.{'+'.join(names)[:60]}.wav")
            task = {
                "content": str(sound.path),
                "styles": styles,
                "output": str(output),
                "clip": str(clip) if clip.is_file() else "",
                "morph": morph,
                **values,
            }
            made = self._session.add(output.name, output, "output")
            task["numbers"] = {"content": sound.number, "output": made.number}
            task["style"] = names[0]
            numbers.append(self._jobs.add("render", output.name, task).number)
        return {"jobs": numbers}

    def job(self, number: int) -> Job:
        """StylefxError where there is none of that number."""
        if number not in self._jobs.all:
            raise StylefxError("that job is not there any more")
        return self._jobs.all[number]

    def result(self, number: int) -> dict[str, Any]:
        """What a finished render looks like, and the addresses of its sounds."""
        job = self.job(number)
        if job.kind != "render" or job.state != "done":
            raise StylefxError("there is nothing to listen to yet")
        urls = {name: f"/api/sounds/{each}/file" for name, each in job.task["numbers"].items()}
        if job.result["clip"]:
            from urllib.parse import quote

            urls["clip"] = f"/api/styles/{quote(job.task['style'])}/clip"
        return {"title": job.title, "urls": urls, **job.result}

    def picture(self, name: str) -> dict[str, Any]:
        """The spectrogram that a style carries."""
        from stylefx.app.work import picture
        from stylefx.style.style import Style

        style = Style.load(self._library.file(name))
        if "preview" not in style.arrays:
            raise StylefxError(f"{name} carries no picture")
        return picture(style.arrays["preview"])


def _listed(values: object, most: int, what: str) -> list[Any]:
    if not isinstance(values, list) or not 1 <= len(values) <= most:
        raise UsageError(f"choose 1 to {most} {what}")
    return values
