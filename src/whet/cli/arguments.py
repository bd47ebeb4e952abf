"""The arguments of every command but train and plan; imports nothing heavy, so help is fast."""

from collections.abc import Mapping
from dataclasses import dataclass

from whet.cli.options import option, word

_RUN = "a run's folder, such as runs/quickstart"
_JSON = "print one JSON document and nothing else"


@dataclass(frozen=True, kw_only=True)
class ResumeOptions:
    """Continue a run from its newest checkpoint, with the same result as without the interruption.

    Settings that affect no finished step can be changed: --steps, --save-every, --eval-every, and
    every field below limits, checkpoints, evaluation and periodic.  A run whose data, reward or
    models have changed is refused, unless --accept names what has.
    """

    run: str = word(_RUN)
    accept: str = option("data, model, reward, teacher, reference, opponent, recipe", default="")
    from_: str = option("an earlier checkpoint, such as step-000040", default="")


@dataclass(frozen=True, kw_only=True)
class EvalOptions:
    """Evaluate a model on tasks: reward and its spread, unbiased pass@k, 95% intervals.

    First the reward is tried on the tasks' own answers, which it has to accept.  With --server the
    model is behind a server with OpenAI's chat protocol, such as vLLM, or `transformers serve`.
    With --judge a model behind such a server checks the chains of thought of right answers, for
    CoT-pass@k.  Of a file that --out wrote, the numbers are computed again, without a model.

    With --power nothing is evaluated: MODEL is the pilot of a comparison (a run, a file of samples,
    or the baseline's accuracy, such as 0.4), and the number of problems that show a difference is
    printed, and the smallest difference that --problems show.
    """

    model: str = word("a run, a Hugging Face folder, a .jsonl file of samples, or a server's model")
    server: str = option("the address of a chat server, such as http://host:8000/v1", default="")
    key_env: str = option("the environment variable with the server's key", default="")
    concurrency: int = option("most requests to the server at once", default=16)
    timeout_s: float = option("seconds to wait for a reply of the server", default=600.0)
    retries: int = option("further tries of a request that failed and may pass", default=3)
    tasks: str = option(
        "a family, gym:NAME, BENCHMARK:FILE, a file or a folder; default: the run's", default=""
    )
    reward: str = option("a name or path.py; default: the verifier that the tasks name", default="")
    split: str = option("train, dev, test or all; default: test, or a whole file", default="")
    problems: int = option("maximum number; 0: all, or 100 of an endless corpus", default=0)
    system_prompt: str = option("the system message of every prompt", default="")
    max_prompt_length: int = option("skip longer prompts (tokens); 0: the run's value", default=0)
    samples: int = option("sampled replies per problem, besides the greedy one", default=16)
    k: str | None = option("values of k for pass@k; default: 1, 4, 16, up to samples", default=None)
    temperature: float | None = option("of sampling; default: the run's, or 1", default=None)
    max_new_tokens: int = option("maximum tokens per reply; 0: the run's value, or 256", default=0)
    engine: str = option(
        "embedded, or plain: any architecture, slow; default: the run's, or embedded", default=""
    )
    device: str = option("auto, cpu or cuda", default="auto")
    out: str = option("a JSONL file for the samples; goes on where it ends", default="")
    report: str = option("a folder for all metrics: metrics.csv, metrics.md, charts", default="")
    test_time: str = option(
        "strategies, as majority,budget_forcing(waits=2),revision+majority", default=""
    )
    step_model: str = option("folder of a step model, for best_of_n and beam", default="")
    step_mark: str = option("what ends a step of a reply; \\n is a new line", default="\\n\\n")
    judge: str = option("a model that checks chains of thought, by its server's name", default="")
    judge_url: str = option("address of the server", default="http://127.0.0.1:8000/v1")
    judge_key_env: str = option("the environment variable with the server's key", default="")
    judge_votes: int = option("votes on each chain", default=3)
    judge_trial: str = option("chain, stack or lists: measure the judge's errors first", default="")
    power: float | None = option(
        "plan a comparison that shows this difference (0.05)", default=None
    )
    json: bool = option(_JSON, default=False)


@dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """Compare two evaluations on the same problems: better, worse or undecided, with intervals.

    Each is a run, whose final evaluation is compared, or a file of `whet eval --out`.  Several runs
    of each, with commas between them, are compared in pairs, with the seed as the outer unit.
    """

    model: str = word("a run's folder, or a file of samples; or several")
    baseline: str = word("what it is compared with: a run's folder, or a file; or as many")
    k: str | None = option("values of k for pass@k; default: 1 and all samples", default=None)
    margin: float | None = option("also: equal up to this difference?", default=None)
    json: bool = option(_JSON, default=False)


