"""Notes out: what is played, as MIDI, while it is played.

A thread of its own reads the input from the ring every few milliseconds, tracks its notes and sends them to a port:
note on with a velocity when the tracker has decided (never on a guess), note off at the end. While a single note
sounds, its glides and its vibrato are sent as pitch bend, for a receiver whose range is the usual two semitones. It
takes a few hundredths of a processor, and is as late as the look-ahead of the ``--latency`` that is played with.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import numpy as np

from stylefx.errors import NoDeviceError
from stylefx.io.midi_file import velocity_of
from stylefx.live.observer import Playing, SessionObserver
from stylefx.tracking.notes import Event, Note
from stylefx.tracking.tracker import Tracker

FETCH_SECONDS = 0.003
# How late the thread may come without losing input; half of the ring is safe from the writer.
TAPE_SECONDS = 2.0
# A note so loud plays at the loudest velocity, whatever came before: levels may not be known beforehand.
LOUDEST_DB = -12.0
CLIENT, OUTPUT = "stylefx-notes", "notes"
# A port of one's own, to be connected by hand.
OWN_PORT = "-"
BEND_SEMITONES, CENTRE, HIGHEST_BEND = 2.0, 8192, 16_383
# Bends smaller than this are not worth a message.
SMALLEST_BEND = 40
HIGHEST_KEY = 127


class NoteMessages:
    """Events of a tracker -> MIDI messages (lists of bytes)."""

    def __init__(self) -> None:
        import mido

        self._message = mido.Message
        self._keys: dict[int, int] = {}
        self._bend = 0

    def of(self, events: list[Event], sounding: list[Note]) -> list[list[int]]:
        """Messages for news, and the bend of what sounds now."""
        found = []
        for event in events:
            if event.kind == "on":
                found += self._begin(event.note)
            elif event.kind in ("released", "off"):
                found += self._end(event.note.number)
        return found + self._bent(sounding)

    def end_all(self) -> list[list[int]]:
        """The end of every note that was begun."""
        return [message for number in list(self._keys) for message in self._end(number)]

    def _begin(self, note: Note) -> list[list[int]]:
        key = int(np.clip(round(note.pitch), 0, HIGHEST_KEY))
        self._keys[note.number] = key
        velocity = velocity_of(note.level_db, LOUDEST_DB)
        return [self._message("note_on", note=key, velocity=velocity).bytes()]

    def _end(self, number: int) -> list[list[int]]:
        key = self._keys.pop(number, None)
        # Another note may have begun at this key meanwhile: the end of the older one would stop it.
        if key is None or key in self._keys.values():
            return []
        return [self._message("note_off", note=key).bytes()]

    def _bent(self, sounding: list[Note]) -> list[list[int]]:
        bend = 0
        if len(sounding) == 1 and sounding[0].track and sounding[0].number in self._keys:
            semitones = sounding[0].track[-1][1] - self._keys[sounding[0].number]
            bend = round(semitones / BEND_SEMITONES * CENTRE)
        bend = int(np.clip(bend, -CENTRE, HIGHEST_BEND - CENTRE))
        if abs(bend - self._bend) < SMALLEST_BEND and (bend or not self._bend):
            return []
        self._bend = bend
        return [self._message("pitchwheel", pitch=bend).bytes()]


class NotesOut(SessionObserver):
    """Sends the notes of the input to the first output port whose name contains ``port``, or to one of our own (``-``).

    Raises
    ------
    NoDeviceError
        No such port; the sentence names those that there are.
    """

    ring_seconds = TAPE_SECONDS

    def __init__(self, port: str, latency: str, notify: Callable[[str], None]):
        import rtmidi

        self._output, self.name = _open(rtmidi, port)
        self._tracker, self._messages, self._notify = Tracker(latency), NoteMessages(), notify
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stylefx-notes", daemon=True)

    def __enter__(self) -> NotesOut:
        return self

    def begin(self, playing: Playing) -> None:
        """See `SessionObserver.begin`."""
        self._ring = playing.meters.input
        self._tracker.prepare(playing.sample_rate)
        # Compiled and warm before the first note.
        self._tracker.process(np.zeros(playing.sample_rate // 10, np.float32))
        self._tracker.reset()
        self._heard = self._ring.written
        self._thread.start()
        delay_ms = 1e3 * self._tracker.latency_samples / playing.sample_rate
        self._notify(f"notes: to {self.name}, named within {delay_ms:.0f} ms")

    def poll(self) -> None:
        """See `SessionObserver.poll`; nothing to do here."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._send(self._messages.end_all())
        self._output.close_port()
        self._output.delete()

    def _run(self) -> None:
        while not self._ended.wait(FETCH_SECONDS):
            self._hear()
        self._hear()

    def _hear(self) -> None:
        written = self._ring.written
        # What has been overwritten meanwhile is lost; half of the ring is safe from the writer.
        frames = min(written - self._heard, len(self._ring) // 2)
        self._heard = written
        if frames:
            block = self._ring.newest(frames).mean(axis=1)
            self._send(self._messages.of(self._tracker.process(block), self._tracker.notes))

    def _send(self, messages: list[list[int]]) -> None:
        for message in messages:
            self._output.send_message(message)


def _open(rtmidi: Any, port: str) -> tuple[Any, str]:
    """An opened output and its name, from whichever of the system's MIDI services has it."""
    seen: list[str] = []
    for service in rtmidi.get_compiled_api():
        try:
            sink = rtmidi.MidiOut(rtapi=service, name=CLIENT)
            if port == OWN_PORT:
                sink.open_virtual_port(OUTPUT)
                return sink, f"{CLIENT}:{OUTPUT}"
            names = sink.get_ports()
        except (rtmidi.RtMidiError, OSError, NotImplementedError):
            continue  # this service does not run
        for number, name in enumerate(names):
            if port.lower() in name.lower():
                sink.open_port(number, OUTPUT)
                return sink, name
        seen += names
        sink.delete()
    there_are = f"there are: {'; '.join(seen)}" if seen else "there is none: is it connected?"
    raise NoDeviceError(f"no MIDI output port is called {port!r}, {there_are}")
