"""Statements that cannot pass yet, with the reason. A key is a statement's number, or one case of it: 200[webp].

The suite fails when one of them passes, so that this list stays true. It speaks of our own server alone. Statements
about pictures are pending by themselves while no served model sees (test_vision.py).
"""
VISION = "needs a vision encoder"

PENDING: dict[str, str] = {}
