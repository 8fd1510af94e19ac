"""The catalogue of methods: what it says is true, the command line knows it, and offline methods play in blocks."""

import json

import numpy as np
import pytest
import soundfile
import torch

from stylefx import StyleTransfer, fit
from stylefx.engine.blockwise import BLOCK_SECONDS
from stylefx.errors import StylefxError, UsageError
from stylefx.published.offline import SpectrogramMethod
from stylefx.rendering import render
from stylefx.style.methods import METHODS
from stylefx.style.style import ARRAYS, Style
from tests.support.sounds import in_chunks, melody

RATE = 22_050
OFFLINE = [method for method in METHODS.values() if not method.real_time]


@pytest.fixture(scope="module")
def style():
    return fit(melody((60, 64), 1.0, (1.0, 0.9, 0.8, 0.7), RATE), RATE, method="random2d")


def test_the_command_lists_every_method_with_its_reference(stylefx_command):
    told = json.loads(stylefx_command("methods", "--json").stdout)["methods"]
    assert [method["name"] for method in told] == list(METHODS)
    assert all(method["reference"] and method["settings"] and method["cpu_factor"] > 0 for method in told)
    assert [method["name"] for method in told if method["real_time"]] == ["harmonic", "musicnn-live"]
    text = stylefx_command("methods").stdout
    assert all(method.reference in text for method in METHODS.values())


def test_an_unknown_method_is_answered_with_all_of_them():
    with pytest.raises(UsageError, match=f"'magic' is not known: use one of {', '.join(METHODS)}"):
        fit(np.zeros(RATE, np.float32), RATE, method="magic")


@pytest.mark.slow
@pytest.mark.parametrize("method", OFFLINE, ids=lambda method: method.name)
def test_what_it_says_of_its_styles_is_what_its_class_learns(method):
    offline = method.load()
    try:
        offline.net(torch.device("cpu"), 0) if method.weights != "none" else None
    except StylefxError as error:
        pytest.skip(str(error))
    learned = offline.learn(melody((60, 64), 1.0, (1.0, 0.9), RATE), RATE)
    assert learned.keys() == ARRAYS[method.name].keys()
    if issubclass(offline, SpectrogramMethod):
        assert learned["log_magnitudes"].shape[1] == method.bins == offline.grid.bins


def test_info_says_that_it_is_offline_and_live_refuses_it(style, tmp_path, stylefx_command):
    style.save(tmp_path / "style.npz")
    assert Style.load(tmp_path / "style.npz").method == "random2d"
    assert (
        "runs      offline, block by block, about" in stylefx_command("info", tmp_path / "style.npz").stdout
    )
    with pytest.raises(UsageError, match="fit the clip with --method harmonic"):
        _ = StyleTransfer(style).bank


def test_a_clip_that_is_too_short_for_a_method_is_refused_in_a_sentence():
    with pytest.raises(StylefxError, match=r"the clip has 0.5\d s, this method needs 0.77 s"):
        fit(melody((60,), 0.52, (1.0, 0.5), RATE), RATE, method="antognini")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["random2d", "mcdermott", "verma"])
def test_a_forged_style_still_plays_numbers(name):
    """All zeros pass the checks of a style file."""
    fitted = fit(melody((60, 64), 0.6, (1.0, 0.5), RATE), RATE, method=name)
    nothing = {key: np.zeros_like(array) for key, array in fitted.arrays.items()}
    effect = StyleTransfer(Style(name, nothing, fitted.meta), iterations=2, device="cpu")
    assert np.isfinite(effect(melody((62,), 0.6, (1.0, 0.2), RATE), RATE)).all()


@pytest.mark.slow
def test_any_chunks_give_the_same_samples_across_two_blocks(style):
    """Sound around the end of the first block only: what is silent is not optimised."""
    sound = melody((62, 65), 1.2, (1.0, 0.2), RATE)[:, None]
    start = round((BLOCK_SECONDS - 0.7) * RATE)
    audio = np.pad(sound, ((start, RATE), (0, 0)))
    effect = StyleTransfer(style, iterations=1, device="cpu")
    outputs = []
    for sizes in ([len(audio)], [4_097, 100_000, 1, 30_000]):
        effect.prepare(RATE, 1, len(audio))
        outputs.append(np.concatenate([in_chunks(effect, audio, sizes), effect.flush()]))
    assert np.array_equal(outputs[0], outputs[1])
    played = outputs[0][effect.latency_samples :]
    assert np.abs(played[start : start + len(sound)]).max() > 0.05
    assert np.abs(played[: start - RATE]).max() == 0


@pytest.mark.slow
def test_render_tells_how_far_a_block_is(style, tmp_path):
    soundfile.write(tmp_path / "in.wav", melody((62,), 1.0, (1.0, 0.3), RATE), RATE)
    told: list[tuple[int, int | None]] = []
    render(
        tmp_path / "in.wav",
        style,
        tmp_path / "out.wav",
        iterations=4,
        device="cpu",
        progress=lambda done, total: told.append((done, total)),
    )
    parts = [done for done, _ in told]
    assert parts == sorted(parts)
    assert parts[-1] == RATE
    assert len({part for part in parts if part < RATE}) >= 2
    assert {total for _, total in told} == {RATE}
    assert parts[-1] == max(parts)
