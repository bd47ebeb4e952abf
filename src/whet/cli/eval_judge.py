"""The judge of chains that `whet eval` is given, by its options."""

from whet.cli.arguments import EvalOptions
from whet.cli.progress import ProgressBar
from whet.engines.openai.server import Server
from whet.evaluation.chain_judge import ChainJudge
from whet.evaluation.judge_trial import JudgeTrial
from whet.front.judging import calibrated
from whet.types import UsageError

_ANSWERS = ".judge"  # a folder beside the samples, with all replies of the judge


def judge_of(asked: EvalOptions) -> ChainJudge | None:
    """The judge; None without one.  Raises `UsageError` for its options alone.

    With --out its replies are kept beside the samples, so that none is asked for a second time.
    """
    if not asked.judge:
        if asked.judge_trial:
            raise UsageError(f"judge_trial is {asked.judge_trial!r}, without a judge; give --judge")
        return None
    server = Server(
        model=asked.judge,
        urls=(asked.judge_url,),
        key_env=asked.judge_key_env,
        cache=f"{asked.out}{_ANSWERS}" if asked.out else "",
    )
    return ChainJudge(chat_model=server, name=asked.judge, votes=asked.judge_votes)


def tried(asked: EvalOptions, judge: ChainJudge | None) -> JudgeTrial | None:
    """The error rates of the judge, where they are asked for."""
    if judge is None or not asked.judge_trial:
        return None
    with ProgressBar() as bar:
        return calibrated(judge, asked.judge_trial, bar)
