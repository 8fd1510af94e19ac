"""Playing live from the page: through a real JACK server, in a real browser, and the sound is another process's."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pythonosc.osc_message_builder import OscMessageBuilder

from tests.support.app_server import App, check_for_everybody, chromium, opened
from tests.support.jack_server import CHANNELS, RATE, JackServer, Patchbay, require_jack

PERIOD = 1024
START_MS = 90_000
NOISE = np.random.default_rng(3).uniform(-0.3, 0.3, (RATE, CHANNELS)).astype(np.float32)


@pytest.fixture
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JackServer]:
    require_jack()
    with JackServer(PERIOD) as running:
        running.environment["XDG_CONFIG_HOME"] = str(tmp_path / "config")
        for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):  # for a MIDI port of the test's own
            monkeypatch.setenv(name, running.environment[name])
        yield running


@pytest.fixture
def pedals(server: JackServer) -> Iterator[Callable[[int], None]]:
    """Turns the one knob of a MIDI controller."""
    import mido

    port = mido.Backend("mido.backends.rtmidi/UNIX_JACK").open_output(
        "pedals", virtual=True, client_name="board"
    )
    yield lambda place: port.send(mido.Message("control_change", channel=2, control=21, value=place))
    port.close()


@pytest.fixture
def patchbay(server: JackServer) -> Iterator[Patchbay]:
    client = Patchbay(server)
    yield client
    client.close()


@pytest.fixture
def library(bright_style, dull_style, tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    bright_style.save(folder / "bright.npz")
    dull_style.save(folder / "dull.npz")
    return folder


def start(page: Any, *names: str) -> None:
    """Choose styles and devices, and play."""
    page.wait_for_selector("#source option:nth-child(2)", state="attached", timeout=START_MS)
    for kind in ("Input", "Output"):
        page.get_by_role("combobox", name=kind).select_option("system, JACK Audio Connection Kit")
    for name in names:
        page.get_by_role("group", name="Styles to play through").get_by_label(name).check()
    page.get_by_role("button", name="Start", exact=True).click()


def wait_playing(page: Any) -> None:
    page.wait_for_selector("#live[data-state=playing] #bank button", timeout=START_MS)


def wait_until(found: Callable[[], bool], page: Any, seconds: float = 5.0) -> None:
    """Look until it is so."""
    give_up = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < give_up
        page.wait_for_timeout(50)


def value(page: Any, name: str) -> float:
    return float(page.get_by_role("slider", name=name, exact=True).input_value())


def wait_for_values(page: Any, expected: dict[str, float]) -> None:
    """Until the page's knobs show them."""
    wait_until(lambda: {name: value(page, name) for name in expected} == expected, page)


