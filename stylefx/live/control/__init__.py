"""Control surfaces: keys, OSC and MIDI change the parameters while it plays. Each waits in a thread of its own."""
