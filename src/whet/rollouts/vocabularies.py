"""Tokenizer identity: models that exchange token ids read them alike."""

from hashlib import blake2b
from operator import itemgetter
from typing import Any


def vocabulary_digest(tokenizer: Any) -> str:
    """A hash of all tokens with their ids, of a Hugging Face tokenizer.

    It is equal for two tokenizers if and only if every id is the same token in both.
    """
    held = blake2b(digest_size=16)
    for token, number in sorted(tokenizer.get_vocab().items(), key=itemgetter(1, 0)):
        held.update(f"{number} {token!r}\n".encode(errors="surrogatepass"))
    return held.hexdigest()
