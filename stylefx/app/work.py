"""What takes long, in a process of its own, which does one job and ends (`stylefx.app.jobs.start_process`).

A line of JSON in, the job; lines of JSON out: {"done": part} on the way, then {"result": ...} or {"error": sentence}.
Cancelling ends the process; files appear whole or not at all.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stylefx.errors import StylefxError
from stylefx.io.output import system_words

NICENESS = 10
# Of a picture on the page: columns at most, and how many dB under the loudest are shown.
MAX_COLUMNS, SHOWN_DB = 700, 70.0
OnProgress = Callable[[float], None]


def fit(job: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """A style from clips, with the notes heard in them and the clip beside it."""
    from stylefx.io.clip import read_clips
    from stylefx.io.output import replacing
    from stylefx.learn import fit as learning
    from stylefx.style.style import check_style_path
    from stylefx.tracking.tracker import track

    path = check_style_path(job["output"], False)
    clip = read_clips(job["clips"], job["start"], job["end"])
    sources = [{**source, "name": name} for source, name in zip(clip.sources, job["names"])]
    on_progress(0.1)
    style = learning.fit(clip.audio, clip.sample_rate, quality=job["quality"]).with_sources(sources)
    on_progress(0.8)
    notes = track(clip.audio, clip.sample_rate)
    on_progress(0.95)
    rates = style.arrays.get("decoder_decay_rates")
    facts = {
        "seconds": round(clip.seconds, 2),
        "quality": job["quality"],
        "sources": job["names"],
        "struck": bool(rates is not None and rates.any()),
        "remarks": clip.remarks,
        "notes": [
            [round(n.onset, 3), round(float(n.offset or n.onset), 3), round(n.pitch, 2)] for n in notes
        ],
    }
    _write_sound(path.with_suffix(".flac"), clip.audio, clip.sample_rate)
    try:
        with replacing(path.with_suffix(".json"), overwrite=False) as file:
            file.write(json.dumps(facts).encode())
        style.save(path)  # last: what is listed is whole
    except BaseException:
        for suffix in (".flac", ".json"):
            path.with_suffix(suffix).unlink(missing_ok=True)
        raise
    return {"style": path.stem, "remarks": clip.remarks}


def render(job: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """A take in a style, and a picture and the level of both."""
    from stylefx import rendering

    report = rendering.render(
        job["content"],
        job["styles"],
        job["output"],
        mix=job["mix"],
        strength=job["strength"],
        morph=job["morph"],
        progress=lambda done, total: on_progress(0.95 * done / total if total else 0.5),
    )
    return {
        "seconds": round(report.seconds, 3),
        "remarks": list(report.remarks),
        "content": look(Path(job["content"])),
        "output": look(Path(job["output"])),
        "clip": look(Path(job["clip"])) if job["clip"] else None,
    }


def look(path: Path) -> dict[str, Any]:
    """Length, level, waveform and spectrogram of a file."""
    from stylefx.io.files import AudioReader
    from stylefx.io.picture import RunningSpectrogram

    with AudioReader(path) as reader:
        spectrogram, peaks, power, frames = RunningSpectrogram(reader.sample_rate), [], 0.0, 0
        for block in reader.blocks(2048):
            spectrogram.add(block)
            peaks.append(float(np.abs(block).max(initial=0.0)))
            power += float(np.square(block, dtype=np.float64).mean(axis=1).sum())
            frames += len(block)
        panel = spectrogram.finish()
        seconds = frames / reader.sample_rate
    wave = [round(max(part), 4) for part in np.array_split(peaks, min(len(peaks), MAX_COLUMNS)) if len(part)]
    return {
        "seconds": seconds,
        "rms": (power / max(frames, 1)) ** 0.5,
        "wave": wave,
        "picture": picture(panel.decibels),
    }


def picture(decibels: np.ndarray) -> dict[str, Any]:
    """A spectrogram (columns, bands) for the page: a byte for each place, columns first, the loudest 255."""
    shown = np.array([part.max(axis=0) for part in np.array_split(decibels, min(len(decibels), MAX_COLUMNS))])
    levels = np.clip(255 * (1 + (shown - shown.max()) / SHOWN_DB), 0, 255).astype(np.uint8)
    return {
        "columns": len(levels),
        "bands": levels.shape[1],
        "levels": base64.b64encode(levels.tobytes()).decode(),
    }


def _write_sound(path: Path, audio: np.ndarray, sample_rate: int) -> None:
    """16-bit FLAC, scaled where it would clip, at a rate that browsers play."""
    import soundfile

    from stylefx.io.output import replacing

    peak = max(1.0, float(np.abs(audio).max()))
    with replacing(path, overwrite=False) as file:
        soundfile.write(file, audio / peak, sample_rate, format="FLAC", subtype="PCM_16")


KINDS = {"fit": fit, "render": render, "look": lambda job, on_progress: look(Path(job["file"]))}


def main() -> None:
    """Do the one job."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    job = json.loads(sys.stdin.readline())

    def notify(**words: Any) -> None:
        print(json.dumps(words), flush=True)

    try:
        notify(result=KINDS[job["kind"]](job, lambda part: notify(done=round(part, 4))))
    except StylefxError as error:
        notify(error=str(error))
    except OSError as error:
        notify(error=f"that could not be written or read: {system_words(error)}")
    except MemoryError:
        notify(error="there is not enough memory for this: choose a shorter part")
