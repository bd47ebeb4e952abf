"""Tokenizers with a template of one's own, ChatML where none is given, and their renderers."""

from template_forms import DATE, byte_level
from tokenizers import Tokenizer
from transformers import GenerationConfig, PreTrainedTokenizerFast

from whet.engines.ends import end_tokens
from whet.rollouts.renderer import TextRenderer

INNER = byte_level().to_str()
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def fresh(template=CHATML, eos="<|endoftext|>", inner=None, **named):
    return PreTrainedTokenizerFast(
        tokenizer_object=inner or Tokenizer.from_str(INNER),
        eos_token=eos,
        unk_token="<unk>",
        chat_template=template,
        clean_up_tokenization_spaces=False,
        **{"pad_token": "<pad>", **named},
    )


def renderer(held, config=None, today=DATE):
    return TextRenderer(held, end_tokens(held, config or GenerationConfig()), today)


def user(content="hi", **more):
    return {"role": "user", "content": content, **more}


def assistant(content="", **more):
    return {"role": "assistant", "content": content, **more}
