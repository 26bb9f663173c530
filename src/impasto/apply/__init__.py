"""Runtimes, stylizers, and the one loop source → stylizer → sink."""
