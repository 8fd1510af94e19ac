"""Checkpoint -> the weights that ship, with the thresholds of every profile.

    python -m stylefx.learn.pretraining.tracker.export checkpoint.npz *.sf2 -o stylefx/tracking/weights/tracker.npz

Thresholds are chosen by note figures on pieces of the instruments left out of the training, plain and augmented: the
best onset F1 of 50 and 20 ms together, averaged over one, two and four voices. The benchmark draws other pieces.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from stylefx.analysis.grid import LATENCIES, STUDIO
from stylefx.learn.pretraining.decoder.train import LEFT_OUT
from stylefx.learn.pretraining.tracker.figures import counts, figures, match
from stylefx.learn.pretraining.tracker.pieces import LAYOUT, Composer, Piece, SoundingNote
from stylefx.learn.pretraining.tracker.players import FontPlayer
from stylefx.learn.pretraining.tracker.sounds import augmented
from stylefx.tracking.decode import Answer, LiveDecoder, StudioDecoder, Thresholds
from stylefx.tracking.layout import LOWEST_PITCH
from stylefx.tracking.network import STUDIO_AHEAD
from stylefx.tracking.notes import Event
from stylefx.tracking.shape import LIVE_DELAYS
from stylefx.tracking.tracker import DELAYS, Tracker

SEED, PIECES = 77, {1: 6, 2: 4, 4: 4}
ONSETS = (0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7)
SOUNDING = (0.3, 0.45)
GUESSES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
# Share of an early head's guesses that must be right.
SURE = 0.85
SHIPPED_TYPE = np.float32


def calibration_pieces(font: Path) -> dict[int, list[Piece]]:
    """Pieces by voices, every second one augmented."""
    rng = np.random.default_rng(SEED)
    composer = Composer(FontPlayer([font], LEFT_OUT, only_left_out=True), plain=True, keep_audio=True)
    pieces = {voices: [composer.draw(rng, voices) for _ in range(count)] for voices, count in PIECES.items()}
    for piece in [piece for of_voices in pieces.values() for piece in of_voices[1::2]]:
        piece.audio = augmented(rng, _audio(piece))
    return pieces


def _audio(piece: Piece) -> np.ndarray:
    assert piece.audio is not None  # the composer was asked to keep it
    return piece.audio


class Recording(Tracker):
    """A tracker whose answers are kept, to be decoded again with other thresholds."""

    def answers(self, audio: np.ndarray) -> list:
        """The answers of a piece and of the silence after it."""
        self.reset()
        kept: list[Answer] = []
        decoder: Any = self._decoder
        self._decoder = _Keeper(kept, decoder)  # type: ignore[assignment]
        self.process(np.concatenate([audio, np.zeros(self.latency_samples + LAYOUT.frame, np.float32)]))
        self._decoder = decoder
        return kept


class _Keeper:
    def __init__(self, kept: list, decoder: Any):
        self._kept, self.sounding = kept, decoder.sounding

    def process(self, answer: Answer) -> list[Event]:
        self._kept.append(type(answer)(*(np.array(part) for part in vars(answer).values())))
        return []

    def reset(self) -> None:
        """Nothing to forget."""


def decoded(profile: str, answers: list, thresholds: Thresholds) -> list[Event]:
    """The events of kept answers."""
    decoder: StudioDecoder | LiveDecoder
    if profile == STUDIO:
        decoder = StudioDecoder(LAYOUT, thresholds, STUDIO_AHEAD)
    else:
        decoder = LiveDecoder(LAYOUT, thresholds, DELAYS[profile])
    events = [event for answer in answers for event in decoder.process(answer)]
    return events + [
        Event("off", 0, note) for note in decoder.sounding.end_all(len(answers) * LAYOUT.frame_seconds)
    ]


def score(profile: str, answers: dict[int, list], pieces: dict[int, list], thresholds: Thresholds) -> float:
    """Mean over voices of the mean of F1 at 50 and 20 ms."""
    totals = []
    for voices, of_voices in pieces.items():
        each = [
            counts(
                [event.note for event in decoded(profile, kept, thresholds) if event.kind == "on"],
                piece.notes,
            )
            for kept, piece in zip(answers[voices], of_voices)
        ]
        found = figures(each)
        totals.append(found["f50"] + 0.5 * found["f20"])
    return float(np.mean(totals))


def guess_thresholds(answers: dict[int, list], pieces: dict[int, list], delay: int) -> tuple[float, ...]:
    """For every head before the deciding one, the lowest threshold at which its guesses are right often enough."""
    chosen: list[float] = []
    for head in range(delay):
        for threshold in GUESSES:
            named = right = 0
            for voices, of_voices in pieces.items():
                for kept, piece in zip(answers[voices], of_voices):
                    notes = _first_crossings(kept, head, threshold)
                    named += len(notes)
                    right += len(match(notes, piece.notes, 0.05))
            if named and right >= SURE * named:
                break
        # A head that has heard more need not be surer.
        chosen.append(min([threshold, *chosen]))
    return tuple(chosen)


def _first_crossings(answers: list, head: int, threshold: float) -> list:
    over = np.array([answer.onsets[head] > threshold for answer in answers])
    first = over & ~np.pad(over, ((1, 0), (0, 0)))[:-1]
    return [
        SoundingNote((frame - head + 0.5) * LAYOUT.frame_seconds, 0, LOWEST_PITCH + pitch)
        for frame, pitch in zip(*np.nonzero(first))
    ]


def choose(
    weights: dict[str, np.ndarray], font: Path, report: Callable[[str], None] = print
) -> dict[str, dict]:
    """The thresholds of every profile."""
    pieces = calibration_pieces(font)
    chosen = {}
    start = Thresholds(0.5, 0.5)
    for profile in LATENCIES:
        recording = Recording(profile, weights, start)
        recording.prepare(LAYOUT.sample_rate)
        answers = {
            voices: [recording.answers(_audio(piece)) for piece in of_voices]
            for voices, of_voices in pieces.items()
        }
        tried = {
            (onset, sounding): score(profile, answers, pieces, Thresholds(onset, sounding))
            for onset, sounding in product(ONSETS, SOUNDING if profile == STUDIO else SOUNDING[:1])
        }
        onset, sounding = max(tried, key=lambda key: tried[key])
        guess = () if profile == STUDIO else guess_thresholds(answers, pieces, DELAYS[profile])
        chosen[profile] = {"onset": onset, "sounding": sounding, "guess": list(guess)}
        report(f"{profile}: {chosen[profile]}, {tried[onset, sounding]:.3f}")
    assert len(LIVE_DELAYS) > max(DELAYS.values())
    return chosen


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path, help=".npz that the training wrote beside its checkpoint")
    parser.add_argument("soundfont", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    with np.load(options.weights, allow_pickle=False) as stored:
        weights = {name: stored[name].astype(SHIPPED_TYPE) for name in stored.files}
    thresholds = json.dumps(choose(weights, options.soundfont))
    np.savez(options.output, allow_pickle=False, thresholds=np.array(thresholds), **weights)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
