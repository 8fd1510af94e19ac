"""What counts as a finding: anything but success or one clean sentence, within little memory and time."""

from __future__ import annotations

import re
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.fuzz import audio, styles
from stylefx.errors import LONGEST_SENTENCE, StylefxError
from stylefx.io.files import AudioReader
from stylefx.style.style import Style

KINDS = {"styles": styles, "audio": audio}
MAX_CPU_SECONDS = 5.0
# Bombs unpack to 9 MiB or more, and nothing may be unpacked to find out.
MAX_STYLE_BYTES = 8 * 2**20
MAX_BYTES = 300 * 2**20  # of the whole process, for one case
SLOWEST = 20.0  # times real time
RENDERED_FRAMES, RATE = 4096, 44_100
_SENTENCE = re.compile(rf"[^\s].{{10,{LONGEST_SENTENCE - 1}}}")


class FoundError(Exception):
    """What is wrong with how a case went."""


def judge(kind: str, seed: int, folder: Path | None = None) -> tuple[str, str]:
    """How one case went.

    Returns
    -------
    outcome : str
        ``valid``, ``refused`` or ``found``.
    words : str
        The sentence of the refusal, or what was found.
    """
    data, extension = KINDS[kind].mutated(seed)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / f"mutated{extension}"
        path.write_bytes(data)
        return judge_file(path, _use_style if kind == "styles" else _use_audio)


def judge_file(path: Path, use: Callable[[Path], None]) -> tuple[str, str]:
    """As `judge`, of any file and what is done with it."""
    started, before = time.process_time(), _most_resident()
    try:
        outcome = _outcome(path, use)
        if (spent := time.process_time() - started) > MAX_CPU_SECONDS:
            raise FoundError(f"it took {spent:.1f} s of CPU")
        if (grown := _most_resident() - before) > MAX_BYTES:
            raise FoundError(f"the process grew by {grown / 2**20:.0f} MiB")
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return "found", f"{type(error).__name__}: {error}"
    return outcome


def _outcome(path: Path, use: Callable[[Path], None]) -> tuple[str, str]:
    try:
        use(path)
    except StylefxError as error:
        sentence = str(error)
        if not (_SENTENCE.fullmatch(sentence) and sentence.isprintable()):
            raise FoundError(f"it is refused by no clean sentence: {sentence!r}") from None
        return "refused", sentence
    return "valid", ""


def _most_resident() -> int:
    """Bytes, the most that the process has had; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _use_style(path: Path) -> None:
    """Load it within little memory; what loads is played."""
    tracemalloc.start()
    try:
        style = Style.load(path)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        if peak > MAX_STYLE_BYTES:
            raise FoundError(f"loading took {peak / 2**20:.0f} MiB")
    if style.method == styles.template().method:
        _play(style)


def _play(style: Style) -> None:
    """A block of noise: what comes out is finite, and came in time."""
    spent = _seconds_to_play(style)
    if spent > SLOWEST * RENDERED_FRAMES / RATE:
        raise FoundError(f"it plays {spent * RATE / RENDERED_FRAMES:.0f} times slower than real time")


def _seconds_to_play(style: Style) -> float:
    """Of the processor, for a block of noise that comes out finite."""
    from stylefx import StyleTransfer

    effect = StyleTransfer(style, device="cpu")
    effect.prepare(RATE, 1, RENDERED_FRAMES)
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (RENDERED_FRAMES, 1)).astype(np.float32)
    started = time.process_time()
    out = effect.process(noise)
    spent = time.process_time() - started
    if not np.isfinite(out).all():
        raise FoundError("it plays values that are not finite")
    return spent


def _use_audio(path: Path) -> None:
    """Read it to its end, block by block."""
    with AudioReader(path) as reader:
        started = time.process_time()
        for block in reader.blocks():
            if not np.isfinite(block).all():
                raise FoundError("it reads values that are not finite")
            if time.process_time() - started > MAX_CPU_SECONDS:
                return  # an honest hour takes longer; judge_file says so


def warm_up() -> None:
    """What is compiled once must not count against the first case."""
    _seconds_to_play(styles.template())
