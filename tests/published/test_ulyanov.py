"""The published method: its losses fall as they should, blocks are cut and joined alike in any chunks."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from stylefx import StyleTransfer, fit
from stylefx.engine.blockwise import BLOCK_SECONDS, BlockwisePath
from stylefx.params import Settings
from stylefx.published.closed_form import ArcCosineKernel, ContentLoss, GramLoss
from stylefx.published.spectrogram import GRID, learn_spectrogram, log_magnitudes
from stylefx.published.ulyanov import DEVIATION, FILTERS, WIDTH, Ulyanov
from tests.support.sounds import in_chunks, melody, rms_db

RATE = 44_100
BRIGHT, DULL = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5), (1.0, 0.1, 0.03)


@pytest.fixture(scope="module")
def style():
    return fit(melody((60, 64, 67), 1.5, BRIGHT), RATE, method="ulyanov")


@pytest.fixture(scope="module")
def content():
    return melody((62, 65, 69), 1.5, DULL)


def test_frames_are_the_published_ones(style):
    assert (GRID.sample_rate, GRID.n_fft, GRID.hop) == (22_050, 2048, 512)
    assert style.arrays["log_magnitudes"].shape == (1.5 * 22_050 // 512 + 1, 1025)
    tone = np.sin(2 * np.pi * 1000 * np.arange(22_050) / 22_050).astype(np.float32)
    assert log_magnitudes(tone)[20].argmax() == round(1000 / (22_050 / 2048))
    assert abs(np.expm1(log_magnitudes(tone)[20].max()) - 512) < 20  # half the Hann window's sum


def test_a_long_clip_is_represented_by_bounded_frames():
    clip = np.random.default_rng(0).normal(0, 0.1, 22_050 * 60).astype(np.float32)
    assert len(learn_spectrogram(clip, 22_050)["log_magnitudes"]) <= 30 * 22_050 / GRID.hop + 1


@pytest.mark.slow
def test_the_published_objective_ends_far_below_its_start_and_the_content(style, content):
    kernel = ArcCosineKernel(FILTERS, DEVIATION, WIDTH)
    wanted = torch.from_numpy(log_magnitudes(content[::2]))
    gram, kept = (
        GramLoss(kernel, torch.from_numpy(style.arrays["log_magnitudes"])),
        ContentLoss(kernel, wanted),
    )

    def objective(frames):
        return float(gram(frames)[0] + 1e-2 * kept(frames)[0])

    found = torch.from_numpy(Ulyanov(style, 60, "cpu").optimise(wanted.numpy())).float()
    assert objective(found) < 0.2 * objective(torch.full_like(wanted, 1e-3))
    assert objective(found) < 0.5 * objective(wanted)


@pytest.mark.slow
def test_render_has_the_contents_length_and_some_level(style, content):
    played = StyleTransfer(style, iterations=15, device="cpu")(content, RATE)
    assert played.shape == content.shape
    assert rms_db(played) > rms_db(content) - 20
    again = StyleTransfer(style, iterations=15, device="cpu")(content, RATE)
    assert np.array_equal(played, again)


class Doubling:
    """An offline method whose result is known, to see the blocks: what comes out is what went in, doubled."""

    iterations = 0
    watch: Callable[[float], None] | None = None

    def __init__(self):
        self.lengths = []

    def transform(self, audio, sample_rate):
        self.lengths.append(len(audio))
        return 2 * audio


def joined(audio, sizes):
    method = Doubling()
    path = BlockwisePath(method)
    path.prepare(1_000, 1)
    outputs, start = [], 0
    for size in sizes:
        outputs += list(path.process(audio[start : start + size], Settings()))
        start += size
    return np.concatenate(outputs), method


def test_blocks_join_without_a_seam_in_any_chunks():
    audio = np.random.default_rng(1).normal(0, 0.1, (35_000, 1)).astype(np.float32)
    whole, _ = joined(audio, [35_000])
    assert np.allclose(whole, 2 * audio[: len(whole)], atol=1e-6)
    chunked, _ = joined(audio, [1, 9_999, 500, 20_000, 4_500])
    assert np.array_equal(chunked, whole)


def test_a_clip_of_one_block_is_optimised_at_once_without_the_silence_behind_it():
    audio = np.zeros((21_000, 1), np.float32)
    audio[:9_000] = 0.5
    played, method = joined(audio, [21_000])
    assert method.lengths == [9_000]
    assert np.array_equal(played, 2 * audio[: len(played)])


def test_its_latency_is_a_block_and_dry_comes_back_exactly(style, content):
    effect = StyleTransfer(style, mix=0.0, iterations=0, device="cpu")
    effect.prepare(RATE, 1, 10_000)
    assert effect.latency_samples == round(BLOCK_SECONDS * RATE)
    audio = content[:30_000, None]
    played = np.concatenate([in_chunks(effect, audio, [10_000]), effect.flush()])
    assert np.array_equal(played[effect.latency_samples :], audio)
