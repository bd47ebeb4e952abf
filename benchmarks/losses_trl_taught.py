"""Runs TRL's own losses of preferences, demonstrations and teachers on a drawn batch."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from losses_draw import Drawn
from losses_pairs import Outcome, Theirs, gradient
from losses_trl import MODEL, bare, module
from torch import Tensor

Loss = Callable[[Drawn, Tensor, Tensor], Tensor]  # of the logits of policy and teacher


class FusedHead:
    """Log-probs of given tokens, 0 on others, in the place of a model with TRL's fused head."""

    def __init__(self, drawn: Drawn) -> None:
        self.mask = drawn.mask
        self.logp = drawn.logp.clone().requires_grad_()

    def __call__(self, **settings: Any) -> Any:
        held = self.logp * self.mask
        return SimpleNamespace(
            log_probs=held,
            label_mask=self.mask,
            entropy=held.detach(),
            mean_logits=held.detach(),
            is_top1=self.mask.bool(),
        )


def _ids(drawn: Drawn) -> dict[str, Tensor]:
    """A prompt of one token before each reply."""
    mask = torch.cat([torch.zeros_like(drawn.mask[:, :1]), drawn.mask], 1)
    return {"input_ids": mask, "completion_mask": mask, "attention_mask": mask}


def _sums(drawn: Drawn, column: Tensor) -> Tensor:
    return (column * drawn.mask).sum(1)


def _paired(drawn: Drawn) -> Drawn:
    """Right replies first, then wrong ones in the same order, as TRL's collator lays them."""
    order = torch.cat(
        [torch.arange(0, len(drawn.reward), 2), torch.arange(1, len(drawn.reward), 2)]
    )
    held = {name: getattr(drawn, name)[order] for name in ("mask", "logp", "reference")}
    return SimpleNamespace(**held, order=order)  # pyright: ignore[reportReturnType]


def dpo(loss_type: str, beta: float = 0.1) -> Theirs:
    """DPOTrainer's `_compute_loss`."""

    def run(drawn: Drawn) -> Outcome:
        config = module("trainer.dpo_config").DPOConfig(
            output_dir="unused", use_cpu=True, bf16=False, loss_type=[loss_type], beta=beta
        )
        paired = _paired(drawn)
        model = FusedHead(paired)
        right, wrong = _sums(paired, paired.reference).chunk(2)
        trainer = bare(
            module("trainer.dpo_trainer").DPOTrainer,
            args=config,
            precompute_ref_logps=True,
            loss_types=config.loss_type,
            loss_weights=[1.0],
            **{name: getattr(config, name) for name in _OF_DPO},
        )
        inputs = {**_ids(paired), "ref_chosen_logps": right, "ref_rejected_logps": wrong}
        loss = trainer._compute_loss(model, inputs, False)  # noqa: FBT003, SLF001
        return _placed(drawn, paired, loss, model)

    return run


_OF_DPO = ("beta", "label_smoothing", "ld_alpha", "f_divergence_type", "use_weighting")


def _placed(drawn: Drawn, paired: Any, loss: Tensor, model: FusedHead) -> Outcome:
    placed = torch.empty_like(model.logp)
    placed[paired.order] = gradient(loss, model.logp)
    return Outcome(None, loss.detach(), drawn.flat(placed))


def cpo(loss_type: str, *, mean: bool, **settings: Any) -> Theirs:
    """CPOTrainer's `cpo_loss`, of sums or means of log-probs as its forward pass takes them."""

    def run(drawn: Drawn) -> Outcome:
        at = drawn.logp.clone().requires_grad_()
        scores = _sums(drawn, at) / (drawn.mask.sum(1) if mean else 1)
        held = {"alpha": 0.0, "label_smoothing": 0.0, "loss_type": loss_type, **settings}
        trainer = bare(module("experimental.cpo.cpo_trainer").CPOTrainer, **held)
        loss = trainer.cpo_loss(scores[0::2], scores[1::2])[0].mean()
        return Outcome(None, loss.detach(), drawn.flat(gradient(loss, at)))

    return run


def kto(loss_type: str) -> Theirs:
    """KTOTrainer's `_compute_loss`. Its z₀ is of drawn mismatched replies: `mismatched`."""

    def run(drawn: Drawn) -> Outcome:
        model, (policy, reference) = FusedHead(drawn), mismatched(drawn)
        config = module("trainer.kto_config").KTOConfig(
            output_dir="unused", use_cpu=True, bf16=False
        )
        trainer = bare(
            module("trainer.kto_trainer").KTOTrainer,
            args=config,
            beta=config.beta,
            loss_type=loss_type,
            calculate_KL=loss_type == "kto",
            desirable_weight=config.desirable_weight,
            undesirable_weight=config.undesirable_weight,
            precompute_ref_logps=True,
            _compute_kl_logps=lambda model, batch: policy,
        )
        inputs = {
            **_ids(drawn),
            "label": drawn.correct,
            "ref_logps": _sums(drawn, drawn.reference),
            "ref_KL_logps": reference,
        }
        loss = trainer._compute_loss(model, inputs, False)  # noqa: FBT003, SLF001
        return Outcome(None, loss.detach(), drawn.flat(gradient(loss, model.logp)))

    return run


