"""Stage: the magnitudes of one frame of content -> the magnitudes the style would have there.

A small network answers at every position of :mod:`stylefx.timbre.layout`: how loud would the style be here?
The answer becomes a gain on the content's own bins, which keeps its fine structure where it has any and is the
answer itself below 1.9 kHz, where a position stands on every bin. The conditioning on the clip is folded into the
weights when the style is made (:mod:`stylefx.learn.decoder`), so a frame costs a few matrix products.

Whose partial is this? A position alone cannot tell, even with the levels at its sub-harmonics, for whether one of
those is a note shows in the harmonics of that one. So a smaller network, the ear, first hears a few channels at
every position, and the answer at a position looks at those of all places of its harmonic series (two layers of
harmonic convolution; cf. Bittner et al. 2017, "Deep salience representations for F0 estimation").

Latency: none beyond the frame; nothing looks ahead.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.errors import StylefxError
from stylefx.jit import compiled
from stylefx.timbre.adaptive_eq import SOUNDING_DB, WINDOW_HIGH, WINDOW_LOW, SlowEqualiser
from stylefx.timbre.ceiling import Ceiling
from stylefx.timbre.content_features import ContentFeatures
from stylefx.timbre.features import FEATURES, FLOOR_DB, SILENCE_DB
from stylefx.timbre.layout import heard_places, position_frequencies
from stylefx.timbre.note_decay import Decay
from stylefx.timbre.outliers import Rollback
from stylefx.timbre.rumble import RumbleLimit

# Long-term envelopes further apart than this are not trusted (40 dB).
EQUALISER_LIMIT_DB = 40.0
# Gains beyond this would lift the noise floor of the content into hearing (60 dB).
GAIN_LIMIT_DB = 60.0

# What the network says of one position against its neighbours is believed to this share: a wrong partial costs a note,
# a missing one only some of its colour.
DETAIL_SHARE = 0.8
# Between two answers a position follows its neighbours by this much: all of it, and what one frame got wrong would be
# handed back and forth for ever.
FOLLOWED = 0.75


class Decoder:
    """``arrays``: those of a style whose names start with ``decoder_`` (see ``stylefx.learn.decoder``).

    ``content_features``: shared by several decoders; its owner prepares it before them and feeds it each frame
    first. Without one the decoder listens for itself.
    """

    latency_samples = 0

    def __init__(self, arrays: dict[str, np.ndarray], content_features: ContentFeatures | None = None):
        positions, hidden = len(position_frequencies()), arrays["decoder_weight2"].shape[0]
        self._index, self._between = heard_places()
        ear, channels = arrays["decoder_ear_weight2"].shape
        heard = (self._index.shape[1] + 1) * channels
        shapes = {
            "ear_weight1": (FEATURES, ear),
            "ear_bias1": (positions, ear),
            "ear_weight2": (ear, channels),
            "ear_bias2": (channels,),
            "weight1": (FEATURES + heard, hidden),
            "bias1": (positions, hidden),
            "weight2": (hidden, hidden),
            "bias2": (hidden,),
            "weight3": (hidden, hidden),
            "bias3": (hidden,),
            "weight4": (hidden,),
            "bias4": (1,),
            "skip": (2,),
            "envelope": (positions,),
            "mean_levels": (positions,),
            "level_spreads": (positions,),
            "mean_amplitudes": (positions,),
            "decay_rates": (positions,),
        }
        for name, shape in shapes.items():
            found = arrays[f"decoder_{name}"].shape
            if found != shape:
                raise StylefxError(
                    f"decoder_{name} has shape {found}, expected {shape}: fit the style again with this version"
                )
        self._weights = {name: np.ascontiguousarray(arrays[f"decoder_{name}"], np.float32) for name in shapes}
        self._equaliser = SlowEqualiser(self._weights["mean_levels"], self._weights["level_spreads"])
        self._ceiling = Ceiling(self._weights["mean_amplitudes"])
        # Styles of earlier versions do not tell.
        rumble = arrays.get("decoder_rumble")
        self._rumble = RumbleLimit(rumble) if rumble is not None else None
        self._decay = Decay(self._weights["decay_rates"])
        self._content_features, self._listens_itself = (
            content_features or ContentFeatures(),
            content_features is None,
        )

    def prepare(self, grid: Grid) -> None:
        """Allocate for a grid and forget the past."""
        positions, hidden = self._weights["bias1"].shape
        ear, channels = self._weights["ear_weight2"].shape
        if self._listens_itself:
            self._content_features.prepare(grid)
        self._equaliser.prepare(grid)
        self._ceiling.prepare(grid)
        self._decay.prepare(grid)
        self._rollback = Rollback(grid.hop_seconds, *self._equaliser.memory, *self._ceiling.memory)
        self._answer, self._gain, self._down = np.zeros((3, positions), np.float32)
        self._sums = np.zeros(positions + 1, np.float64)
        self._ear = np.zeros((positions, ear), np.float32)
        self._channels = np.zeros((positions, channels), np.float32)
        # The length of a tuple is known to the compiler, which so makes vector instructions of the loop over channels.
        self._lanes = (0,) * channels
        # The network's part of the answer, how far it moved in this frame, and the first position of the next one.
        self._own, self._moved = np.zeros((2, positions), np.float32)
        self._first = 0
        self._seen = np.zeros(((positions + 1) // 2, len(self._weights["weight1"])), np.float32)
        self._hidden1, self._hidden2 = np.zeros((2, len(self._seen), hidden), np.float32)

    def reset(self) -> None:
        """Forget all frames."""
        if self._listens_itself:
            self._content_features.reset()
        self._equaliser.reset()
        self._ceiling.reset()
        self._decay.reset()
        self._rollback.reset()
        for array in (self._answer, self._down, self._own):
            array[:] = 0
        self._first = 0

    def process(self, magnitude: np.ndarray) -> np.ndarray:
        """The answer to one frame.

        Parameters
        ----------
        magnitude : float32 (bins,)
            The content's.

        Returns
        -------
        float32 (bins,)
            Target magnitudes, new.
        """
        heard, answer = self._content_features, self._answer
        if self._listens_itself:
            heard.process(magnitude)
        self._network()
        self._rollback.follow(heard.usual)
        silent = heard.level <= SILENCE_DB / 10
        self._equaliser.process(answer, not silent and heard.level > heard.slow_level - SOUNDING_DB / 10)
        if not silent:
            self._ceiling.process(answer, heard.own, heard.slow_level)
        if self._rumble is not None:
            self._rumble.process(answer, heard.own)
        if self._decay.active and not silent:
            styled = answer + np.float32(heard.level)
            self._down[:] = self._decay.process(heard.own, styled, heard.slow_level, heard.usual.loud)
        return self._applied(magnitude)

    def _network(self) -> None:
        """Fill the answer at every position, relative to the frame's level, as log10 of power.

        The network answers at every second position, the others in the next frame: between two answers a position moves
        as its neighbours do. What the frame itself says is new everywhere.
        """
        weights, features, seen = self._weights, self._content_features.features, self._seen
        np.matmul(features, weights["ear_weight1"], out=self._ear)
        _rectify(self._ear, weights["ear_bias1"])
        np.matmul(self._ear, weights["ear_weight2"], out=self._channels)
        _rectify(self._channels, weights["ear_bias2"][None])
        first, self._first = self._first, 1 - self._first
        count = len(features[first::2])
        seen, one, two = seen[:count], self._hidden1[:count], self._hidden2[:count]
        look(features, self._channels, self._index, self._between, self._lanes, first, 2, seen)
        np.matmul(seen, weights["weight1"], out=one)
        _rectify(one, weights["bias1"][first::2])
        np.matmul(one, weights["weight2"], out=two)
        _rectify(two, weights["bias2"][None])
        np.matmul(two, weights["weight3"], out=one)
        _output(one, weights["bias3"], weights["weight4"], weights["bias4"][0], first, self._own, self._moved)
        _whole(self._own, weights["skip"], weights["envelope"], features, self._answer)

    def hold(self, magnitude: np.ndarray) -> np.ndarray:
        """The same for a frame between two answers: the last one, at the levels of this frame."""
        if self._listens_itself:
            self._content_features.peek(magnitude)
        return self._applied(magnitude)

    def _applied(self, magnitude: np.ndarray) -> np.ndarray:
        """The answer, which is relative to the frame's level, on the bins of the frame heard last."""
        heard, gain = self._content_features, self._gain
        np.add(self._answer, np.float32(heard.level) - heard.own, out=gain)
        _calm(gain, WINDOW_LOW, WINDOW_HIGH, self._sums)
        gain += self._down
        silent = heard.level <= SILENCE_DB / 10
        floor = np.float32(0 if silent else 10.0 ** (heard.slow_level - FLOOR_DB / 10))
        return _expand(magnitude, gain, floor, heard.plan.expand_index, heard.plan.expand_weight)


