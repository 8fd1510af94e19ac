"""Figures of time: hops against their deadline, live sessions, growth, and of which machine."""
