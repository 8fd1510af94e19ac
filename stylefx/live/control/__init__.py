"""Control surfaces: keys, OSC and MIDI change the parameters while it plays. Each waits in a thread of its own.

The threads run at the worker's priority: one that is preempted while it holds Python's lock would hold up the sound.
"""
