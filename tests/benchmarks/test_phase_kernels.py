"""The loops under the phase stage, each against a plain and slower way to the same figures."""

from __future__ import annotations

import heapq

import numpy as np
import pytest

from benchmarks.phase_methods import kernels
from benchmarks.phase_methods.elementary import angles, log_magnitudes, polar
from stylefx.analysis.window import GAUSS_GAMMA
from tests.support.phase_streams import NOMINAL, SMALL, convergence, prepared, stft, stream, synthetic


def gradient_steps(logs, grid, time_step, frequency_step):
    gamma = GAUSS_GAMMA * grid.window_length**2
    rotation = 2 * np.pi * (np.arange(grid.bins) * grid.hop % grid.n_fft) / grid.n_fft
    time_factor, frequency_factor = grid.hop * grid.n_fft / (2 * gamma), gamma / (2 * grid.hop * grid.n_fft)
    kernels.gradient_steps(logs, rotation, time_factor, frequency_factor, time_step, frequency_step)


def test_logarithms_sines_and_angles():
    rng = np.random.default_rng(0)
    power = np.exp(rng.uniform(-46, 46, 5000)).astype(np.float32)
    out, bits = np.zeros(5000), np.zeros(5000, np.int32)
    log_magnitudes(power, bits, out)
    assert np.abs(out - 0.5 * np.log(power.astype(np.float64))).max() < 1e-8
    phase = np.concatenate((rng.uniform(-np.pi, np.pi, 4998), [np.pi, -np.pi]))
    re, im = np.zeros(5000, np.float32), np.zeros(5000, np.float32)
    polar(np.ones(5000, np.float32), phase, re, im)
    assert np.abs(re + 1j * im - np.exp(1j * phase)).max() < 1e-7
    re[:4], im[:4] = (0, 0, 1, -1), (0, 1, 0, 0)
    angles(re, im, out)
    expected = np.arctan2(im.astype(np.float64), re.astype(np.float64))
    assert np.abs(np.angle(np.exp(1j * (out - expected)))).max() < 1e-7
    assert out[0] == 0


@pytest.mark.parametrize(
    ("name", "time_limit", "frequency_limit"), [("tone", 0.015, 0.008), ("chirp", 0.015, 0.008)]
)
def test_gradients_are_those_of_the_phase(name, time_limit, frequency_limit):
    content = stft(synthetic(name, NOMINAL, 3.0))[100:120]
    logs = np.log(np.abs(content).astype(np.float64) + 1e-10)
    phase = np.angle(content).astype(np.float64)
    time_step, frequency_step = np.zeros(NOMINAL.bins), np.zeros(NOMINAL.bins)
    wrong = np.zeros(2)
    for n in range(1, 19):
        gradient_steps(logs[n - 1 : n + 2], NOMINAL, time_step, frequency_step)
        over_time = np.angle(np.exp(1j * (phase[n] - phase[n - 1] - time_step)))
        over_frequency = np.angle(np.exp(1j * (np.diff(phase[n]) - frequency_step[:-1])))
        energy = np.abs(content[n]) ** 2
        wrong += (
            np.sum(energy * over_time**2) / energy.sum(),
            np.sum(energy[1:] * over_frequency**2) / energy[1:].sum(),
        )
    rms = np.sqrt(wrong / 18)
    assert rms[0] < time_limit
    assert rms[1] < frequency_limit


def heap_integration(logs, time_step, frequency_step, before, fallback):
    """RTPGHI's step as published in plain Python with an exact heap."""
    bins = logs.shape[1]
    quietest = logs[:2].max() + kernels.LOG_TOLERANCE
    phase, todo = fallback.copy(), set(np.flatnonzero(logs[1] > quietest))
    heap = [(-logs[0, m], m) for m in todo]
    heapq.heapify(heap)
    while todo:
        node = heapq.heappop(heap)[1]
        if node < bins:
            reached = {node: before[node] + time_step[node]}
        else:
            m = node - bins
            reached = {m + 1: phase[m] + frequency_step[m], m - 1: phase[m] - frequency_step[m - 1]}
        for m, value in reached.items():
            if m in todo:
                todo.remove(m)
                phase[m] = value
                heapq.heappush(heap, (-logs[1, m], m + bins))
    return phase


@pytest.mark.slow
@pytest.mark.parametrize("name", ["chirp", "three tones", "noise"])
def test_buckets_do_as_well_as_a_heap(name):
    content = stft(synthetic(name, SMALL, 0.6), SMALL)
    targets = np.abs(content)
    logs = np.log(targets.astype(np.float64) + 1e-10)
    logs = np.concatenate((np.full((2, SMALL.bins), logs.min()), logs, np.full((1, SMALL.bins), logs.min())))
    steps, rng = np.zeros((2, SMALL.bins)), np.random.default_rng(0)
    phase, frames = np.zeros(SMALL.bins), []
    for n in range(len(targets)):
        gradient_steps(logs[n + 1 : n + 4], SMALL, steps[0], steps[1])
        phase = heap_integration(
            logs[n + 1 : n + 4], steps[0], steps[1], phase, rng.uniform(-np.pi, np.pi, SMALL.bins)
        )
        frames.append(targets[n] * np.exp(1j * phase))
    exact = convergence(targets, np.array(frames), SMALL, edge=30)
    buckets = convergence(
        targets, stream(prepared("rtpghi", 0, SMALL), targets, content, SMALL), SMALL, edge=30
    )
    assert buckets < exact + 1.0


def test_every_audible_bin_is_reached_and_only_those():
    rng = np.random.default_rng(3)
    logs = rng.uniform(-20, 0, (3, 500))
    queue, levels = np.zeros(kernels.BUCKETS + 1000, np.int32), np.zeros((2, 500), np.int32)
    phase = np.full(500, np.nan)
    kernels.integrate(logs, rng.random(500), rng.random(500), np.zeros(500), queue, levels, phase)
    audible = logs[1] > logs[:2].max() + kernels.LOG_TOLERANCE
    np.testing.assert_array_equal(np.isfinite(phase), audible)
    np.testing.assert_array_equal(levels[1] == kernels.DONE, audible)


def test_random_phases_are_uniform_and_run_on():
    mark = np.full(20_000, kernels.QUIET, np.int32)
    mark[::2] = kernels.DONE
    state, first, second = np.array([1], np.uint64), np.zeros(20_000), np.zeros(20_000)
    kernels.random_phases(mark, state, first)
    kernels.random_phases(mark, state, second)
    drawn = np.concatenate((first[1::2], second[1::2]))
    assert not np.any(first[::2])
    assert np.abs(drawn).max() <= np.pi
    counts = np.histogram(drawn, 20, (-np.pi, np.pi))[0]
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(1000)
    assert len(np.unique(drawn)) == len(drawn)
