"""Make what there is to hear in this folder: ``python docs/listen/make.py`` (two minutes).

Each clip is learned whole, with `fit`'s defaults; six seconds of each content are rendered with `render`'s. Seeds are
fixed, so the same version makes the same sound on the same processor. ``--figures DIR`` draws the spectrograms too.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import soundfile

import stylefx
from stylefx.io.picture import RunningSpectrogram, draw

HERE = Path(__file__).parent
CLIPS = (HERE.parents[1] / "benchmarks" / "cases" / "clips", HERE.parents[1] / "stylefx" / "clips")
SECONDS = 6
# Content and clip, of which the first six seconds are kept.
PAIRS = (
    ("guitar_solo", "trumpet_solo"),
    ("trumpet_solo", "guitar_solo"),
    ("singing_male", "guitar_solo"),
    ("jazz_trio", "string_orchestra"),
    ("tabla", "guitar_chord"),
)
# Of Ogg Vorbis, 0 to 1 (1 is the smallest file).
COMPRESSION = 0.5


def read(name: str) -> tuple[np.ndarray, int]:
    """Samples float32 (frames, channels) of a clip, and its rate in Hz."""
    (path,) = (folder / f"{name}.flac" for folder in CLIPS if (folder / f"{name}.flac").exists())
    return soundfile.read(path, dtype="float32", always_2d=True)


def make(number: int, content_name: str, clip_name: str, figures: Path | None) -> None:
    """One pair: three files, and a figure where one is asked for."""
    (clip, clip_rate), (content, rate) = read(clip_name), read(content_name)
    effect = stylefx.StyleTransfer(stylefx.fit(clip, clip_rate), latency="studio")
    output = effect(content[: SECONDS * rate], rate)
    parts = {"content": (content, rate), "clip": (clip, clip_rate), "output": (output, rate)}
    panels = []
    for part, (audio, audio_rate) in parts.items():
        audio = audio[: SECONDS * audio_rate]
        path = HERE / f"{number}-{part}.ogg"
        soundfile.write(path, audio, audio_rate, format="OGG", compression_level=COMPRESSION)
        spectrogram = RunningSpectrogram(audio_rate)
        spectrogram.add(audio)
        panels.append(spectrogram.finish())
    if figures is not None:
        figures.mkdir(parents=True, exist_ok=True)
        draw(figures / f"{number}-{content_name}-{clip_name}.png", panels, overwrite=True)


def main() -> None:
    """All pairs, in order."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--figures", type=Path, metavar="DIR", help="draw spectrograms here")
    figures = options.parse_args().figures
    for number, pair in enumerate(PAIRS, 1):
        make(number, *pair, figures)
        print(number, *pair)


if __name__ == "__main__":
    main()
