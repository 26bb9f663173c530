"""Pretrained eyes that read pixels and never restyle."""
