"""The laws of engines, one function each."""

from collections.abc import Awaitable, Callable, Mapping

from whet.testing.engines.examined import ExaminedEngine
from whet.testing.engines.findings import LawRecord
from whet.testing.engines.laws.conversations import a_conversation_is_a_full_forward
from whet.testing.engines.laws.decoding import (
    end_tokens_end_a_reply,
    stop_strings_end_a_reply,
    temperature_is_as_declared,
    truncation_is_as_declared,
)
from whet.testing.engines.laws.delivery import weights_arrive_whole_and_on_time
from whet.testing.engines.laws.flight import updates_treat_live_replies_as_told
from whet.testing.engines.laws.frequencies import tokens_come_as_often_as_declared
from whet.testing.engines.laws.learning import (
    a_reference_stays,
    a_step_moves_what_has_a_gradient,
    clipping_is_of_the_whole_gradient,
    gradients_are_the_models,
    graphs_are_freed,
    micro_batches_do_not_matter,
    state_is_restored,
)
from whet.testing.engines.laws.optimizing import (
    an_update_tells_what_happened,
    steps_are_those_of_adamw,
    varied_rollouts_have_the_models_gradient,
)
from whet.testing.engines.laws.sampling import (
    a_fork_is_a_full_forward,
    log_probs_are_the_models,
    neighbours_do_not_matter,
    seeds_are_respected,
)

EngineLaw = Callable[[ExaminedEngine, LawRecord], Awaitable[None]]
ENGINE_LAWS: Mapping[str, EngineLaw] = {
    law.__name__: law
    for law in (
        log_probs_are_the_models,
        a_fork_is_a_full_forward,
        a_conversation_is_a_full_forward,
        neighbours_do_not_matter,
        seeds_are_respected,
        end_tokens_end_a_reply,
        stop_strings_end_a_reply,
        temperature_is_as_declared,
        truncation_is_as_declared,
        tokens_come_as_often_as_declared,
        gradients_are_the_models,
        varied_rollouts_have_the_models_gradient,
        a_step_moves_what_has_a_gradient,
        micro_batches_do_not_matter,
        clipping_is_of_the_whole_gradient,
        graphs_are_freed,
        steps_are_those_of_adamw,
        an_update_tells_what_happened,
        state_is_restored,
        a_reference_stays,
        weights_arrive_whole_and_on_time,
        updates_treat_live_replies_as_told,
    )
}
