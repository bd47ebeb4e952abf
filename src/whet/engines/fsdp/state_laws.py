"""The laws of what ranks keep: checkpoints, published weights, and weights from outside."""

from collections.abc import Mapping

from whet.engines.fsdp.laws import LOGP, WEIGHTS
from whet.engines.fsdp.trial import (
    SETTINGS,
    Law,
    LawFinding,
    Trial,
    digest_of,
    furthest,
    stepped,
    weights_of,
)
from whet.engines.models import Folder
from whet.types import IntegrityError


async def state_moves_between_ranks(trial: Trial, found: LawFinding) -> None:
    """A checkpoint of all ranks goes on on one rank, and its checkpoint on all, with the same bits.

    Two further steps have the digest of the run that was never stopped.
    """
    batch = await trial.batch("dapo")
    learner = await trial.sharded()
    await stepped(learner, "dapo", batch, 2)
    first = trial.place("of-all")
    await learner.save(first)
    saved = await digest_of(learner)
    plain = await trial.embedded(Folder(path=str(first)))
    found.equal("the digest of the Hugging Face folder", await digest_of(plain), saved)
    await stepped(learner, "dapo", batch, 2)
    due = await digest_of(learner)

    one = await trial.sharded(trial.alone)
    await one.load(first)
    found.equal("the digest on one rank", await digest_of(one), saved)
    found.equal("the number of steps on one rank", one.optimizer_steps, 2)
    mine = [trial.place(f"of-one-{rank}") for rank in range(trial.ranks.size)]
    await one.save(mine[trial.ranks.rank])
    await stepped(one, "dapo", batch, 2)
    found.near(
        "steps on one rank", furthest(await weights_of(one), await weights_of(learner)), 2e-5
    )

    again = await trial.sharded()
    trial.ranks.together(lambda: None)  # until all have saved
    await again.load(mine[0])
    found.equal("the digest on all ranks", await digest_of(again), saved)
    await stepped(again, "dapo", batch, 2)
    found.equal("the digest two steps later", await digest_of(again), due)
    found.equal("the version", again.version, learner.version)


async def a_broken_checkpoint_is_refused(trial: Trial, found: LawFinding) -> None:
    """All ranks refuse a checkpoint whose weights are not those of its digest, and keep theirs."""
    learner = await trial.sharded()
    await stepped(learner, "dapo", await trial.batch("dapo"), 1)
    place = trial.place("broken")
    await learner.save(place)
    notes = place / "learner.json"
    digest = (await learner.publish()).version.digest
    text = trial.ranks.together(notes.read_text)

    def spoil() -> None:
        if trial.ranks.rank == 0:
            notes.write_text(text.replace('"digest": "', '"digest": "0'))

    trial.ranks.together(spoil)
    try:
        await learner.load(place)
        found.failures.append("a checkpoint of another digest was loaded")
    except IntegrityError as error:
        found.holds(f"the error names no digest: {error}", sound="digest" in str(error))
    learner.published = None
    found.equal("the digest after a refused checkpoint", await digest_of(learner), digest)


async def a_digest_is_that_of_one_process(trial: Trial, found: LawFinding) -> None:
    """What all ranks publish has the digest that the embedded engine gives the same tensors."""
    learner = await trial.sharded()
    await stepped(learner, "dapo", await trial.batch("dapo"), 1)
    published = await learner.publish()
    due = await trial.embedded()
    await due.set_weights(published.tensors)
    found.equal("the digest", published.version.digest, await digest_of(due))
    found.equal("the manifest", published.manifest, (await due.publish()).manifest)


async def a_change_of_weights_is_seen(trial: Trial, found: LawFinding) -> None:
    """Weights that are replaced or trained are not those that a rank has gathered before."""
    batch = await trial.batch("dapo")
    moved = await trial.embedded()
    await stepped(moved, "dapo", batch, 2)
    given = await weights_of(moved)
    due, ours = await trial.embedded(), await trial.sharded()
    for learner in (due, ours):
        await learner.logp(batch.rollouts)
        await learner.set_weights(given)
    gap = await ours.logp(batch.rollouts) - await due.logp(batch.rollouts)
    found.near("log-probs", gap.abs().max().item(), LOGP)
    found.equal("the digest", await digest_of(ours), await digest_of(due))
    for learner in (due, ours):
        await learner.logp(batch.rollouts)  # which gathers them again
        learner.reset_optimizer(SETTINGS)
        await stepped(learner, "dapo", batch, 1)
    found.near("weights", furthest(await weights_of(ours), await weights_of(due)), WEIGHTS)


STATE_LAWS: Mapping[str, Law] = {
    law.__name__: law
    for law in (
        state_moves_between_ranks,
        a_broken_checkpoint_is_refused,
        a_digest_is_that_of_one_process,
        a_change_of_weights_is_seen,
    )
}
