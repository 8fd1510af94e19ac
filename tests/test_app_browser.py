"""The page in a real browser: a style is made, put on a take, listened to; accessible, and at every width."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from app_server import App, chromium, opened, serious

WORK_MS = 90_000
WIDTHS = (360, 1280, 2560)
DECODED = """async () => {
    const data = await (await fetch(document.getElementById("audio-output").src)).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 1, 44100).decodeAudioData(data);
    return Array.from(sound.getChannelData(0));
}"""


@pytest.fixture
def browser():
    with chromium() as browser:
        yield browser


def make_style(page, name: str, quality: str = "draft") -> None:
    page.get_by_role("group", name="Clips to learn from").get_by_label(re.compile("trumpet_solo")).check()
    page.get_by_label("End (s)").fill("3")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Quality").select_option(quality)
    page.get_by_role("button", name="Make the style").click()


def test_from_a_clip_to_hearing_it(browser, tmp_path: Path, guitar_audio: np.ndarray) -> None:
    take = tmp_path / "my take.wav"
    soundfile.write(take, guitar_audio, 44_100, subtype="PCM_16")
    with App(tmp_path / "library") as app:
        page, other = opened(browser, app), opened(browser, app)
        make_style(page, "Trumpet")
        page.reload()  # in the middle of the fit
        for each in (page, other):  # both are told
            each.wait_for_selector("#styles strong:text-is('Trumpet')", timeout=WORK_MS)
        text = page.inner_text("#styles")
        assert re.search(r"held, \d+ notes found, [A-G]#?\d to [A-G]#?\d, from trumpet_solo.flac, 3 s", text)
        page.get_by_role("button", name="Picture Trumpet").click()
        page.wait_for_selector("#styles canvas:visible")

        page.set_input_files("#take-files", take)
        page.wait_for_selector("#message:text('my take.wav is ready')", timeout=WORK_MS)
        page.get_by_label("Strength").fill("0.8")
        page.get_by_role("button", name="Render", exact=True).click()
        page.get_by_role("button", name="Listen to my take.Trumpet.wav").click(timeout=WORK_MS)

        # It plays, and going from one to another keeps the place.
        page.get_by_role("button", name="Play").click()
        for _ in range(50):
            if page.evaluate("document.getElementById('audio-output').currentTime") > 0.2:
                break
            page.wait_for_timeout(100)
        else:
            raise AssertionError("it does not play")
        page.get_by_role("button", name="content").click()
        times = page.evaluate(
            "['output', 'content'].map(n => document.getElementById('audio-' + n).currentTime)"
        )
        assert abs(times[0] - times[1]) < 0.15
        muted = page.evaluate(
            "['content', 'output', 'clip'].map(n => document.getElementById('audio-' + n).muted)"
        )
        assert muted == [False, True, True]

        # The same samples in the page, in the download, and from the engine.
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        download.value.save_as(tmp_path / "saved.wav")
        saved, rate = soundfile.read(tmp_path / "saved.wav", dtype="float32")
        assert (rate, len(saved)) == (44_100, len(guitar_audio))
        assert np.abs(np.array(page.evaluate(DECODED)) - saved).max() < 1e-4
        from stylefx import render

        render(take, tmp_path / "library" / "Trumpet.npz", tmp_path / "expected.wav", strength=0.8)
        assert np.array_equal(saved, soundfile.read(tmp_path / "expected.wav", dtype="float32")[0])

        # Everybody can use it, and it fits everywhere, in the light and in the dark.
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert serious(page) == []
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.faults == other.faults == []


def test_names_errors_and_cancel(browser, tmp_path: Path, trumpet_style_path: Path) -> None:
    library = tmp_path / "library"
    with App(library) as app:
        page = opened(browser, app)
        page.set_input_files("#import-file", trumpet_style_path)
        page.wait_for_selector("#styles strong:text-is('trumpet')", timeout=WORK_MS)
        page.get_by_role("button", name="Record a take").click()  # where there is nothing to record from
        page.wait_for_selector("#message:text('no microphone')")
        make_style(page, "../trumpet")
        page.wait_for_selector("#message:text('is no name for a style')")
        make_style(page, "trumpet")
        page.wait_for_selector("#message:text('already has a style called trumpet')")
        make_style(page, "long", "best")
        page.get_by_role("button", name="Cancel long").click(timeout=WORK_MS)
        page.wait_for_selector("#jobs li[data-state=cancelled]")

        page.set_input_files(
            "#clip-files", {"name": "bad.wav", "mimeType": "audio/wav", "buffer": b"RIFF no"}
        )
        page.wait_for_selector("#message:text('bad.wav')", timeout=WORK_MS)
        page.get_by_label("New name of trumpet").fill("brass")
        page.get_by_role("button", name="Rename trumpet").press("Enter")
        page.wait_for_selector("#styles strong:text-is('brass')")
        with page.expect_download() as download:
            page.get_by_role("link", name="Export brass").click()
        download.value.save_as(tmp_path / "brass.npz")
        assert (tmp_path / "brass.npz").read_bytes() == trumpet_style_path.read_bytes()
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Delete brass").click()
        page.wait_for_selector("#styles li:text('No style yet')")
        assert list(library.iterdir()) == []
        assert page.faults == []


def test_a_clip_from_the_microphone(tmp_path: Path) -> None:
    tone = 0.4 * np.sin(2 * np.pi * 440 * np.arange(5 * 48_000) / 48_000)
    soundfile.write(tmp_path / "tone.wav", tone, 48_000, subtype="PCM_16")
    fake = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    with (
        App(tmp_path / "library") as app,
        chromium(*fake, f"--use-file-for-fake-audio-capture={tmp_path}/tone.wav") as browser,
    ):
        page = opened(browser, app)
        page.get_by_role("button", name="Record a clip").click()
        page.get_by_role("button", name=re.compile(r"Stop recording \(2\.\d s\)")).click(timeout=WORK_MS)
        clip = page.get_by_role("group", name="Clips to learn from").get_by_label(
            re.compile(r"recorded at .*\.wav")
        )
        clip.wait_for(timeout=WORK_MS)
        assert clip.is_checked()
        status, body, _ = app.request("GET", f"/api/sounds/{clip.input_value()}/file")
        assert status == 200
        audio, rate = soundfile.read(io.BytesIO(body), dtype="float32", always_2d=True)
        assert 2.0 <= len(audio) / rate < 4
        middle = audio[len(audio) // 4 : 3 * len(audio) // 4, 0]
        power = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))) ** 2
        hz = np.fft.rfftfreq(len(middle), 1 / rate)
        assert abs(hz[power.argmax()] - 440) < 2
        assert power[np.abs(hz - 440) < 10].sum() > 0.9 * power.sum()
        assert np.abs(middle).max() == pytest.approx(0.4, rel=0.1)
        assert page.get_by_role("button", name="Record a clip").is_visible()
        assert page.faults == []
