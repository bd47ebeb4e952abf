"""`whet.engines.fsdp.check` with one mistake in the engine: MUTANT, then the arguments of check."""

import sys

import torch

from whet.engines.embedded.adapters import bare
from whet.engines.fsdp import check, checkpoint, critic, dealing, learner, ranks, sharding, whole


def mean_in_place_of_sum():
    sharding.summed = lambda root: None


def no_ghosts():
    dealing.Deal.ghosts = property(lambda self: 0)


def families_dealt_twice():
    dealing.shares = lambda rollouts, count: [tuple(range(len(rollouts)))] * count


def a_moment_is_not_saved():
    both = checkpoint.Optimised.moments
    checkpoint.Optimised.moments = lambda self: {
        name: moment for name, moment in both(self).items() if not name.startswith("exp_avg_sq/")
    }


def moments_are_not_restored():
    checkpoint.Optimised.restore = lambda self, tensors, steps, taken: None


def whole_weights_outlive_a_change():
    sharding.ShardedBody.reshard = lambda self: None


def an_error_is_raised_alone():
    ranks.FirstError.__exit__ = lambda self, kind, error, trace: False


def nan_moves_weights():
    learner.isfinite = lambda number: True


def own_rows_are_clipped():
    def clipped(weights, most):
        rows = [weight.grad.to_local() for weight in weights if weight.grad is not None]
        norm = torch.stack([row.norm() for row in rows]).norm().item()
        for row in rows:
            row.mul_(min(1.0, most / norm))
        return norm

    learner.clipped = clipped


def a_digest_of_half():
    plain = whole.collected

    def half(group, pairs, kept):
        found = plain(group, pairs, kept)
        return dict([*found.items()][::2])

    whole.collected = half


def critic_reads_other_tokens():
    critic._Runs.of = classmethod(
        lambda cls, rollouts, own: cls(
            dict.fromkeys(own.mine, 0), {i: rollouts[i].length for i in own.mine}
        )
    )


def adapters_are_not_merged():
    whole.merged_tensors = lambda model, tensor, layer: (
        (name, tensor(held)) for name, held in bare(model).items()
    )


def masters_in_bfloat16():
    sharding._WIDE = (torch.float32, torch.float64, torch.bfloat16)


MUTANTS = {
    mean_in_place_of_sum: "ranks_are_one_rank",
    no_ghosts: "ranks_pass_equally_often",
    families_dealt_twice: "ranks_are_one_rank",
    a_moment_is_not_saved: "state_moves_between_ranks",
    moments_are_not_restored: "state_moves_between_ranks",
    whole_weights_outlive_a_change: "a_change_of_weights_is_seen",
    an_error_is_raised_alone: "an_error_stops_all_ranks",
    nan_moves_weights: "a_nan_stops_all_ranks",
    own_rows_are_clipped: "clipping_is_of_the_whole_gradient",
    a_digest_of_half: "a_digest_is_that_of_one_process",
    critic_reads_other_tokens: "a_critic_is_on_the_same_ranks",
    adapters_are_not_merged: "adapters_alone_are_trained",
    masters_in_bfloat16: "bfloat16_has_float32_masters",
}

if __name__ == "__main__":
    next(mutant for mutant in MUTANTS if mutant.__name__ == sys.argv[1])()
    sys.exit(check.main(sys.argv[2:]))
