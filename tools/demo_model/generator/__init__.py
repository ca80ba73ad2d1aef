"""Seeded generator of the training and evaluation conversations."""
