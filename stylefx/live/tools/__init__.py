"""Measurements that play: the round trip, the shortest block."""
