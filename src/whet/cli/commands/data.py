"""`whet data check FILE`: what each row becomes, which rows can't be used; `whet data overlap`."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet import rewards
from whet.cli.arguments import DataOptions
from whet.cli.options import parse
from whet.cli.overlapping import overlap
from whet.cli.progress import ProgressBar
from whet.data import corpus
from whet.data.checking import DataReport, check
from whet.data.checking.gold_verdicts import GoldVerdict, gold_verdicts
from whet.data.checking.rendered import RenderedPrompts, rendered
from whet.data.files import File
from whet.engines.embedded.engine import Embedded
from whet.front.eventloop import finish
from whet.front.measuring import subject_of
from whet.registry import nearest
from whet.types import Message, Task, UsageError
from whet.types.messages import content_of

UNUSABLE = 1
_OVERLAP = "overlap"
_ACTIONS = ("check", _OVERLAP)
_LISTED = 20  # lines of each kind
_NAMED = 5  # rows of a warning
_LONGEST = 2000  # characters of a prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFindings:
    """All findings of one check."""

    asked: DataOptions
    report: DataReport
    prompts: RenderedPrompts | None  # None without a model
    golds: tuple[GoldVerdict, ...] | None  # None without a reward

    @property
    def errors(self) -> list[str]:
        """One line for each row that can't be used."""
        unread = [] if self.prompts is None else self.prompts.errors
        failed = [
            f"{g.task.id}: the reward can't judge the answer {g.gold!r:.60}: "
            f"{' '.join(g.verdict.note.split()):.160}"
            for g in self.golds or ()
            if g.verdict.fault
        ]
        return [*self.report.errors, *unread, *failed]

    @property
    def left_out(self) -> list[str]:
        """One line for each row that could be used and is not."""
        return [*self.report.left_out, *(self.prompts.left_out if self.prompts else ())]

    @property
    def warnings(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Sentences about some rows, and their places."""
        for doubt in self.report.doubts:
            yield doubt.says, doubt.ids
        if self.prompts and self.prompts.too_long:
            says = f"the prompt leaves no room in the model's {self.prompts.positions} positions"
            yield says, self.prompts.too_long
        refused = [g.task.id for g in self.golds or () if not g.accepted and not g.verdict.fault]
        if refused:
            yield f"{self.asked.reward} does not accept the row's own answer in any form", refused


def main(words: Sequence[str]) -> int:
    """Print the findings, or one JSON document; 1 if some row can't be used."""
    asked = parse(DataOptions, words, "data")
    _insist(asked)
    if asked.action == _OVERLAP:
        return overlap(asked)
    report = check(_file(asked))
    found = DataFindings(
        asked=asked,
        report=report,
        prompts=_rendered(asked, report.tasks) if asked.model else None,
        golds=_judged(asked.reward, report.tasks) if asked.reward else None,
    )
    if asked.json:
        print(json.dumps(_document(found), indent=1, ensure_ascii=True, default=str))
    else:
        print("\n".join(_page(found)))
    return UNUSABLE if found.errors else 0


def _insist(asked: DataOptions) -> None:
    if asked.action not in _ACTIONS:
        raise UsageError(f"data {asked.action!r} is unknown; {nearest(asked.action, _ACTIONS)}")
    for name in ("test", "samples"):
        if getattr(asked, name) and asked.action != _OVERLAP:
            raise UsageError(f"{name} is for whet data overlap; leave it out of {asked.action}")
    for name in ("rows", "max_prompt_length"):
        if getattr(asked, name) < 0:
            raise UsageError(f"{name} is {getattr(asked, name)}; give 0 or more")
    if asked.max_prompt_length and not asked.model:
        raise UsageError(
            f"max_prompt_length is {asked.max_prompt_length} tokens, and no model says what a "
            "token is; give --model FOLDER"
        )


def _file(asked: DataOptions) -> File:
    """The file with the named columns.  Raises `UsageError` for a corpus that is none."""
    found = corpus(asked.file)
    if not isinstance(found, File):
        raise UsageError(f"file is {asked.file!r}, which names no file; give a file or a folder")
    return File(
        path=asked.file, prompt_column=asked.prompt_column, answer_column=asked.answer_column
    )


def _rendered(asked: DataOptions, tasks: Sequence[Task]) -> RenderedPrompts:
    subject = subject_of(asked.model, Embedded(device="cpu"))
    renderer = finish(subject.engine.renderer(subject.model))
    positions = subject.engine.positions(subject.model) or 0
    return rendered(tasks, renderer, positions, asked.max_prompt_length, asked.rows)


def _judged(reward: str, tasks: Sequence[Task]) -> tuple[GoldVerdict, ...]:
    judge = rewards.find(reward)
    judge.check()
    with ProgressBar() as bar:
        bar.begin(f"asking {reward}", len(tasks))

        def tell() -> None:
            bar.tick(1)
            if bar.stopped():
                raise KeyboardInterrupt

        return tuple(finish(gold_verdicts(tasks, judge, tell)))


def _page(found: DataFindings) -> Iterator[str]:
    report, asked = found.report, found.asked
    held = ", ".join(f"{name} {count}" for name, count in report.splits.items())
    how = "named by the data" if report.named else "reserved by hash; whet eval takes all rows"
    yield f"{asked.file}: {len(report.tasks)} of {report.rows} rows can be used"
    yield f"  splits      {held} ({how})"
    yield f"  verifiers   {_verifiers(report.tasks, asked.reward)}"
    if found.golds is not None:
        accepted = sum(gold.accepted for gold in found.golds)
        yield f"  own answers {accepted} of {len(found.golds)} accepted by {asked.reward}"
    if found.prompts is not None and found.prompts.lengths:
        lengths = sorted(found.prompts.lengths.values())
        yield (
            f"  prompts     {lengths[0]} to {lengths[-1]} tokens (median "
            f"{lengths[len(lengths) // 2]}), {found.prompts.positions} positions"
        )
    shown = report.tasks[: asked.rows]
    for task in shown:
        yield from _shown(task, found)
    if shown:
        yield f"\n{len(shown)} of {report.rows} rows shown"
    yield from _lines("can't be used", found.errors)
    yield from _lines("left out", found.left_out)
    for says, ids in found.warnings:
        yield f"\nwarning ({len(ids)}): {says}: {_some(ids)}"


def _shown(task: Task, found: DataFindings) -> Iterator[str]:
    yield f"\n{task.id}  ({found.report.places.get(task.id) or 'in no split'})"
    ids = found.prompts.pieces.get(task.id) if found.prompts else None
    if ids is None:
        yield from (f"  {line}" for line in _text(task))
    else:
        yield f"  prompt   {_cut('│'.join(map(_visible, ids)))}"
        yield f"           {len(ids)} tokens"
    yield f"  answer   {_cut(_visible(task.answer))}"
    yield from (f"  or       {_cut(_visible(other))}" for other in task.alternatives)
    for gold in (g for g in found.golds or () if g.task.id == task.id):
        says = "correct" if gold.accepted else str(gold.verdict.reason)
        yield f"  verdict  {says}, of the reply {_cut(_visible(gold.form.format(gold.gold)))}"


def _text(task: Task) -> Iterator[str]:
    if isinstance(task.prompt, str):
        yield f"prompt   {_cut(_visible(task.prompt))}"
    else:
        yield from (f"prompt   {_cut(_visible(_message(message)))}" for message in task.prompt)
    if task.tools:
        yield f"tools    {_cut(_visible(json.dumps(task.tools, default=str)))}"


def _message(message: Message) -> str:
    more = {k: v for k, v in message.items() if k not in ("role", "content")}
    added = f" {json.dumps(more, ensure_ascii=False, default=str)}" if more else ""
    return f"{message['role']}: {content_of(message)}{added}"


def _verifiers(tasks: Sequence[Task], reward: str) -> str:
    """The verifiers that would judge, with the number of rows of each."""
    if reward:
        return reward
    named = Counter(_verifier(task) for task in tasks)
    counts = [f"{name} {count}" for name, count in sorted(named.items()) if name]
    if unnamed := named[""]:
        counts.append(f"none is named in {unnamed} rows: choose one, such as --reward math")
    return ", ".join(counts)


def _verifier(task: Task) -> str:
    return str(task.info.get("verifier") or "")


def _lines(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"\n{title} ({len(lines)}):"
        yield from (f"  {line}" for line in lines[:_LISTED])
    if len(lines) > _LISTED:
        yield f"  and {len(lines) - _LISTED} more, which --json lists"


def _some(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"{', '.join(ids[:_NAMED])}{more}"


def _visible(text: str) -> str:
    """The text in one line: line ends and other characters without a shape as escapes."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"


def _document(found: DataFindings) -> dict[str, Any]:
    report, asked = found.report, found.asked
    return {
        "file": str(Path(asked.file)),
        "rows": report.rows,
        "usable": len(report.tasks),
        "splits": dict(report.splits),
        "splits_named": report.named,
        "shown": [_entry(task, found) for task in report.tasks[: asked.rows]],
        "accepted": None if found.golds is None else sum(g.accepted for g in found.golds),
        "errors": found.errors,
        "left_out": found.left_out,
        "warnings": [{"says": says, "rows": list(ids)} for says, ids in found.warnings],
    }


def _entry(task: Task, found: DataFindings) -> dict[str, Any]:
    golds = [gold for gold in found.golds or () if gold.task.id == task.id]
    return {
        "id": task.id,
        "split": found.report.places.get(task.id),
        "prompt": task.prompt,
        "tokens": found.prompts.pieces.get(task.id) if found.prompts else None,
        "tools": task.tools,
        "answer": task.answer,
        "alternatives": task.alternatives,
        "verifier": found.asked.reward or _verifier(task) or None,
        "verdicts": [
            {"answer": g.gold, "accepted": g.accepted, "reason": str(g.verdict.reason)}
            for g in golds
        ],
    }
