"""Reads lines [schema, value] and writes 1 for each valid value, 0 for each invalid one.

Numbers are exact: the validator's own multipleOf computes in binary floating point.
"""
import datetime
import decimal
import fractions
import json
import re
import sys

import jsonschema
from jsonschema import Draft202012Validator, FormatChecker

NUMBERS = (int, decimal.Decimal)


def is_number(_checker, value):
    return isinstance(value, NUMBERS) and not isinstance(value, bool)


def is_integer(checker, value):
    return is_number(checker, value) and fractions.Fraction(value).denominator == 1


def multiple_of(_validator, divisor, value, _schema):
    if is_number(None, value) and (fractions.Fraction(value) / fractions.Fraction(divisor)).denominator != 1:
        yield jsonschema.ValidationError(f"{value} is no multiple of {divisor}")


def pattern(_validator, text, value, _schema):
    """What Python's expressions lack of ECMA-262, as far as the schemas use it."""
    text = re.sub(r"\\u\{([0-9A-Fa-f]+)\}", lambda found: re.escape(chr(int(found.group(1), 16))), text)
    text = text.replace(r"\p{L}", r"[^\W\d_]")
    if isinstance(value, str) and not re.search(text, value):
        yield jsonschema.ValidationError(f"{value!r} does not match {text!r}")


Validator = jsonschema.validators.extend(
    Draft202012Validator,
    {"multipleOf": multiple_of, "pattern": pattern},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("number", is_number).redefine("integer", is_integer),
)

formats = FormatChecker()


@formats.checks("date")
def is_date(value):
    """As RFC 3339 has it: Python knows no year 0000, which is as long as 2000."""
    if not isinstance(value, str):
        return True
    try:
        datetime.date.fromisoformat(re.sub("^0000", "2000", value))
    except ValueError:
        return False
    return re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None


sys.set_int_max_str_digits(0)
for line in sys.stdin.buffer:
    schema, value = json.loads(line, parse_float=decimal.Decimal)
    print(int(Validator(schema, format_checker=formats).is_valid(value)))
