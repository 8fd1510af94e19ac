"""Audio -> power spectrograms -> what the decoder sees of them, and the style's profile over frequency.

The features come from the loops that the engine runs (:mod:`stylefx.timbre.features`), so what is trained on is
what is played. Everything here is on one grid, that of 44.1 kHz; the positions make the result good for any rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft

from stylefx.analysis.grid import NOMINAL_RATE, grid_for
from stylefx.analysis.window import gauss_window
from stylefx.jit import compiled
from stylefx.timbre.adaptive_eq import SOUNDING_DB
from stylefx.timbre.features import FEATURES, SEEN, SLOW, State, frame_features
from stylefx.timbre.layout import Plan, hat_functions

GRID = grid_for(NOMINAL_RATE)
PLAN = Plan(GRID)
POSITIONS = len(PLAN.frequencies_hz)
BIN_HZ = np.arange(PLAN.bins) * GRID.bin_hz
HATS = hat_functions(PLAN.frequencies_hz)
# What the network knows of a position and a style besides the frame: place code, then the profile's columns.
PROFILE = 5
STATIC = HATS.shape[1] + PROFILE
# Quantiles of the clip's levels are smoothed over this many positions to either side: notes out, timbre in.
PROFILE_SMOOTHING = 4
# The running averages need this many frames before they mean something.
SETTLING = 5


def power_spectrogram(audio: np.ndarray) -> np.ndarray:
    """|STFT|^2 of mono audio at 44.1 kHz, float32 (frames, bins up to 18 kHz); frames as the engine's analysis."""
    window = gauss_window(GRID.window_length).astype(np.float32)
    padded = np.concatenate([np.zeros(GRID.window_length - GRID.hop), audio]).astype(np.float32)
    if len(padded) < GRID.window_length:
        padded = np.pad(padded, (0, GRID.window_length - len(padded)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, GRID.window_length)[:: GRID.hop]
    spectra = scipy.fft.rfft(frames * window, GRID.n_fft, axis=1)[:, : PLAN.bins]
    return spectra.real**2 + spectra.imag**2


def mean_level(power: np.ndarray) -> float:
    """Mean over frames of the weighted power that the decoder calls level."""
    return float(power.sum(axis=0) @ PLAN.level_weight) / len(power)


@dataclass
class Observation:
    """What a decoder saw of a spectrogram: ``features`` at the wanted frames, the rest at every frame."""

    features: np.ndarray
    own: np.ndarray
    long_envelope: np.ndarray
    level: np.ndarray
    slow_level: np.ndarray


def observe(power: np.ndarray, wanted: np.ndarray) -> Observation:
    """Play ``power`` (frames, bins) past the decoder's eyes, keeping the features of the ``wanted`` frames."""
    state, frames = State(PLAN, GRID), len(power)
    magnitude = np.sqrt(power)
    seen = Observation(
        np.zeros((len(wanted), POSITIONS, FEATURES), np.float32),
        np.zeros((frames, POSITIONS), np.float32),
        np.zeros((frames, POSITIONS), np.float32),
        np.zeros(frames),
        np.zeros(frames),
    )
    nothing = np.zeros((0, FEATURES), np.float32)
    place = {int(frame): k for k, frame in enumerate(wanted)}
    for p in range(frames):
        features = seen.features[place[p]] if p in place else nothing
        seen.level[p] = frame_features(
            magnitude[p], PLAN, state, features, seen.own[p], seen.long_envelope[p]
        )
        seen.slow_level[p] = state.level[SLOW]
    return seen


def targets_at(power: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Levels of every position (len(wanted), positions) and the slow level, log10 of power, at the wanted frames."""
    state = State(PLAN, GRID)
    slow_level = _follow(np.log10(power @ PLAN.level_weight + 1e-24), state.fall)
    own = np.zeros((len(wanted), POSITIONS), np.float32)
    unused, nothing = np.zeros(POSITIONS, np.float32), np.zeros((0, FEATURES), np.float32)
    for k, p in enumerate(wanted):
        state.reset()
        state.level[SLOW], state.level[SEEN] = slow_level[p] + state.fall, 1
        frame_features(np.sqrt(power[p]), PLAN, state, nothing, own[k], unused)
    return own, slow_level[wanted]


@compiled
def _follow(level: np.ndarray, fall: float) -> np.ndarray:
    slow = level.copy()
    for p in range(1, len(level)):
        slow[p] = max(level[p], slow[p - 1] - fall)
    return slow


def sounding_frames(seen: Observation) -> np.ndarray:
    """Boolean (frames,): near the slow level, or the ten loudest where hardly any is."""
    sounding = seen.level > seen.slow_level - SOUNDING_DB / 10
    sounding[:3] = False
    return sounding if sounding.sum() >= 10 else seen.level >= np.sort(seen.level)[-10:][0]


def style_static(seen: Observation) -> np.ndarray:
    """Place code and profile of a style clip, float32 (positions, STATIC).

    Profile columns: the quantiles 10, 50, 90 % of the sounding levels relative to the frame's, the 5 % quantile
    relative to the slow level (the clip's noise floor and rests), the long-term envelope.
    """
    sounding = sounding_frames(seen)
    relative = seen.own[sounding] - seen.level[sounding, None]
    columns = [_smoothed(row) for row in np.percentile(relative, [10, 50, 90], axis=0)]
    columns.append(_smoothed(np.percentile(seen.own - seen.slow_level[:, None], 5, axis=0)))
    columns.append(seen.long_envelope[-1])
    return np.concatenate([HATS, np.clip(np.stack(columns, 1), -6, 3)], axis=1).astype(np.float32)


def _smoothed(row: np.ndarray) -> np.ndarray:
    width = 2 * PROFILE_SMOOTHING + 1
    return np.convolve(np.pad(row, PROFILE_SMOOTHING, mode="edge"), np.ones(width) / width, "valid")


def observe_style(
    power: np.ndarray, rng: np.random.Generator, frames: int, positions: int
) -> tuple[np.ndarray, np.ndarray, Observation]:
    """Of a clip: static description (positions, STATIC), samples (count, FEATURES + STATIC), and all that was seen."""
    usable = np.arange(min(SETTLING, len(power) - 1), len(power))
    wanted = np.sort(rng.choice(usable, min(frames, len(usable)), replace=False))
    seen = observe(power, wanted)
    static = style_static(seen)
    chosen = rng.integers(0, POSITIONS, (len(wanted), positions))
    features = np.take_along_axis(seen.features, chosen[:, :, None], axis=1).reshape(-1, FEATURES)
    return static, np.concatenate([features, static[chosen.ravel()]], axis=1), seen
