"""Forty architectures and four variants as tiny configurations, on which engines are examined.

The names are model types of transformers 5.23.  Every row has two layers, a width of 32 and 128
positions; windows, chunks and original contexts are short enough to bite within a few dozen
tokens.  `whet.engines.random_models` makes models of them.
"""

from collections.abc import Mapping
from typing import Any

_BASE: Mapping[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 128,
}
_DENSE = {**_BASE, "intermediate_size": 64}
_GROUPED = {**_DENSE, "num_key_value_heads": 2}
_WIDE = {**_GROUPED, "head_dim": 8}
_EXPERTS = {"moe_intermediate_size": 32, "num_experts": 4, "num_experts_per_tok": 2}
_SHARED_EXPERT = {**_EXPERTS, "shared_expert_intermediate_size": 32}
_LATENT = {
    **_DENSE,
    "num_key_value_heads": 4,
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 4,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
    "moe_intermediate_size": 32,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "n_shared_experts": 1,
    "first_k_dense_replace": 1,
    "n_group": 1,
    "topk_group": 1,
}
_FALCON = {
    **_BASE,
    "model_type": "falcon",
    "ffn_hidden_size": 64,
    "new_decoder_architecture": False,
    "multi_query": True,
}
_WINDOW = {"sliding_window": 16}

ARCHITECTURES: Mapping[str, Mapping[str, Any]] = {
    "llama": _GROUPED,
    "mistral": _GROUPED,
    "qwen2": _GROUPED,
    "qwen3": _WIDE,
    "qwen2_moe": {**_GROUPED, **_SHARED_EXPERT, "decoder_sparse_step": 1},
    "qwen3_moe": {**_WIDE, **_EXPERTS, "decoder_sparse_step": 1},
    "gemma": _WIDE,
    "gemma2": {**_WIDE, **_WINDOW, "query_pre_attn_scalar": 8},
    "gemma3_text": {**_WIDE, **_WINDOW, "query_pre_attn_scalar": 8},
    "phi": _GROUPED,
    "phi3": _GROUPED,
    "gpt2": {**_BASE, "n_inner": 64},
    "gptj": {**_BASE, "rotary_dim": 4, "n_inner": 64},
    "gpt_neox": _DENSE,
    "falcon": {**_FALCON, "alibi": False},
    "bloom": _BASE,
    "opt": {**_BASE, "ffn_dim": 64, "word_embed_proj_dim": 32},
    "olmo": _GROUPED,
    "olmo2": _GROUPED,
    "granite": _GROUPED,
    "cohere": _GROUPED,
    "cohere2": {**_WIDE, **_WINDOW},
    "stablelm": _GROUPED,
    "starcoder2": _GROUPED,
    "smollm3": _GROUPED,
    "deepseek_v2": {**_LATENT, "topk_method": "greedy"},
    "deepseek_v3": _LATENT,
    "mixtral": {**_GROUPED, "num_local_experts": 4, "num_experts_per_tok": 2},
    "llama4_text": {
        **_WIDE,
        "intermediate_size_mlp": 64,
        "num_local_experts": 2,
        "num_experts_per_tok": 1,
        "attention_chunk_size": 16,
    },
    "mamba": {**_BASE, "state_size": 8},
    "mamba2": {
        **_BASE,
        "state_size": 8,
        "num_heads": 8,
        "head_dim": 8,
        "n_groups": 2,
        "chunk_size": 16,
    },
    "rwkv": {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "attention_hidden_size": 32,
        "intermediate_size": 64,
        "context_length": 128,
    },
    "jamba": {
        **_GROUPED,
        "num_experts": 2,
        "num_experts_per_tok": 1,
        "attn_layer_period": 2,
        "attn_layer_offset": 1,
        "expert_layer_period": 2,
        "expert_layer_offset": 1,
        "mamba_d_state": 8,
        "mamba_dt_rank": 4,
    },
    "falcon_h1": {
        **_WIDE,
        "mamba_d_ssm": 32,
        "mamba_n_heads": 4,
        "mamba_d_head": 8,
        "mamba_d_state": 8,
        "mamba_n_groups": 1,
        "mamba_chunk_size": 16,
    },
    "qwen3_next": {
        **_WIDE,
        **_SHARED_EXPERT,
        "layer_types": ["linear_attention", "full_attention"],
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 4,
        "linear_key_head_dim": 8,
        "linear_value_head_dim": 8,
    },
    "lfm2": {
        **_GROUPED,
        "layer_types": ["conv", "full_attention"],
        "block_auto_adjust_ff_dim": False,
    },
    "gpt_oss": {
        **_WIDE,
        **_WINDOW,
        "num_local_experts": 4,
        "num_experts_per_tok": 2,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
    },
    "glm4": _WIDE,
    "exaone4": {**_GROUPED, **_WINDOW, "sliding_window_pattern": 2},
    "ernie4_5": _WIDE,
    "falcon, alibi": {**_FALCON, "alibi": True},
    "phi3, longrope": {
        **_GROUPED,
        "model_type": "phi3",
        "original_max_position_embeddings": 32,
        "rope_parameters": {
            "rope_type": "longrope",
            "rope_theta": 10000.0,
            "short_factor": [1.0, 1.1, 1.2, 1.3],
            "long_factor": [1.0, 2.0, 3.0, 4.0],
            "original_max_position_embeddings": 32,
        },
    },
    "mistral, window": {**_GROUPED, **_WINDOW, "model_type": "mistral"},
    "qwen2, window": {
        **_GROUPED,
        **_WINDOW,
        "model_type": "qwen2",
        "use_sliding_window": True,
        "max_window_layers": 1,
    },
}


def settings_of(name: str) -> tuple[str, dict[str, Any]]:
    """The model type of an architecture in the list, and the settings of its config."""
    settings = dict(ARCHITECTURES[name])
    return settings.pop("model_type", name), settings
