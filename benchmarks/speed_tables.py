"""The records of speed.py, scaling.py and realtime.py -> one Markdown section."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.tables import as_cells, markdown_table, number

HOP_TIMES = ("p50_ms", "p99_ms", "p999_ms", "max_ms")


def speed_section(speed: dict[str, Any]) -> str:
    """Engine, latency, real clock, scaling and the published method's price."""
    parts = ["## Speed and latency", "One thread. Times carry the load average under which they were taken."]
    builders: dict[str, Callable[[Any], str]] = {
        "engine": _engine,
        "latency": _latency,
        "realtime": _realtime,
        "scaling": _scaling,
    }
    for name, build in builders.items():
        if speed.get(name):
            parts.append(build(speed[name]))
    return "\n\n".join(parts)


def _engine(records: list[dict[str, Any]]) -> str:
    stages = list(dict.fromkeys(stage for record in records for stage in record.get("stages", {})))
    headers = ["setting", "RTF (CPU)", *stages, "deadline ms", *HOP_TIMES, "wall p99 ms", "wall max ms"]
    rows = []
    for record in records:
        if "error" in record:
            rows.append([record["setting"], record["error"][:100], *[""] * (len(headers))])
            continue
        shares = [number(record["stages"].get(stage, 0.0), 3) for stage in stages]
        cpu = as_cells(record["cpu"], HOP_TIMES)
        wall = [number(record["wall"]["p99_ms"]), number(record["wall"]["max_ms"])]
        late = f"{record['misses']}/{record['hops']}"
        cells = [record["setting"], number(record["rtf"], 3), *shares, number(record["deadline_ms"])]
        rows.append([*cells, *cpu, *wall, late, number(record["load"], 1)])
    table = markdown_table([*headers, "late hops", "load"], rows)
    text = (
        "CPU seconds per second of audio (44.1 kHz mono unless it says otherwise), stages in wall seconds per second "
        "of audio, and the time of single hops in CPU milliseconds against the deadline."
    )
    return "\n\n".join(["### The engine, hop by hop", "![speed](pictures/speed.png)", text, table])


def _latency(records: list[dict[str, Any]]) -> str:
    names = ("sample_rate", "declared", "dry_measured", "wet_measured", "error")
    return "### Declared and measured latency (samples)\n\n" + markdown_table(
        names, [as_cells(record, names) for record in records]
    )


def _realtime(found: dict[str, Any]) -> str:
    names = ("block", "busy_cores", "blocks", "late", "stalls", "lost_frames", "load_percent", "iterations")
    names += ("lowest_iterations", "load", "error")  # type: ignore[assignment]
    rows = [as_cells({**record, "load_percent": _shares(record)}, names) for record in found["misses"]]
    parts = ["### `stylefx live` at the real clock", markdown_table(names, rows)]
    device = found["device"]
    if "error" in device:
        parts.append(f"Through a PortAudio stream: {device['error']}")
    elif device:
        rows = [[name, str(pair["declared"]), str(pair["measured"])] for name, pair in device.items()]
        parts.append("Through a real PortAudio stream (JACK dummy server, 48 kHz, 1024 frames):")
        parts.append(markdown_table(["path", "declared samples", "measured samples"], rows))
    return "\n\n".join(parts)


def _shares(record: dict[str, Any]) -> str:
    """The worker's time over the block's, in percent: p50 / p99 / max."""
    shares = record.get("load_percent")
    return " / ".join(f"{shares[name]:.0f}" for name in ("p50", "p99", "max")) if shares else "-"


def _scaling(found: dict[str, Any]) -> str:
    parts = ["### What grows with what"]
    for name, columns in (
        ("fit", ("quality", "seconds", "cpu_s", "wall_s", "bytes", "load")),
        ("render", ("seconds", "cpu_s", "load")),
    ):
        part = found.get(name, {})
        if part.get("rows"):
            parts.append(f"`{name}` against the length of its {'clip' if name == 'fit' else 'content'}:")
            parts.append(markdown_table(columns, [as_cells(row, columns) for row in part["rows"]]))
        if part.get("line"):
            line = part["line"]
            parts.append(
                f"Line: {line['slope']:.3f} CPU s per second + {line['intercept']:.2f} s, "
                f"R squared {line['r_squared']:.4f}."
            )
        if "error" in part:
            parts.append(f"`{name}` failed: {part['error']}")
    process = found.get("process", {})
    if "peak_mb" in process:
        parts.append(
            f"A process that fits and renders peaks at {process['peak_mb']:.0f} MB; `stylefx --help` answers in "
            f"{process['help_s']:.2f} s; a loaded style plays after {process['ready_s']:.2f} s (wall)."
        )
    parts += _published(found)
    return "\n\n".join(parts)


def _published(found: dict[str, Any]) -> list[str]:
    parts = []
    if isinstance(found.get("published"), list):
        rows = [[record["network"], number(record["cpu_s"], 4)] for record in found["published"]]
        parts.append("The published style loss and its gradient, 10 s against 10 s:")
        parts.append(markdown_table(["network", "CPU s"], rows))
    job = found.get("published_job", {})
    if "cpu_s" in job:
        parts.append(f"Its 10 s, 300-iteration job with phase reconstruction: {job['cpu_s']:.1f} CPU s.")
    if "error" in job:
        parts.append(f"Its 300-iteration job failed: {job['error']}")
    return parts
