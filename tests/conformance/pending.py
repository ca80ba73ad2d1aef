"""Statements that cannot pass yet, with the reason. A key is a statement's number, or one case of it: 200[webp].

The suite fails when one of them passes, so that this list stays true. It speaks of our own server alone. Statements
about pictures are pending by themselves while no served model sees (test_vision.py).
"""
CONSTRAINED = "needs constrained decoding"
VISION = "needs a vision encoder"
FILLING = ("needs constrained decoding and a model with tokens for filling in; inside the program it holds "
           "(api: RequestParser.RefusesPrefixAndSuffixByTheirOwnCodes_C136_C137)")

PENDING: dict[str, str] = dict.fromkeys([
    "137[prefix]", "170", "171", "175", "176[required]", "178", "186", "187", "190", "191", "192", "193", "194", "196",
    "197", "198"], CONSTRAINED)
PENDING["137[suffix]"] = FILLING
