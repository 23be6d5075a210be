"""A Report → the text that people read on a terminal, in a log or in a file.

First what was checked and the counts, then one line a property, then for each that does not hold
the shortest path with only what changed, or the expression that has no value, or the way out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from speccheck.rendering import verdicts
from speccheck.rendering.paths import path_lines
from speccheck.rendering.styles import EMPTY, Line, indented, line, paragraph, render
from speccheck.rendering.values import value_lines, value_text
from speccheck.reports import REASONS, Bounds, Coverage, Evaluation, Path, PropertyResult, Report, Verdict, worst

_COVERED_SHOWN = 12
"""How many values of a coverage function are written out."""


@dataclass(frozen=True, slots=True)
class Look:
    """How to write: colours or none, characters a line, the spec's path for commands that are suggested,
    and whether the witnesses of examples are written out too."""

    color: bool = False
    width: int = 100
    spec_path: str = "SPEC"
    witnesses: bool = False


def report_text(report: Report, look: Look = Look()) -> str:
    """The whole report; ends with a line end."""
    lines = [*_heading(report, look), EMPTY, *_property_lines(report)]
    for result in report.properties:
        lines += _detail(result, report, look)
    lines += _notes(report, look)
    return render(lines, color=look.color)


def summary_text(reports: Sequence[Report], look: Look = Look()) -> str:
    """One line on several reports: how many instances came out how."""
    verdict = worst([report.verdict for report in reports])
    found = [report.verdict for report in reports]
    parts = ", ".join(f"{found.count(v)} {v.value}" for v in Verdict if v in found)
    text = f"{verdicts.sign(verdict)} {verdicts.counted(len(reports), 'instance')}: {parts}"
    return render([line((text, verdicts.style(verdict)))], color=look.color)


def replay_text(title: str, path: Path, results: Sequence[PropertyResult], look: Look = Look()) -> str:
    """A path that was replayed, and what its states show."""
    lines = [line((title, "bold"), f": the path replays, {verdicts.steps(path.depth)}"), EMPTY]
    lines += indented(path_lines(path, look.width - 2), 2)
    lines.append(EMPTY)
    for result in results:
        lines.append(_property_line(result, Bounds(), 0, 0))
        lines += indented(paragraph(result.doc, look.width - 4, "dim") if result.doc else [], 4)
        lines += indented(_evaluation_lines(result.error, look.width - 4) if result.error else [], 4)
    if not results:
        lines.append(line("  it shows nothing: no invariant is broken and no example holds at its end"))
    return render(lines, color=look.color)


def _heading(report: Report, look: Look) -> list[Line]:
    verdict = report.verdict
    name = f"{report.spec}, instance {report.instance}" if report.instance else report.spec
    title = line((name, "bold"), ": ", (f"{verdicts.sign(verdict)} {verdict.value}", verdicts.style(verdict)))
    about = report.doc.strip().split("\n")[0]
    first = paragraph(about, look.width - 2, "dim") if about else []
    return [title, *indented([*first, *_counts(report)], 2)]


def _counts(report: Report) -> list[Line]:
    stats, walks = report.stats, report.bounds.walks
    found = [verdicts.counted(stats.distinct, "distinct state"), f"{stats.generated:,} generated"]
    how = [*([_walks(report)] if walks is not None else []), f"{report.engine} engine", f"{stats.seconds:.1f} s"]
    return [line(", ".join([*found, f"{verdicts.steps(stats.depth)} deep"])), line((", ".join(how), "dim"))]


def _walks(report: Report) -> str:
    return f"{verdicts.counted(report.stats.walks, 'random walk')} from seed {report.bounds.seed or 0}"


def _property_lines(report: Report) -> list[Line]:
    if not report.properties:
        return [line("  no property was asked for: states were counted, nothing was judged")]
    name_width = max(len(p.name) for p in report.properties)
    kind_width = max(len(p.kind) for p in report.properties)
    return [_property_line(p, report.bounds, name_width, kind_width) for p in report.properties]


def _property_line(result: PropertyResult, bounds: Bounds, name_width: int, kind_width: int) -> Line:
    style = verdicts.style(result.verdict)
    return line(
        (f"  {verdicts.sign(result.verdict)} ", style),
        f"{result.name:<{name_width}}  ",
        (f"{result.kind:<{kind_width}}  ", "dim"),
        (verdicts.answer(result, bounds), style),
    )


def _detail(result: PropertyResult, report: Report, look: Look) -> list[Line]:
    match result.verdict:
        case Verdict.VIOLATED:
            body = _violation_lines(result, look)
        case Verdict.ERROR:
            body = _error_lines(result, look)
        case Verdict.HOLDS if look.witnesses and result.kind == "example" and result.path:
            body = _witness_lines(result, look)
        case _:
            return []
    doc = paragraph(result.doc, look.width - 2, "dim") if result.doc else []
    if not (doc or body):
        return []
    title = f"{verdicts.sign(result.verdict)} {result.name}: {verdicts.answer(result, report.bounds)}"
    return [
        EMPTY,
        line((title, verdicts.style(result.verdict))),
        *indented([*doc, *([EMPTY, *body] if body else [])], 2),
    ]


def _violation_lines(result: PropertyResult, look: Look) -> list[Line]:
    said = result.message if result.kind != "deadlock" else ""
    message = paragraph(said, look.width - 2) if said else []
    return [*message, *([EMPTY] if message else []), *_path_to(result, _ending(result), look)]


def _ending(result: PropertyResult) -> str:
    if result.path and result.path.loop is not None:
        return f"behaving so, {result.name} does not hold"
    return "no step is possible from here" if result.kind == "deadlock" else f"here {result.name} does not hold"


def _witness_lines(result: PropertyResult, look: Look) -> list[Line]:
    return _path_to(result, f"here {result.name} holds", look)


def _path_to(result: PropertyResult, end: str, look: Look) -> list[Line]:
    """The path of a result, its last line saying what is so in its last state."""
    if result.path is None:
        return []
    ending = line((f"{verdicts.sign(result.verdict)} {end}", verdicts.style(result.verdict)))
    margin = len(str(result.path.depth)) + 2
    return [*path_lines(result.path, look.width - 2), *indented([ending], margin)]


def _error_lines(result: PropertyResult, look: Look) -> list[Line]:
    lines: list[Line] = []
    if result.error:
        lines += _evaluation_lines(result.error, look.width - 2)
    elif result.message:
        lines += paragraph(result.message, look.width - 2)
    return [*lines, EMPTY, *_path_to(result, "it is evaluated here", look)]


def _evaluation_lines(error: Evaluation, width: int) -> list[Line]:
    lines = [line((error.reason, "bad")), *_excerpt(error)]
    lines.append(line("  in ", (error.expression, "bold")))
    for name, value in error.values:
        first, *rest = value_lines(value, width - len(name) - 11)
        lines += indented([line(("where ", "dim"), (name, "name"), " = ", first), *(line("  ", r) for r in rest)], 2)
    return lines


def _excerpt(error: Evaluation) -> list[Line]:
    """The author's line with a caret under the place, where both are known."""
    _, row, column = (["", "", *error.place.rsplit(":", 2)])[-3:]
    if not error.place:
        return []
    if not (error.source_line and row.isdigit() and column.isdigit()):
        return [line(("  --> ", "dim"), error.place)]
    source = error.source_line.replace("\t", " ")
    gutter = " " * len(row)
    return [
        line((f"{gutter} --> ", "dim"), error.place),
        line((f"{gutter} |", "dim")),
        line((f"{row} | ", "dim"), source),
        line((f"{gutter} | ", "dim"), " " * (int(column) - 1), ("^", "bad")),
    ]


