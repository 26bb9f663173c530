"""Metrics: they measure and train nothing."""
