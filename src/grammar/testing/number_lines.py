"""Reads lines [conditions, number, number...] and writes one digit for each number: 1 where all conditions hold.

Conditions are the keywords of JSON Schema for numbers; all numbers are strings, and arithmetic is exact.
"""
import fractions
import json
import sys

CHECKS = {
    "minimum": lambda value, bound: value >= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
    "multipleOf": lambda value, divisor: (value / divisor).denominator == 1,
}
for line in sys.stdin:
    conditions, *numbers = json.loads(line)
    exact = {name: fractions.Fraction(text) for name, text in conditions.items()}
    values = [fractions.Fraction(text) for text in numbers]
    print("".join(str(int(all(CHECKS[name](value, limit) for name, limit in exact.items()))) for value in values))
