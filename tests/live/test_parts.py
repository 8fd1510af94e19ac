"""The worker's parts on their own: cover, quality ladder, meters, delay, and the search for a device."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from stylefx.engine.transfer import StyleTransfer
from stylefx.errors import NoDeviceError, StylefxError
from stylefx.io import devices
from stylefx.io.devices import Device, find_device, shared_sample_rate
from stylefx.live.concealment import FADE_SECONDS, DropoutConcealer
from stylefx.live.io.duplex import safe_delay, worker_delay
from stylefx.live.monitor.meters import Meters
from stylefx.live.quality import SOON_SECONDS, TRIAL_SECONDS, QualityGovernor
from stylefx.live.session import settle
from stylefx.params import Controls, Settings
from tests.support.live_engines import Delay

RATE = 48_000
FADE = round(FADE_SECONDS * RATE)


def steady(value: float, frames: int) -> np.ndarray:
    return np.full((frames, 1), value, np.float32)


@pytest.mark.parametrize("block", [64, 480, 1024])
def test_cover_leaves_a_wet_signal_untouched_and_fades_to_dry_and_back_in_ten_milliseconds(block):
    concealer = DropoutConcealer(RATE, 1, 0, block, Controls(Settings(mix=0)))
    row = [1.0] * 3 + [None] * (FADE // block + 2) + [1.0] * (FADE // block + 2)
    out = np.concatenate(
        [concealer.process(steady(-1, block), None if wet is None else steady(wet, block)) for wet in row]
    )[:, 0]
    away, back = 3 * block, (3 + FADE // block + 2) * block
    assert (out[:away] == 1).all()
    assert (out[away + FADE - 1 : back] == -1).all()
    assert (out[back + FADE - 1 :] == 1).all()
    assert 2 / FADE < np.abs(np.diff(out)).max() < 1.51 * 2 / FADE


def test_after_a_gap_either_signal_fades_in():
    for wet in (None, steady(1, 1024)):
        concealer = DropoutConcealer(RATE, 1, 0, 1024, Controls(Settings(mix=0)))
        concealer.process(steady(-1, 1024), steady(1, 1024))
        concealer.gap()
        out = np.abs(concealer.process(steady(-1, 1024), wet)[:, 0])
        assert out[0] < 1 / FADE
        assert np.abs(np.diff(out)).max() < 1.51 / FADE
        assert (out[FADE - 1 :] == 1).all()


@pytest.mark.parametrize(
    ("settings", "dry", "played"),
    [
        (Settings(), 0.5, 0.5),
        (Settings(gain_in_db=-6, gain_out_db=-14), 0.5, 0.05),
        (Settings(mix=0), 1.5, 1.5),  # the player's own
        (Settings(bypass=True), 1.5, 1.5),
    ],
)
def test_the_dry_sound_that_stands_in_has_the_gains_that_are_set(settings, dry, played):
    concealer = DropoutConcealer(RATE, 1, 0, 1024, Controls(settings))
    concealer.process(steady(0, 1024), steady(0, 1024))
    out = [concealer.process(steady(dry, 1024), None) for _ in range(3)][-1]
    assert np.allclose(out, played, rtol=1e-5)


@pytest.mark.parametrize("settings", [Settings(), Settings(mix=0, gain_out_db=12), Settings(mix=0.5)])
def test_the_dry_sound_that_stands_in_stays_below_full_scale(settings):
    concealer = DropoutConcealer(RATE, 1, 0, 1024, Controls(settings))
    out = np.concatenate([concealer.process(steady(1.5, 1024), None) for _ in range(3)])
    assert 0.9 < np.abs(out[-1024:]).max() <= 1


class Counted(Delay):
    """An engine with a quality."""

    iterations = 5


def test_the_ladder_ignores_one_stall_halves_at_the_next_and_ends_at_none():
    engine = Counted()
    governor = QualityGovernor(engine)
    seen = []
    for k in range(6):
        governor.stalled(1.0 + k)
        governor.apply()
        seen.append(engine.iterations)
    assert seen == [5, 2, 1, 0, 0, 0]
    assert governor.lowest_iterations == 0


def test_the_last_rung_of_a_real_engine_is_its_economy(made_up_style):
    engine = StyleTransfer(made_up_style, iterations=0)
    governor = QualityGovernor(engine)
    governor.stalled(0.0)
    governor.stalled(1.0)
    governor.apply()
    assert engine.economy
    assert governor.economised
    assert governor.at_lowest
    governor.kept_up(TRIAL_SECONDS + 2)
    governor.apply()
    assert not engine.economy


class Heavy(Delay):
    """An engine that takes 1.2 times as long as its sound lasts, and half of that where it economises."""

    economy = False

    def process(self, block: np.ndarray) -> np.ndarray:
        time.sleep(len(block) / 8000 * (0.6 if self.economy else 1.2))
        return super().process(block)


@pytest.mark.slow
def test_an_engine_that_is_too_slow_begins_in_its_economy_and_says_so():
    engine, said = Heavy(), list[str]()
    engine.prepare(8000, 1, 400)
    governor = QualityGovernor(engine)
    settle(engine, governor, 8000, 1, 400, said.append)
    assert engine.economy
    assert [text.partition(":")[0] for text in said] == ["slow"]


@pytest.mark.slow
def test_an_engine_that_is_too_slow_all_the_same_says_what_to_do():
    engine, said = Heavy(), list[str]()
    engine.economy = True
    engine.prepare(16_000, 1, 400)
    settle(engine, QualityGovernor(Delay()), 16_000, 1, 400, said.append)
    assert [text.partition(":")[0] for text in said] == ["too slow"]
    assert "--tune" in said[0]


def test_stalls_far_apart_are_accidents():
    engine = Counted()
    governor = QualityGovernor(engine)
    for k in range(5):
        governor.stalled(k * (SOON_SECONDS + 1))
    governor.apply()
    assert engine.iterations == 5


def test_the_ladder_climbs_after_a_quiet_time_that_doubles_when_it_did_not_last():
    engine = Counted()
    governor = QualityGovernor(engine)
    governor.stalled(0.0)
    governor.stalled(1.0)
    governor.kept_up(TRIAL_SECONDS)
    assert (governor.iterations, governor.quality) == (2, 2 / 5)
    assert engine.iterations == 5, "the engine is left alone until it has finished its block"
    governor.apply()
    assert engine.iterations == 2
    governor.kept_up(TRIAL_SECONDS + 2)
    assert governor.iterations == 5
    governor.stalled(TRIAL_SECONDS + 3)
    governor.stalled(TRIAL_SECONDS + 4)
    assert governor.iterations == 2
    governor.kept_up(2 * TRIAL_SECONDS + 5)
    assert governor.iterations == 2
    governor.kept_up(3 * TRIAL_SECONDS + 5)
    assert governor.iterations == 5


def test_load_percentiles_are_those_of_all_hops():
    meters = Meters(RATE, 256)
    loads = np.random.default_rng(2).gamma(2, 10, 5000)
    for load in loads:
        for part in (0.9, 0.0, 0.1, 0.0):  # one of the blocks that make a hop has the work
            meters.count_work(part * load / 100 * 256 / RATE, 64)
    assert meters.most_load_percent == pytest.approx(loads.max())
    for percent in (50, 99):
        assert meters.load_percentile(percent) == pytest.approx(np.percentile(loads, percent), abs=0.3)


def test_a_load_beyond_the_scale_is_still_the_maximum():
    meters = Meters(RATE, 1024)
    meters.count_work(10.0, 1024)
    assert meters.most_load_percent == pytest.approx(100 * 10 * RATE / 1024)
    assert meters.load_percentile(99) == pytest.approx(1000, abs=1)


@pytest.mark.parametrize(
    ("block", "hop", "burst", "delay"),
    [
        (1024, 256, 1024, 1024),
        (256, 256, 1024, 1024),
        (64, 256, 64, 256),
        (64, 256, 1024, 1024),
        (480, 256, 1440, 1440),
        (256, 256, 64, 448),
        (4096, 256, 1024, 7168),
        (1000, 256, 256, 2000),
    ],
)
def test_the_worker_has_time_for_a_block_a_hop_and_a_burst(block, hop, burst, delay):
    assert worker_delay(block, hop, burst) == delay
    needed = max(block, hop, burst)
    for frame in range(0, 40 * block, block):
        captured = -(-(frame + block) // burst) * burst  # when the block is complete
        due = (frame + delay) // burst * burst + burst  # what was captured when its answer is asked for
        assert due - captured >= needed - (burst if burst % block and block % burst else 0)


@pytest.mark.parametrize(
    ("delay", "step", "rate", "safe"),
    [
        (256, 256, 48_000, 1024),
        (256, 64, 48_000, 960),
        (512, 512, 48_000, 1536),
        (1024, 1024, 48_000, 2048),
        (4096, 2048, 96_000, 4096),
    ],
)
def test_unless_asked_for_less_the_worker_has_time_for_its_work_and_for_a_hitch(delay, step, rate, safe):
    assert safe_delay(delay, step, rate) == safe
    assert safe >= max(0.020, 0.017 + 0.5 * delay / rate) * rate


def device(number: int, name: str, inputs: int = 2, outputs: int = 2, default: bool = False) -> Device:
    return Device(number, name, "ALSA", inputs, outputs, 48000.0, 5.0, None, default, default)


SHELF = [
    device(0, "HDA Intel: ALC"),
    device(1, "USB Audio"),
    device(2, "USB Audio CODEC"),
    device(3, "Microphone", outputs=0, default=True),
    device(4, "HDMI", inputs=0),
]


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices that this machine does not have."""
    monkeypatch.setattr(devices, "list_devices", lambda: SHELF)


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("wanted", "kind", "number"),
    [
        ("1", "input", 1),
        ("codec", "output", 2),
        ("USB Audio", "input", 1),  # the whole name wins over a part of a longer one
        ("hda intel: alc, alsa", "output", 0),
        (None, "input", 3),
        (None, "output", 0),
    ],
)
def test_a_device_is_found_by_number_name_part_of_it_or_default(wanted, kind, number):
    assert find_device(wanted, kind).number == number


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("wanted", "kind", "words", "absent"),
    [
        ("9", "input", ["has number 9", "1 USB Audio", "3 Microphone"], "HDMI"),
        ("3", "output", ["has number 3", "4 HDMI"], "Microphone"),
        ("piano", "output", ["called 'piano'", "0 HDA Intel"], "Microphone"),
        ("usb", "input", ["2 audio inputs", "1 USB Audio", "2 USB Audio CODEC"], "HDA"),
        ("", "input", ["called ''", "3 Microphone"], "HDMI"),
    ],
)
def test_a_device_that_is_not_there_is_answered_with_those_that_are(wanted, kind, words, absent):
    with pytest.raises(NoDeviceError) as caught:
        find_device(wanted, kind)
    assert all(word in str(caught.value) for word in words)
    assert absent not in str(caught.value)