def _notes(report: Report, look: Look) -> list[Line]:
    """What an answer leaves open, what never happened, and how to go on."""
    within = any(p.verdict is Verdict.HOLDS_WITHIN_BOUND for p in report.properties)
    notes = [
        paragraph(verdicts.beyond(report), look.width, "warning") if within else [],
        *_open_notes(report, look),
        _never_taken(report, look),
        *(_coverage_lines(each, look) for each in report.stats.coverage),
        _next_steps(report, look),
    ]
    return [each for lines in notes if lines for each in (EMPTY, *lines)]


def _open_notes(report: Report, look: Look) -> list[list[Line]]:
    """For each reason why properties are open: which they are, why, and what to do about it."""
    unknown = [p for p in report.properties if p.verdict is Verdict.UNKNOWN]
    reasons = dict.fromkeys((p.reason, p.message or REASONS.get(p.reason, p.reason)) for p in unknown)
    notes: list[list[Line]] = []
    for reason, message in reasons:
        names = [p.name for p in unknown if p.reason == reason]
        way_out = verdicts.way_out(reason, report.bounds)
        subject = f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} open"
        why = paragraph(f"{subject} ({reason}): {message.rstrip('.')}.", look.width, "warning")
        notes.append([*why, *(indented(paragraph(f"To decide: {way_out}.", look.width - 2), 2) if way_out else [])])
    return notes