@compiled
def _rectify(hidden: np.ndarray, bias: np.ndarray) -> None:
    """Add a bias, of every position or one for all, and cut at 0."""
    for p in range(hidden.shape[0]):
        here = bias[p % len(bias)]
        for h in range(hidden.shape[1]):
            hidden[p, h] = max(hidden[p, h] + here[h], np.float32(0))


@compiled
def look(
    features: np.ndarray,
    channels: np.ndarray,
    index: np.ndarray,
    between: np.ndarray,
    lanes: tuple[int, ...],
    first: int,
    step: int,
    seen: np.ndarray,
) -> None:
    """At positions first, first + step, ..: features, the ear's channels along the harmonics, and its own."""
    width = features.shape[1]
    for k in range(len(seen)):
        p, row, start = first + step * k, seen[k], width
        # Value by value: a slice that is assigned is checked, and the check takes seconds to compile.
        for f in range(width):
            row[f] = features[p, f]
        for r in range(index.shape[1]):
            low, high = between[p, r, 0], between[p, r, 1]
            here, after = channels[index[p, r]], channels[index[p, r] + 1]
            for c in range(len(lanes)):
                row[start + c] = low * here[c] + high * after[c]
            start += len(lanes)
        for c in range(len(lanes)):
            row[start + c] = channels[p, c]