def test_two_devices_that_share_no_rate_are_told_apart_by_theirs(monkeypatch):
    monkeypatch.setattr(devices, "_plays_at", lambda rate, device, kind: rate == device.sample_rate)
    with pytest.raises(StylefxError, match=r"runs at 44100 Hz, .* at 48000 Hz, neither takes"):
        shared_sample_rate(replace(SHELF[3], sample_rate=44_100.0), SHELF[0])
    assert shared_sample_rate(SHELF[3], SHELF[0]) == 48_000


def test_only_outputs_is_no_input(monkeypatch):
    monkeypatch.setattr(devices, "list_devices", lambda: [SHELF[4]])
    with pytest.raises(NoDeviceError, match="no audio input found, only 4 HDMI"):
        find_device(None, "input")


def test_without_the_library_the_sentence_says_how_to_get_it(monkeypatch):
    import sys

    class Absent:
        def find_spec(self, name, path=None, target=None):
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    with pytest.raises(NoDeviceError, match="apt install libportaudio2"):
        devices.list_devices()


def test_frames_that_are_counted_before_they_are_handed_over_are_waited_for(monkeypatch):
    """rtmixer raises its counter, then the ring's; a thread that is put aside in between must not shift the sound."""
    pytest.importorskip("rtmixer", exc_type=ImportError)
    from stylefx.live.io import device as live_device
    from stylefx.live.io.mixer import MixerDuplex

    monkeypatch.setattr(live_device, "shared_sample_rate", lambda source, sink: RATE)
    duplex = MixerDuplex(SHELF[1], SHELF[1], 256)
    duplex._recording = SimpleNamespace(done_frames=0)
    duplex._stream = SimpleNamespace(actions=[duplex._recording])
    duplex._arrived_at = duplex._looked_at = time.perf_counter()
    audio = np.random.default_rng(0).uniform(-1, 1, (512, 2)).astype(np.float32)
    duplex._input.write(audio[:256])
    duplex._recording.done_frames = 512  # but half of them are not there yet
    first = duplex.read()
    assert first is not None
    assert duplex.read() is None
    duplex._input.write(audio[256:])
    second = duplex.read()
    assert second is not None
    assert (first[0], second[0]) == (0, 256)
    assert np.array_equal(np.concatenate([first[1], second[1]]), audio)