def _never_taken(report: Report, look: Look) -> list[Line]:
    idle = [count for count in report.stats.actions if not count.taken]
    if not idle:
        return []
    whole = any(p.reason in ("SpaceExhausted", "NoWitness") for p in report.properties)
    where = "in any step" if whole else "in the part that was searched"
    told = ", ".join(f"{each.action} ({_tried(each.tried)})" for each in idle)
    return paragraph(f"Never taken {where}: {told}.", look.width, "warning")


def _coverage_lines(coverage: Coverage, look: Look) -> list[Line]:
    """How many values a coverage function has among the states visited, and the first of them."""
    listed = [f"{value_text(each.value)} ({each.states:,})" for each in coverage.values[:_COVERED_SHOWN]]
    more = ["…"] if coverage.distinct > len(listed) else []
    told = f": {', '.join([*listed, *more])}" if listed else ""
    states = f"{coverage.undefined:,} state{'s' * (coverage.undefined != 1)}"
    lost = f"; without a value in {states}" if coverage.undefined else ""
    head = f"Coverage {coverage.name}: {coverage.distinct:,} value{'s' * (coverage.distinct != 1)}"
    return paragraph(f"{head}{told}{lost}.", look.width, "warning" if coverage.undefined else "dim")


def _tried(count: int) -> str:
    return f"begun {count:,} time{'s' * (count != 1)}, a guard was always false" if count else "never begun"


def _next_steps(report: Report, look: Look) -> list[Line]:
    found = [p for p in report.properties if p.path and (p.verdict is not Verdict.HOLDS or look.witnesses)]
    if not found:
        return []
    return [
        line(("To keep this path and replay it:", "dim")),
        *_command([*_again(report, found[0], look), "--itf path.itf.json"], look.width),
        *_command(["speccheck replay", look.spec_path, "path.itf.json"], look.width),
    ]


def _command(words: list[str], width: int) -> list[Line]:
    """A command for a shell, continued over lines where it is long."""
    lines = ["  " + words[0]]
    for word in words[1:]:
        if len(lines[-1]) + len(word) + 3 <= width:
            lines[-1] += f" {word}"
        else:
            lines[-1] += " \\"
            lines.append(f"    {word}")
    return [line((text, "dim")) for text in lines]


def _again(report: Report, result: PropertyResult, look: Look) -> list[str]:
    """The words of the command that finds a result's path once more."""
    bounds = report.bounds
    random = [f"--walks {bounds.walks}", f"--max-steps {bounds.max_steps}", f"--seed {bounds.seed or 0}"]
    search = ["speccheck check"] if bounds.walks is None else ["speccheck simulate"]
    instance = [f"--instance {report.instance}"] if report.instance else []
    wanted = {"deadlock": ["--deadlock"], "run": []}.get(result.kind, [f"--property {result.name}"])
    return [*search, look.spec_path, *(random if bounds.walks is not None else []), *instance, *wanted]