def osc(port: int, name: str, number: float) -> None:
    builder = OscMessageBuilder(address=f"/stylefx/{name}")
    builder.add_arg(number)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(builder.build().dgram, ("127.0.0.1", port))


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_two_pages_play_one_session(
    browser, server: JackServer, patchbay: Patchbay, pedals: Callable[[int], None], library: Path
) -> None:
    with App(library, environment=server.environment) as app:
        page, other = opened(browser, app), opened(browser, app)
        page.get_by_text("Capture, blocks, OSC and MIDI").click()
        page.get_by_label("OSC port").fill("0")
        page.get_by_label("MIDI input").fill("pedals")
        start(page, "bright", "dull")
        for each in (page, other):
            wait_playing(each)
        patchbay.connect()
        heard = patchbay.exchange(NOISE, after=RATE // 2)
        assert np.abs(heard).max() > 0.01
        wait_until(lambda: float(other.locator("#meter-in").evaluate("each => each.value")) > -40, other)

        # The words of `live`: its lines, and those of its screen.
        said = other.inner_text("#live-said")
        assert re.search(r"48000 Hz, 2 channels, blocks of \d+", said)
        assert "playing, Ctrl-C ends" in said
        assert re.search(r"engine\s+42\.7 ms\s+\d+ samples", other.inner_text("#delays"))
        assert re.search(r"\d+ of \d+ blocks, \d+ samples lost", other.inner_text("#status"))
        assert "[1 bright]  2 dull" in other.inner_text("#status")

        # Keys on one page, OSC and MIDI from elsewhere: both pages show it.
        page.get_by_role("slider", name="mix", exact=True).focus()
        for _ in range(10):
            page.keyboard.press("ArrowLeft")
        (port,) = re.findall(r"OSC.*:(\d+)", said)
        osc(int(port), "gain_out_db", -6.0)
        other.get_by_label("Parameter of the next MIDI knob").select_option("strength")
        other.get_by_role("button", name="Learn a MIDI knob").click()
        page.wait_for_selector("#live-said:has-text('now move the knob for strength')")
        pedals(0)
        expected = {"mix": 0.9, "gain out": -6, "strength": 0}
        for each in (page, other):
            wait_for_values(each, expected)
        other.get_by_role("button", name="2 dull").press("Enter")
        other.get_by_role("button", name="bypass").press("Space")
        for name in ("2 dull", "bypass"):
            page.wait_for_selector(f"button[aria-pressed=true]:text-is('{name}')")

        # The page goes and comes back while it plays.
        page.reload()
        wait_playing(page)
        assert value(page, "mix") == 0.9
        check_for_everybody(page)

        other.get_by_role("button", name="Stop", exact=True).click()
        page.wait_for_selector("#live[data-state=off]", timeout=START_MS)
        assert re.search(r"stopped after \d+\.\d s, \d+ blocks", page.inner_text("#live-said"))
        assert page.faults == other.faults == []


def test_a_capture_counts_down_and_is_kept(
    browser, server: JackServer, patchbay: Patchbay, library: Path, guitar_audio
) -> None:
    with App(library, environment=server.environment) as app:
        page = opened(browser, app)
        page.get_by_text("Capture, blocks, OSC and MIDI").click()
        page.get_by_label("Capture (s)").fill("1.0")
        page.get_by_label("Keep the capture as").fill("mine")
        start(page)
        wait_playing(page)
        page.wait_for_selector("#status:has-text('waiting for sound')")
        patchbay.connect()
        with ThreadPoolExecutor(1) as pool:
            playing = pool.submit(patchbay.exchange, np.repeat(guitar_audio, CHANNELS, axis=1), RATE)
            page.wait_for_selector("#status:has-text('of 1 s left')")
            playing.result()
        page.wait_for_selector("#styles strong:text-is('mine')", timeout=START_MS)
        assert "capture: listening for 1 s, keep playing" in page.inner_text("#live-said")
        page.wait_for_selector("#live-said:has-text('mine.npz (normal)')", timeout=START_MS)
        assert app.finish()[0] == 0  # which ends the session too
    assert not list(Path("/dev/shm").glob(f"*{server.name}*stylefx*"))


def test_a_device_that_goes_away_leaves_its_sentence(browser, server: JackServer, library: Path) -> None:
    with App(library, environment=server.environment) as app:
        page = opened(browser, app)
        start(page, "bright")
        wait_playing(page)
        server.signal(signal.SIGTERM)
        page.wait_for_selector("#live-error:has-text('has stopped bringing audio')", timeout=START_MS)
        start_again = page.get_by_role("button", name="Start", exact=True)
        start_again.click()
        page.wait_for_selector("#live-error:has-text('no audio')", timeout=START_MS)
        assert page.faults == []


def test_the_session_ends_with_the_server(server: JackServer, library: Path) -> None:
    with App(library, environment=server.environment) as app:
        body = b'{"styles": ["bright"], "source": "system", "sink": "system"}'
        assert app.request("POST", "/api/live", body)[0] == 200
        status, said, _ = app.request("POST", "/api/live", body)
        assert (status, b"plays already" in said) == (400, True)
        (session,) = children(app.pid)
        app.kill()
        give_up = time.monotonic() + 60
        while Path(f"/proc/{session}").exists() and _state(session) != "Z":
            assert time.monotonic() < give_up
            time.sleep(0.1)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{}", "nothing to play through"),
        (b'{"styles": ["../bright"]}', "is no name for a style"),
        (b'{"styles": ["bright"], "source": "a\\u0000b"}', "expected the name of a device"),
        (b'{"styles": ["bright"], "blocksize": 7}', "16 to 16384"),
        (b'{"styles": ["bright"], "latency": "none"}', "is not known"),
        (b'{"capture": 10, "save": "bright"}', "already has a style called bright"),
        (b'{"capture": 1e9}', "from 1 to 30"),
    ],
)
def test_sessions_that_make_no_sense(nowhere: App, body: bytes, words: str) -> None:
    status, said, _ = nowhere.request("POST", "/api/live", body)
    assert status == 400
    assert words in said.decode()


@pytest.mark.parametrize(
    "body", [b'{"set": "mix", "value": "1"}', b'{"set": "volume", "value": 1}', b'{"press": "quit"}', b"{}"]
)
def test_presses_that_make_no_sense(nowhere: App, body: bytes) -> None:
    assert nowhere.request("PATCH", "/api/live", body)[0] == 400
    assert b"nothing plays" in nowhere.request("PATCH", "/api/live", b'{"press": "capture"}')[1]


@pytest.fixture(scope="module")
def nowhere(made_up_style, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server with one style, and no sound system."""
    folder = tmp_path_factory.mktemp("live")
    made_up_style.save(folder / "bright.npz")
    with App(folder, environment={**os.environ, "JACK_NO_START_SERVER": "1"}) as app:
        yield app
