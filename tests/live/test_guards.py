"""Guards: a microphone that hears the loudspeaker, a howl, a style file that changes while it plays."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from stylefx.errors import UsageError
from stylefx.io.devices import Device
from stylefx.live.monitor.feedback import HowlGuard, check_feedback
from stylefx.live.monitor.latency import Latency
from stylefx.live.monitor.meters import Meters
from stylefx.live.monitor.replaced import LOOKS_BETWEEN, ReplacedWatch
from stylefx.live.observer import Playing

RATE = 48_000
# The main thread looks up that often.
LOOK = round(0.08 * RATE)


def device(name: str) -> Device:
    return Device(0, name, "Core Audio", 2, 2, 48000.0, 5.0, 5.0, True, True)


@pytest.mark.parametrize(
    ("source", "sink", "howls"),
    [
        ("MacBook Pro Microphone", "MacBook Pro Speakers", True),
        ("Mikrofon (Realtek(R) Audio)", "Lautsprecher (Realtek(R) Audio)", True),
        ("HD Webcam C270: USB Audio (hw:1,0)", "HDA NVidia: HDMI 0 (hw:0,3)", True),
        ("MacBook Pro Microphone", "External Headphones", False),
        ("Headset Microphone (Jabra)", "Speakers (Jabra)", False),
        ("MacBook Pro Microphone", "Scarlett 2i2 USB", False),
        ("Scarlett 2i2 USB", "MacBook Pro Speakers", False),
        ("USB Audio CODEC", "HDMI", False),
        ("system", "system", False),
        ("Ceramic Pickup", "Speakers", False),
    ],
)
def test_a_microphone_before_a_loudspeaker_is_refused_by_their_names(source, sink, howls):
    if not howls:
        check_feedback(device(source), device(sink))
        return
    with pytest.raises(UsageError, match="add --allow-feedback"):
        check_feedback(device(source), device(sink))


def sentences(played: np.ndarray, heard: np.ndarray) -> list[str]:
    """What the guard says while this goes by."""
    said: list[str] = []
    meters = Meters(RATE, 256)
    playing = Playing("a", RATE, 1, 256, Latency(RATE, ()), cast(Any, None), meters, cast(Any, None))
    with HowlGuard(said.append) as guard:
        guard.begin(playing)
        for start in range(0, len(played) - LOOK, LOOK):
            meters.count_sound(played[start : start + LOOK, None], heard[start : start + LOOK, None])
            guard.poll()
    return said


def test_a_howl_is_told_once_by_its_pitch(guitar_audio):
    """Music, and behind it a loop at 1.2 kHz that gains 20 dB per second until the loudspeaker can no more."""
    seconds = np.arange(4 * RATE) / RATE
    music = np.resize(guitar_audio[:, 0], len(seconds)) * np.where(seconds < 2, 1, 0.02)
    howl = np.minimum(1e-4 * 10**seconds, 0.9) * np.sin(2 * np.pi * 1200 * seconds)
    said = sentences((music + 0.3 * howl).astype(np.float32), (music + howl).astype(np.float32))
    assert len(said) == 1
    assert "howls at 12" in said[0] or "howls at 11" in said[0]


def test_music_that_grows_is_no_howl(guitar_audio):
    crescendo = np.resize(guitar_audio[:, 0], 4 * RATE) * np.linspace(0.001, 1, 4 * RATE) ** 2
    note = np.sin(2 * np.pi * 330 * np.arange(4 * RATE) / RATE)
    overtones = note + 0.6 * np.sin(2 * np.pi * 660 * np.arange(4 * RATE) / RATE)
    for audio in (crescendo, overtones * np.linspace(0.001, 0.5, 4 * RATE), note * 0.5):
        audio = audio.astype(np.float32)
        assert sentences(audio, np.roll(audio, 3584)) == []


def test_a_style_file_that_changes_while_it_plays_is_told_once(tmp_path: Path, trumpet: Path):
    path, said = tmp_path / "piano.npz", list[str]()
    shutil.copy(trumpet, path)
    watch = ReplacedWatch([path], said.append)

    def look() -> None:
        for _ in range(2 * LOOKS_BETWEEN):
            watch.poll()

    look()
    assert said == []
    shutil.copy(trumpet, tmp_path / "new.npz")
    os.replace(tmp_path / "new.npz", path)
    look()
    assert said == ["piano.npz has changed on disk: it plays on as it was, start again to hear it as it is"]
    path.unlink()
    look()
    assert len(said) == 2
    assert "piano.npz is gone" in said[1]