def mismatched(drawn: Drawn) -> tuple[Tensor, Tensor]:
    """Log-probs of replies to other prompts, by policy and by reference."""
    return _sums(drawn, drawn.new_value), _sums(drawn, drawn.value)


def a_star_po(value: Callable[[Drawn], Tensor]) -> Theirs:
    """A2POTrainer's `compute_loss`."""

    def run(drawn: Drawn) -> Outcome:
        config = module("experimental.a2po.a2po_config").A2POConfig(
            output_dir="unused", use_cpu=True, bf16=False
        )
        at = drawn.logp.clone().requires_grad_()
        trainer = bare(
            module("experimental.a2po.a2po_trainer").A2POTrainer,
            args=config,
            _get_sequence_logps=lambda *args: _sums(drawn, at),
        )
        inputs = {
            "input_ids": None,
            "attention_mask": None,
            "logits_to_keep": None,
            "ref_logps": _sums(drawn, drawn.reference),
            "rewards": drawn.reward,
            "v_star": value(drawn),
        }
        loss = trainer.compute_loss(MODEL, inputs)
        advantage = (drawn.reward - value(drawn))[drawn.row]
        return Outcome(advantage, loss.detach(), drawn.flat(gradient(loss, at)))

    return run


def sft(loss_type: str) -> Theirs:
    """SFTTrainer's `compute_loss`."""

    def run(drawn: Drawn) -> Outcome:
        model = FusedHead(drawn)
        config = module("trainer.sft_config").SFTConfig(
            output_dir="unused", use_cpu=True, bf16=False, loss_type=loss_type
        )
        trainer = bare(
            module("trainer.sft_trainer").SFTTrainer,
            args=config,
            compute_loss_func=None,
            label_smoother=None,
        )
        inputs = {"attention_mask": drawn.mask, "labels": drawn.words}
        loss = trainer.compute_loss(model, inputs)
        return Outcome(None, loss.detach(), drawn.flat(gradient(loss, model.logp)))

    return run


def taught(of: Loss) -> Theirs:
    """A loss of logits; its gradient is that of the policy's logits."""

    def run(drawn: Drawn) -> Outcome:
        at = drawn.logits.clone().requires_grad_()
        loss = of(drawn, at, drawn.teacher_logits)
        return Outcome(None, loss.detach(), drawn.flat(gradient(loss, at)))

    return run


def gkd(beta: float) -> Loss:
    """GKDTrainer's `generalized_jsd_loss`."""

    def run(drawn: Drawn, policy: Tensor, teacher: Tensor) -> Tensor:
        trainer = module("experimental.gkd.gkd_trainer").GKDTrainer
        labels = drawn.words.masked_fill(drawn.mask == 0, -100)
        return trainer.generalized_jsd_loss(policy, teacher, labels=labels, beta=beta)

    return run


def chunked(beta: float) -> Loss:
    """DistillationTrainer's `_chunked_divergence_loss`, with an identity as the heads."""

    def run(drawn: Drawn, policy: Tensor, teacher: Tensor) -> Tensor:
        head = torch.eye(policy.shape[-1])
        place = module("trainer.distillation_trainer")
        loss, _, _ = place._chunked_divergence_loss(  # noqa: SLF001
            policy, teacher, head, head, drawn.mask, beta
        )
        return loss

    return run


def self_distilled(**settings: Any) -> Loss:
    """SDPOTrainer's `_compute_self_distillation_loss`; SDFTTrainer has the same lines."""

    def run(drawn: Drawn, policy: Tensor, teacher: Tensor) -> Tensor:
        config = module("experimental.sdpo.sdpo_config").SDPOConfig(
            output_dir="unused", use_cpu=True, bf16=False, **settings
        )
        trainer = bare(
            module("experimental.sdpo.sdpo_trainer").SDPOTrainer,
            args=config,
            _log_self_distillation_metric=lambda mode, value: None,
        )
        logits = SimpleNamespace(
            student_logits=policy,
            teacher_logits=teacher,
            completion_ids=drawn.words,
            loss_mask=drawn.mask,
        )
        return trainer._compute_self_distillation_loss(MODEL, {}, logits)  # noqa: SLF001

    return run


def weighted(gamma: float) -> Loss:
    """IWOPDTrainer's `_compute_iw_opd_loss` of the teacher's log-probs of the replies."""

    def run(drawn: Drawn, policy: Tensor, teacher: Tensor) -> Tensor:
        trainer = bare(
            module("experimental.iw_opd.iw_opd_trainer").IWOPDTrainer,
            temperature=1.0,
            iw_opd_gamma=gamma,
            iw_opd_epsilon=1e-8,
        )
        labels = drawn.words.masked_fill(drawn.mask == 0, -100)
        spoken = teacher.log_softmax(-1).gather(-1, drawn.words[..., None])[..., 0]
        return trainer._compute_iw_opd_loss(policy, drawn.words, labels, spoken)  # noqa: SLF001

    return run
