"""The page in a real browser: a style is made, put on a take, listened to; accessible, and at every width."""

from __future__ import annotations

import io
import re
import resource
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stylefx.clips import clip_path
from tests.support.app_server import App, check_for_everybody, chromium, opened

pytestmark = pytest.mark.slow

WORK_MS = 90_000
# Of content, output and clip as they are heard, in dB.
LOUDNESS = """async () => {
    const levels = [];
    for (const player of document.querySelectorAll("#pictures audio")) {
        const data = await (await fetch(player.src)).arrayBuffer();
        const sound = await new OfflineAudioContext(1, 1, 44100).decodeAudioData(data);
        const power = sound.getChannelData(0).reduce((sum, each) => sum + each * each, 0) / sound.length;
        levels.push(10 * Math.log10(power) + 20 * Math.log10(player.volume));
    }
    return levels;
}"""
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
        page.wait_for_selector("#jobs li[data-state=working]")
        page.reload()  # in the middle of the fit
        page.wait_for_selector("#jobs li[data-state=working]:has-text('Trumpet') progress:visible")
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

        # As loud as each other.
        levels = page.evaluate(LOUDNESS)
        assert max(levels) - min(levels) < 0.5

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

        check_for_everybody(page)
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
        page.wait_for_selector("#styles strong:text-is('brass')", state="detached")
        assert list(library.iterdir()) == []
        assert page.faults == []


# Two files that are dropped on an element, as a file manager does it.
DROP = """(section, [names, bytes]) => {
    const transfer = new DataTransfer();
    for (const name of names) transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "audio/wav" }));
    for (const kind of ["dragover", "drop"]) {
        section.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }
}"""


def test_takes_are_dropped_and_rendered_side_by_side(
    browser, tmp_path: Path, trumpet_style_path: Path, guitar_audio: np.ndarray
) -> None:
    sound = io.BytesIO()
    soundfile.write(sound, guitar_audio, 44_100, format="WAV", subtype="PCM_16")
    with App(tmp_path / "library") as app:
        page = opened(browser, app)
        for name in ("one", "two"):
            copy = tmp_path / f"{name}.npz"
            copy.write_bytes(trumpet_style_path.read_bytes())
            page.set_input_files("#import-file", copy)
            page.wait_for_selector(f"#styles strong:text-is('{name}')", timeout=WORK_MS)
        render = page.get_by_role("region", name="Render")
        render.evaluate(DROP, [["first.wav", "second.wav"], list(sound.getvalue())])
        page.wait_for_selector("#message:text('second.wav is ready')", timeout=WORK_MS)
        takes = page.get_by_role("group", name="Takes to render")
        assert [takes.get_by_label(re.compile(name)).is_checked() for name in ("first", "second")] == [
            True,
            True,
        ]
        render.get_by_role("combobox", name="Morph to").select_option("two")
        for name, value in (("Morph", "0.5"), ("Mix", "0.5")):
            render.get_by_role("slider", name=name).fill(value)
        render.get_by_role("button", name="Render", exact=True).click()
        page.get_by_role("progressbar", name="Progress of first.one+two.wav").wait_for(timeout=WORK_MS)
        for name in ("first", "second"):
            page.get_by_role("button", name=f"Listen to {name}.one+two.wav").wait_for(timeout=WORK_MS)
        page.reload()
        page.get_by_role("button", name="Listen to second.one+two.wav").click(timeout=WORK_MS)
        page.wait_for_selector("#download[href*=sounds]")
        audio, _ = soundfile.read(
            io.BytesIO(app.request("GET", page.get_attribute("#download", "href") or "")[1]), dtype="float32"
        )
        soundfile.write(tmp_path / "take.wav", guitar_audio, 44_100, subtype="PCM_16")
        from stylefx import render as render_file

        styles = [tmp_path / "one.npz", tmp_path / "two.npz"]
        render_file(tmp_path / "take.wav", styles, tmp_path / "expected.wav", morph=0.5, mix=0.5)
        assert np.array_equal(audio, soundfile.read(tmp_path / "expected.wav", dtype="float32")[0])
        assert page.faults == []


def test_the_part_is_chosen_on_the_waveform(browser, tmp_path: Path) -> None:
    with App(tmp_path / "library") as app:
        page = opened(browser, app)
        page.get_by_role("group", name="Clips to learn from").get_by_label(re.compile("guitar_solo")).check()
        page.get_by_role("img", name="Waveform of guitar_solo.flac, 10.0 s").wait_for(timeout=WORK_MS)
        box = page.locator("#wave").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 20, steps=4)
        page.mouse.up()
        found = [float(page.get_by_label(f"{name} (s)").input_value()) for name in ("Start", "End")]
        assert found == pytest.approx([2.5, 7.5], abs=0.1)
        assert page.faults == []


def test_as_many_tabs_as_somebody_likes(browser, tmp_path: Path, trumpet_style_path: Path) -> None:
    with App(tmp_path / "library") as app:
        context = browser.new_context()
        tabs = [context.new_page() for _ in range(9)]
        for tab in tabs:
            tab.goto(app.url)
            tab.wait_for_selector("body[data-ready]")
        tabs[-1].set_input_files("#import-file", trumpet_style_path)
        for tab in tabs:
            tab.wait_for_selector("#styles strong:text-is('trumpet')")
        tabs[0].close()
        tabs[1].reload()
        tabs[1].wait_for_selector("#styles strong:text-is('trumpet')")
        assert app.finish()[0] == 0
        for tab in tabs[1:]:
            tab.wait_for_selector("#message:text('does not answer')")
            assert tab.locator("#styles strong").all_inner_texts() == ["trumpet"]


def test_a_full_disk_is_a_sentence_and_loses_nothing(
    browser, tmp_path: Path, trumpet_style_path: Path
) -> None:
    library = tmp_path / "library"
    with App(library) as app:
        page = opened(browser, app)
        page.set_input_files("#import-file", trumpet_style_path)
        page.wait_for_selector("#styles strong:text-is('trumpet')", timeout=WORK_MS)
        before = sorted(library.iterdir())
        hard = resource.prlimit(app.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(app.pid, resource.RLIMIT_FSIZE, (20_000, hard))  # as if no more fitted
        page.set_input_files("#take-files", clip_path("trumpet_solo"))
        page.wait_for_selector("#message:text('could not be written')", timeout=WORK_MS)
        make_style(page, "big")
        failed = page.locator("#jobs li[data-state=failed]:has-text('big')")
        failed.wait_for(timeout=WORK_MS)
        assert "that could not be written or read: file too large" in failed.inner_text()
        assert str(tmp_path) not in failed.inner_text()
        assert sorted(library.iterdir()) == before

        resource.prlimit(app.pid, resource.RLIMIT_FSIZE, (hard, hard))
        page.reload()
        make_style(page, "big")
        page.wait_for_selector("#styles strong:text-is('big')", timeout=WORK_MS)
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
