"""`whet eval MODEL`: evaluate reward and accuracy, with greedy and sampled replies."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from whet.cli.arguments import EvalOptions
from whet.cli.eval_judge import judge_of, tried
from whet.cli.eval_power import print_plan
from whet.cli.options import parse
from whet.cli.progress import ProgressBar
from whet.cli.rereading import again
from whet.cli.values import counts
from whet.data.system_prompt import SystemPrompt
from whet.engines.embedded.engine import Embedded
from whet.engines.openai.server import Server
from whet.engines.plain.engine import Plain
from whet.evaluation.measure import EvalConfig
from whet.evaluation.test_time.parsing import strategies_of
from whet.evaluation.test_time.step_scores import StepScores
from whet.front.judging import ChainReport, chains_judged
from whet.front.measuring import (
    USUAL,
    EvalTasks,
    Measured,
    Subject,
    checkpoint_of_run,
    measured,
    subject_of,
)
from whet.front.rereading import is_samples
from whet.registry import nearest
from whet.rewards.dense.cutting import Separated
from whet.training.stepmodel import TrainedSteps
from whet.types import Decoding, UsageError
from whet.view import scorecard, test_time
from whet.view.chains import chain_document, chain_lines
from whet.view.curves import curve_lines, curves
from whet.view.metric_report import write_metrics
from whet.view.preflight import preflight_document, preflight_lines

_OF_SERVERS = ("key_env", "concurrency", "timeout_s", "retries")
_OF_WEIGHTS = ("device", "engine", "max_prompt_length")
_ENGINES: Mapping[str, type[Embedded | Plain]] = {"embedded": Embedded, "plain": Plain}
_STOPPED = 130  # by Ctrl-C, with the votes so far


def main(words: Sequence[str]) -> int:
    """Print a table, or one JSON document; 130 where Ctrl-C stopped the judge of chains."""
    asked = parse(EvalOptions, words, "eval")
    if asked.power is not None:
        print_plan(asked, asked.power)
        return 0
    if not asked.server and is_samples(asked.model):
        return again(asked)
    evaluation = EvalConfig(samples=asked.samples, k=_attempts(asked))
    subject, judge = _subject(asked), judge_of(asked)
    trial = tried(asked, judge)
    with ProgressBar() as bar:
        watched = replace(subject, observer=bar)
        found = measured(watched, evaluation, asked.problems, asked.split)
    if asked.report:
        write_metrics(Path(asked.report), found.scores.rows)
    chains = None
    if judge is not None:
        with ProgressBar() as bar:
            chains = chains_judged(found, subject, judge, bar, trial)
    if asked.json:
        print(json.dumps(_document(asked, subject, found, chains), indent=1, ensure_ascii=False))
    else:
        print("\n".join(_page(asked, found, chains)))
    return _STOPPED if chains is not None and chains.judged.stopped else 0


def _document(
    asked: EvalOptions, subject: Subject, found: Measured, chains: ChainReport | None
) -> dict[str, Any]:
    facts = {
        "model": asked.model,
        "tasks": asked.tasks or "the run's own",
        "split": found.drawn.split,
        "problems": len(found.drawn.tasks),
        "of": found.drawn.of,
        "left_out": {
            "repeated": found.drawn.repeated,
            "too_long": found.drawn.too_long,
            "max_prompt_length": found.drawn.longest,
        },
        "samples": found.scores.samples,
        "decoding": asdict(subject.decoding),
        "policy_digest": found.digest,
        "notes": list(found.caveats),
        "preflight": preflight_document(found.preflight),
    }
    if chains is not None:
        said = chain_document(chains.judged, chains.band, chains.trial, chains.corrected)
        facts["chains"] = said
    if found.points:
        facts["test_time"] = test_time.document(found.points, found.scores.rows)
    return facts | scorecard.document(found.scores)


def _page(asked: EvalOptions, found: Measured, chains: ChainReport | None) -> Iterator[str]:
    yield from table(asked.model, found)
    yield from test_time.lines(found.points, found.scores.rows)
    yield from preflight_lines(found.preflight)
    if chains is not None:
        yield from chain_lines(chains.judged, chains.band, chains.trial, chains.corrected)


def _subject(asked: EvalOptions) -> Subject:
    for name in ("max_new_tokens", "max_prompt_length"):
        if getattr(asked, name) < 0:
            raise UsageError(f"{name} is {getattr(asked, name)}; give 1 or more, or 0: the run's")
    subject = _model(asked)
    if asked.tasks:
        subject = subject.on(asked.tasks)
    if asked.system_prompt and subject.corpus is not None:
        told = SystemPrompt(corpus=subject.corpus, text=asked.system_prompt)
        subject = replace(subject, corpus=told)
    if asked.reward:
        subject = subject.judged_by(asked.reward)
    subject = _spending(asked, subject)
    if asked.out:
        subject = subject.kept_in(asked.out)
    longest = asked.max_prompt_length or subject.longest
    return replace(subject, decoding=_decoding(asked, subject.decoding), longest=longest)


def _model(asked: EvalOptions) -> Subject:
    """The model without tasks.  Raises `UsageError` for options that it makes no use of."""
    for field in fields(asked):
        if field.name in (_OF_WEIGHTS if asked.server else _OF_SERVERS):
            given = getattr(asked, field.name)
            if given != field.default:
                where = "behind a server" if asked.server else "no server's"
                raise UsageError(f"{field.name} is {given}, but the model is {where}; leave it out")
    if not asked.server:
        return _of_weights(asked)
    server = Server(
        model=asked.model,
        urls=(asked.server,),
        key_env=asked.key_env,
        concurrency=asked.concurrency,
        timeout_s=asked.timeout_s,
        retries=asked.retries,
    )
    return Subject.served(server)


def _of_weights(asked: EvalOptions) -> Subject:
    """A run, a checkpoint of a run or a folder; a run has its own engine unless one is given."""
    if asked.engine not in {"", *_ENGINES}:
        raise UsageError(f"engine {asked.engine!r} is unknown; {nearest(asked.engine, _ENGINES)}")
    engine = _ENGINES[asked.engine or "embedded"](device=asked.device)
    own = None if asked.tasks else checkpoint_of_run(asked.model, asked.split)
    subject = own or subject_of(asked.model, engine, asked.split)
    return replace(subject, engine=engine) if asked.engine else subject


def _spending(asked: EvalOptions, subject: Subject) -> Subject:
    """The subject with its test-time strategies, and with the scorer of its samples."""
    if not asked.step_mark:
        raise UsageError("step_mark is ''; give what ends a step of a reply, such as ';'")
    model, mark = None, asked.step_mark.replace("\\n", "\n")
    if asked.step_model:
        model = TrainedSteps(path=asked.step_model, engine=subject.engine)
        scorer = StepScores(model=model, cuts=Separated(mark=mark))
        subject = replace(subject, scorer=scorer)
    if asked.test_time:
        subject = replace(subject, test_time=strategies_of(asked.test_time, model, mark))
    return subject


def _decoding(asked: EvalOptions, decoding: Decoding) -> Decoding:
    if asked.temperature is not None:
        decoding = replace(decoding, temperature=asked.temperature)
    if asked.max_new_tokens:
        decoding = replace(decoding, max_new_tokens=asked.max_new_tokens)
    return decoding


def _attempts(asked: EvalOptions) -> tuple[int, ...]:
    """The values of k: the given ones, or the usual ones that there are samples for."""
    if asked.k is not None:
        return counts(asked.k, "k")
    return tuple(k for k in USUAL.k if k <= asked.samples) or USUAL.k[:1]


def table(model: str, measurement: Measured) -> list[str]:
    """The lines of an evaluation: what was measured, what was left out, the estimates."""
    drawn, found = measurement.drawn, measurement.scores
    count = len(drawn.tasks)
    of = f"{count} problems" if drawn.of is None else f"{count} of {drawn.of} problems"
    return [
        f"{model}: {of} (split {drawn.split}), {found.samples} samples each",
        *_left_out(drawn),
        *(f"  {caveat}" for caveat in measurement.caveats),
        *scorecard.lines(found),
        *curve_lines(curves(found.rows)),
        f"  {scorecard.tokens(found)} in {found.seconds:.1f} s",
    ]


def _left_out(drawn: EvalTasks) -> Iterator[str]:
    if drawn.repeated:
        yield f"  left out {drawn.repeated} of {drawn.of} problems: they repeat a prompt"
    if drawn.too_long:
        asked = len(drawn.tasks) + drawn.too_long
        yield (
            f"  left out {drawn.too_long} of {asked} problems: their prompts have more than "
            f"{drawn.longest} tokens (max_prompt_length)"
        )
