"""OSC packets as anyone on this machine may send them: checked before the library sees them, then read by it.

python-osc believes the sizes in a bundle: one of -4 sends it round for ever, and bundles within bundles to the end of
its stack. So the tree of a packet is walked here first, over bounded sizes and depth (OSC 1.0, "OSC Bundles").
"""

from __future__ import annotations

import struct
from typing import Any

from stylefx.errors import StylefxError

BUNDLE = b"#bundle\0"
TIME_TAG_BYTES = 8
# What programs for music send is some messages side by side.
MAX_MESSAGES, MAX_DEPTH, MAX_BYTES = 64, 4, 8192
_SIZE = struct.Struct(">i")

Message = tuple[str, list[Any]]


def messages_of(packet: bytes) -> list[Message]:
    """Address and values of every message in a packet; StylefxError where it is none, or an unreasonable one."""
    from pythonosc.osc_message import OscMessage

    found = _messages(packet)
    try:
        read = [OscMessage(part) for part in found]
        return [(message.address, list(message.params)) for message in read]
    except Exception as error:  # whatever the library stumbles over, the packet is at fault
        raise StylefxError(f"not an OSC packet: {error}") from error


def _messages(packet: bytes) -> list[bytes]:
    """The messages of a packet in order, each as bytes."""
    if len(packet) > MAX_BYTES:
        raise StylefxError(f"an OSC packet of {len(packet)} bytes, at most {MAX_BYTES} are read")
    found: list[bytes] = []
    waiting = [(packet, 0)]
    while waiting:
        part, depth = waiting.pop()
        if not part.startswith(BUNDLE):
            found.append(part)
        elif depth == MAX_DEPTH:
            raise StylefxError(f"an OSC packet with bundles more than {MAX_DEPTH} deep")
        else:
            waiting += [(element, depth + 1) for element in reversed(_elements(part))]
        if len(found) + len(waiting) > MAX_MESSAGES:
            raise StylefxError(f"an OSC packet of more than {MAX_MESSAGES} messages")
    return found


def _elements(bundle: bytes) -> list[bytes]:
    """What a bundle holds: each element is its size, a multiple of four, and so many bytes."""
    found, place = [], len(BUNDLE) + TIME_TAG_BYTES
    if len(bundle) < place:
        raise StylefxError(f"not an OSC packet: a bundle of {len(bundle)} bytes")
    while place < len(bundle):
        if len(bundle) - place < _SIZE.size:
            raise StylefxError("not an OSC packet: a bundle that ends within a size")
        (size,) = _SIZE.unpack_from(bundle, place)
        place += _SIZE.size
        if size <= 0 or size % 4 or size > len(bundle) - place:
            raise StylefxError(f"not an OSC packet: an element of size {size} in a bundle")
        found.append(bundle[place : place + size])
        place += size
    return found