@dataclass(frozen=True, kw_only=True)
class VerifyOptions:
    """Evaluate a reward on labelled replies: precision, recall, latency, consistency, attacks.

    With `--law`, the five properties of Verifier's Law for every verifier that has labelled
    replies: `--labelled FOLDER` has a file for each, named after the reward, such as sql.jsonl.
    """

    reward: str = word("a name, path.py:function, or package.module:function", default="")
    labelled: str = option(
        "synthetic, or a file with columns prompt, reply, answer, correct; with --law a folder",
        default="",
    )
    law: bool = option("compare all verifiers that a folder has replies for", default=False)
    against: str = option("another reward to compare with", default="")
    rows: int = option("number of rows of the synthetic set", default=2400)
    concurrency: int = option("number of concurrent calls", default=2)
    examples: int = option("examples shown of each kind", default=5)
    json: bool = option(_JSON, default=False)


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Check data: what each row becomes, which rows can't be used or are left out, and why.

    All rows are looked at.  The exit code is 1 if some row can't be used.

    `overlap FILE --test ITEMS` looks for test items whose wording stands in the rows of a training
    file: runs of 13 words, a fifth of the runs of 8 words, runs of 50 characters, near-duplicates,
    and short items that are a line of a row.
    The exit code is 1 if some item is flagged.
    """

    action: str = word("check or overlap")
    file: str = word("a file or a folder of rows, or a pattern such as 'data/*.parquet'")
    model: str = option("a model's folder or a run: show prompts as its tokens", default="")
    reward: str = option("a name or path.py: judge every row's own answer", default="")
    prompt_column: str = option("the column of prompts; default: prompt, question", default="")
    answer_column: str = option("the column of answers; default: the usual names", default="")
    max_prompt_length: int = option("list longer prompts (tokens); 0: no limit", default=0)
    rows: int = option("number of rows shown", default=3)
    test: str = option("for overlap: BENCHMARK:FILE, a file or a folder of test items", default="")
    samples: str = option("for overlap: a file of samples; pass@1 with and without", default="")
    json: bool = option(_JSON, default=False)


@dataclass(frozen=True, kw_only=True)
class EnvOptions:
    """Worlds: list them, show one, play it at the keyboard, check what it promises, replay a play.

    `check` plays without a model.  Its exit code is 1 if the world breaks a promise.  `replay RUN
    ROLLOUT` plays a recorded rollout of a run again, with its recorded replies; the exit code is 1
    if the verdict is another one.
    """

    action: str = word("list, show, play, check or replay")
    world: str = word("a name or path.py; to replay, a run's folder", default="")
    rollout: str = word("to replay: the id of a rollout, or its number in the ledger", default="")
    level: int = option("the level; 0: all of them, or the lowest to play", default=0)
    seed: int = option("the task that is drawn to play", default=0)
    plays: int = option("number of plays of each check", default=50)
    json: bool = option(_JSON, default=False)


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """Experiments with a claim, arms, seeds and contrasts that are fixed before the first run.

    `run` makes the rows that are missing, and then shows the verdicts; the same command twice, in
    two shells, shares the work.  `show` spends no compute.  The exit code is 1 if a control or an
    identity of the study failed.
    """

    action: str = word("run or show")
    study: str = word("a TOML file, or the name of a study of the library")
    tier: str = option("a size of the study, such as smoke or full", default="full")
    out: str = option("the JSONL file of the rows; default: beside the file", default="")
    runs: str = option("the folder of run folders; the study's are below it", default="runs")
    json: bool = option(_JSON, default=False)


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """List the algorithms, rewards, sampling, corpora, benchmarks, environments, extensions and
    recipes.
    """

    kind: str = word("one of these kinds, in the plural or the singular", default="all")
    json: bool = option(_JSON, default=False)


@dataclass(frozen=True, kw_only=True)
class ShowOptions:
    """Show one part: its equation, source, defaults, needs and nearest relatives."""

    name: str = word("name of an algorithm, a reward, or another part (whet list)")
    json: bool = option(_JSON, default=False)


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Write report.html, the report of a run, into the run's folder."""

    run: str = word(_RUN)


@dataclass(frozen=True, kw_only=True)
class DoctorOptions:
    """Check this machine, or a run, for problems."""

    run: str = word(f"{_RUN}; default: check this machine", default="")


ARGUMENTS: Mapping[str, type] = {
    "resume": ResumeOptions,
    "eval": EvalOptions,
    "compare": CompareOptions,
    "verify": VerifyOptions,
    "data": DataOptions,
    "env": EnvOptions,
    "study": StudyOptions,
    "list": ListOptions,
    "show": ShowOptions,
    "report": ReportOptions,
    "doctor": DoctorOptions,
}
