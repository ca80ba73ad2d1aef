"""The table of results: one row a statement, made from what ran."""
import dataclasses
import pathlib

ORDER = ["failed", "pending", "skipped", "passed"]  # a statement is worth its worst case


@dataclasses.dataclass
class Row:
    statement: str
    tests: list[str] = dataclasses.field(default_factory=list)
    results: list[tuple[str, str]] = dataclasses.field(default_factory=list)  # outcome, reason


ROWS: dict[str, Row] = {}

HEADER = """\
# Conformance

Made by the suite in `tests/conformance`; do not edit. Again: `make conformance`.

Every numbered statement of the API contract has a test of its name. The same suite tells how another server differs:

    build/e2e/venv/bin/pytest tests/conformance --base-url URL/v1 --api-key KEY --profile FILE.toml

"""


def note(item, report, number: str | None) -> None:
    if number is None:
        return
    words = " ".join((item.function.__doc__ or "").split()).replace("|", "\\|")
    row = ROWS.setdefault(number, Row(words))
    name = f"{item.path.name}::{item.originalname}"
    if name not in row.tests:
        row.tests.append(name)
    if report.outcome == "skipped":
        wasxfail = getattr(report, "wasxfail", "")
        reason = wasxfail or (report.longrepr[2].removeprefix("Skipped: ") if report.longrepr else "")
        row.results.append(("pending" if wasxfail else "skipped", reason))
    elif report.outcome == "failed" or report.when == "call":
        row.results.append((report.outcome, failure(report) if report.outcome == "failed" else ""))


def failure(report) -> str:
    """What a failed test says first, short enough for a table."""
    crash = getattr(report.longrepr, "reprcrash", None)
    words = " ".join((crash.message if crash else str(report.longrepr)).split())
    return words.removeprefix("AssertionError: ")[:200].replace("|", "\\|").replace("`", "'")


def verdict(row: Row) -> tuple[str, str]:
    """The worst result, and why."""
    kinds = [outcome for outcome, _ in row.results]
    worst = min(kinds, key=ORDER.index) if kinds else "failed"
    reasons = sorted({reason for outcome, reason in row.results if outcome == worst and reason})
    if worst in ("pending", "skipped") and kinds.count(worst) < len(kinds):
        worst = f"{worst} in {kinds.count(worst)} of {len(kinds)} cases"
    return worst, "; ".join(reasons)


def write(path: pathlib.Path) -> None:
    verdicts = {number: verdict(row) for number, row in sorted(ROWS.items())}
    counts = {kind: sum(outcome.startswith(kind) for outcome, _ in verdicts.values()) for kind in reversed(ORDER)}
    lines = [HEADER + ", ".join(f"{count} {kind}" for kind, count in counts.items()) + f" of {len(ROWS)}.\n",
             "| Number | Statement | Result | Test |", "|---|---|---|---|"]
    for number, (outcome, reason) in verdicts.items():
        tests = ", ".join(f"`{name}`" for name in ROWS[number].tests)
        lines.append(f"| C-{number} | {ROWS[number].statement} | {outcome}{': ' if reason else ''}{reason} | {tests} |")
    path.write_text("\n".join(lines) + "\n")
