"""Separation: each note of a clip without what sounds beside it.

Where notes overlap, every bin of the spectrogram goes to the notes in proportion to their model there: at each partial
the main lobe of the window, as high as the note's own partials lately allow (what two notes share is split by how loud
they are where they are alone). What no older note explains, the attack noise among it, is the newest note's;
but once its attack is over a note has little under its fundamental, where others may sound that nobody has named.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.signal

from stylefx.tracking.notes import Note

WINDOW_SECONDS, HOPS_PER_WINDOW = 0.093, 8
MAX_PARTIALS = 40
# Half width of a partial's main lobe in bins: a Hann window's is 2 wide at its foot.
LOBE_BINS = 1.6
# A note's attack takes so long. Under this share of its fundamental a note has no more than so much of it afterwards.
ATTACK_SECONDS, UNDER, UNDER_DB = 0.06, 0.8, -30.0
# A note that has ended rings on for this long, falling by so much.
RING_SECONDS, RING_DB = 0.25, 40.0
TINY = 1e-12


class Separated:
    """``audio`` float32 (samples,), and its ``notes`` in order of onset; `note` gives each of them alone."""

    def __init__(self, audio: np.ndarray, sample_rate: int, notes: Sequence[Note]):
        self._notes, self._rate = notes, sample_rate
        self._length = 2 ** round(np.log2(WINDOW_SECONDS * sample_rate))
        self._hop = self._length // HOPS_PER_WINDOW
        self._audio = audio
        window = scipy.signal.get_window("hann", self._length)
        self._stft = scipy.signal.ShortTimeFFT(window, self._hop, sample_rate, scale_to="magnitude")
        self._spectrum = self._stft.stft(audio.astype(np.float64))
        first = self._stft.p_min
        self._seconds = (np.arange(self._spectrum.shape[1]) + first) * self._hop / sample_rate
        self._power = np.abs(self._spectrum) ** 2
        self._weights = [self._model(note) for note in notes]

    def _model(self, note: Note) -> tuple[slice, np.ndarray, np.ndarray]:
        """Frames in which a note sounds or rings, its model's power there (bins, frames), and what is not its own."""
        offset = note.onset if note.offset is None else note.offset
        lead = self._length / 2 / self._rate
        low, high = np.searchsorted(self._seconds, [note.onset - lead, offset + RING_SECONDS])
        frames = slice(int(low), max(int(high), int(low) + 1))
        seconds = self._seconds[frames]
        if note.track:
            times, pitches = np.array(note.track)[:, 0], np.array(note.track)[:, 1]
            near = np.clip(pitches, note.pitch - 1.5, note.pitch + 1.5)
            pitch = np.interp(seconds, times, near)
        else:
            pitch = np.full(len(seconds), note.pitch)
        hz = 440 * 2 ** ((pitch - 69) / 12)
        bins = np.arange(self._power.shape[0])[:, None] * self._rate / self._length
        model = np.zeros((len(bins), len(seconds)))
        power = self._power[:, frames]
        width = LOBE_BINS * self._rate / self._length
        heights = np.zeros((MAX_PARTIALS, len(seconds)))
        for h in range(1, MAX_PARTIALS + 1):
            if (h * hz).max() > self._rate / 2 - width:
                break
            bin_index = np.clip(np.round(h * hz * self._length / self._rate).astype(int), 0, len(bins) - 1)
            heights[h - 1] = power[bin_index, np.arange(len(seconds))]
        # A partial that towers over its neighbours is another note's.
        for h in range(MAX_PARTIALS):
            around = heights[max(0, h - 2) : h + 3]
            limit = np.exp(np.log(around + TINY).mean(axis=0)) * 4
            height = np.minimum(heights[h], limit)
            first, last = (h + 1) * hz.min() - 2 * width, (h + 1) * hz.max() + 2 * width
            lobe = slice(*np.searchsorted(bins[:, 0], [first, last]))
            distance = np.abs(bins[lobe] - (h + 1) * hz) / width
            model[lobe] += np.where(distance < 2, height * np.exp(-(distance**2)), 0)
        after = np.clip((seconds - offset) / RING_SECONDS, 0, 1)
        under = (bins < UNDER * hz) & (seconds > note.onset + ATTACK_SECONDS)
        return frames, model * 10 ** (-RING_DB / 10 * after), under

    def note(self, index: int) -> np.ndarray:
        """All samples of the clip with the note alone in them, float32 (samples,), zero where it is not."""
        frames, model, under = self._weights[index]
        others_older = np.zeros_like(model)
        others_newer = np.zeros_like(model)
        for other, (its_frames, its_model, _) in enumerate(self._weights):
            low, high = max(frames.start, its_frames.start), min(frames.stop, its_frames.stop)
            if other == index or low >= high:
                continue
            part = its_model[:, low - its_frames.start : high - its_frames.start]
            into = others_newer if other > index else others_older
            into[:, low - frames.start : high - frames.start] += part
            if other > index:
                # From its onset on, what no note explains belongs to the newer note.
                into[:, low - frames.start : high - frames.start] += TINY
        newest = others_newer == 0
        power = self._power[:, frames]
        rest = np.maximum(power - model - others_older, 0)
        mine = model + np.where(newest, rest + TINY, 0)
        mask = mine / (mine + others_older + others_newer + np.where(newest, 0, rest) + TINY)
        alone = ~((others_older > 0).any(axis=0) | (others_newer > 0).any(axis=0))
        mask[:, alone] = 1
        found, least = (each.sum(axis=0) for each in (np.where(under, power * mask**2, 0), model))
        limit = np.sqrt(np.minimum(1, 10 ** (UNDER_DB / 10) * least / (found + TINY)))
        mask *= np.where(under, limit, 1)
        whole = np.zeros_like(self._spectrum)
        whole[:, frames] = self._spectrum[:, frames] * mask
        # What its frames reach, and no more: the clip may be long.
        out, reach = np.zeros(len(self._audio), np.float32), self._length // 2
        first, last = (round(self._seconds[each] * self._rate) for each in (frames.start, frames.stop - 1))
        first, last = max(0, first - reach), min(len(out), last + reach)
        out[first:last] = self._stft.istft(whole, first, last)
        return out