@compiled
def _output(
    hidden: np.ndarray,
    bias: np.ndarray,
    weight: np.ndarray,
    bias_out: float,
    first: int,
    own: np.ndarray,
    moved: np.ndarray,
) -> None:
    """Last rectifier and output weights for every second position of ``own``; the others move with their neighbours."""
    for k in range(hidden.shape[0]):
        total = bias_out
        for h in range(hidden.shape[1]):
            total += max(hidden[k, h] + bias[h], np.float32(0)) * weight[h]
        p = first + 2 * k
        moved[p] = total - own[p]
        own[p] = total
    last = len(own) - 1
    for p in range(1 - first, len(own), 2):
        below, above = p - 1 if p > 0 else p + 1, p + 1 if p < last else p - 1
        own[p] += np.float32(0.5 * FOLLOWED) * (moved[below] + moved[above])


@compiled
def _whole(
    own: np.ndarray, skip: np.ndarray, envelope: np.ndarray, features: np.ndarray, answer: np.ndarray
) -> None:
    """The network's own part, the content's level and the equaliser's share."""
    limit = np.float32(EQUALISER_LIMIT_DB / 10)
    for p in range(len(own)):
        equaliser = min(max(envelope[p] - features[p, 4], -limit), limit)
        answer[p] = own[p] + skip[0] * features[p, 0] + skip[1] * equaliser


@compiled
def _calm(gain: np.ndarray, low: np.ndarray, high: np.ndarray, sums: np.ndarray) -> None:
    """Draw every gain to the mean of its band."""
    sums[0] = 0
    for p in range(len(gain)):
        sums[p + 1] = sums[p] + gain[p]
    for p in range(len(gain)):
        mean = np.float32((sums[high[p]] - sums[low[p]]) / (high[p] - low[p]))
        gain[p] = mean + np.float32(DETAIL_SHARE) * (gain[p] - mean)


@compiled
def _expand(
    magnitude: np.ndarray, gain: np.ndarray, floor: float, index: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Gains of positions -> magnitudes of bins; where the content has nothing, the floor is what is raised."""
    out = np.empty(len(magnitude), np.float32)
    for q in range(len(out)):
        here, after = gain[index[q]], gain[index[q] + 1]
        power_log10 = min(here + (after - here) * weight[q], np.float32(GAIN_LIMIT_DB / 10))
        out[q] = np.sqrt((magnitude[q] * magnitude[q] + floor) * np.float32(10.0) ** power_log10)
    return out
