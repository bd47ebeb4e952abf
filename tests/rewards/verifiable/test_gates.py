"""Gates: length, repetition, language; and the penalty for repetition; and soft tags."""

import pytest
from recorded import recorded

from whet.rewards.verifiable.language import Language
from whet.rewards.verifiable.languages import codes, detect_language, share
from whet.rewards.verifiable.length_gate import LengthGate
from whet.rewards.verifiable.repetition import Repetition
from whet.rewards.verifiable.repetition_penalty import RepetitionPenalty
from whet.rewards.verifiable.tag_count import TagCount
from whet.rewards.verifiable.words import repeated
from whet.types import Finish, Reason, Task, UsageError

ASKED = Task(id="t", prompt="?")


def chose(tokens, mine=None, finish=Finish.STOP):
    mine = mine or [True] * len(tokens)
    return recorded(
        task=ASKED,
        seed=0,
        turns=("?", "x"),
        tokens=tuple(tokens),
        chosen=tuple(mine),
        behaviour_logp=(0.0,) * sum(mine),
        finish=finish,
    )


@pytest.mark.parametrize(
    ("tokens", "finish", "reason"),
    [
        (2, Finish.STOP, Reason.BAD_FORMAT),
        (3, Finish.STOP, Reason.OK),
        (5, Finish.STOP, Reason.OK),
        (6, Finish.STOP, Reason.BAD_FORMAT),
        (4, Finish.LENGTH, Reason.TRUNCATED),
    ],
)
def test_length(tokens, finish, reason):
    verdict = LengthGate(shortest=3, longest=5).score(chose(range(tokens), finish=finish))
    assert verdict.reason is reason
    assert verdict.score == float(reason is Reason.OK)
    assert verdict.parts == {"tokens": tokens}
    assert verdict.correct is None


@pytest.mark.parametrize(
    ("sequence", "n", "share_repeated"),
    [
        ("abcabc", 3, 1 - 3 / 4),
        ("aaaaaa", 2, 1 - 1 / 5),
        ("abcdef", 1, 0),
        ("aabb", 1, 1 / 2),
        ("ab", 3, 0),
        ("", 1, 0),
    ],
)
def test_repetition_by_hand(sequence, n, share_repeated):
    assert repeated(sequence, n) == pytest.approx(share_repeated)


def test_the_gate_of_repetition_looks_at_the_policys_own_tokens():
    loop = [1, 2] * 40  # 61 20-grams, 2 of them different
    verdict = Repetition().score(chose(loop))
    assert verdict.score == 0
    assert verdict.parts["repeated"] == pytest.approx(1 - 2 / 61)
    assert Repetition().score(chose(range(80))).score == 1
    world = [True] * 10 + [False] * 80
    assert Repetition().score(chose([*range(10), *loop], world)).score == 1
    assert Repetition(n=1, most=0.5).score(chose([1, 1, 2, 2])).score == 1
    assert Repetition(n=1, most=0.4).score(chose([1, 1, 2, 2])).score == 0


def test_the_penalty_is_a_share_of_its_most(rolled):
    words = " ".join(["a b"] * 40)  # 80 words, 41 40-grams, 2 of them different
    verdict = RepetitionPenalty().score(rolled(words))
    assert verdict.score == pytest.approx(-0.05 * (1 - 2 / 41))
    assert RepetitionPenalty().score(rolled("a b c")).score == 0
    assert RepetitionPenalty(n=1, most=1.0).score(rolled("a a")).score == pytest.approx(-0.5)


TEXTS = {
    "en": "The answer is in the second part of this, and we have to look at it.",
    "de": "Die Antwort ist im zweiten Teil, und wir haben sie noch nicht gesehen.",
    "fr": "La réponse est dans la deuxième partie, et nous ne l'avons pas encore vue.",
    "es": "La respuesta está en la segunda parte, y no la hemos visto todavía.",
    "it": "La risposta è nella seconda parte, e non abbiamo ancora visto che cosa rng.",
    "pt": "A resposta está na segunda parte, e não vimos ainda o que ela diz.",
    "nl": "Het antwoord is in het tweede deel en wij hebben het nog niet gezien.",
    "ru": "Ответ находится во второй части, и мы его ещё не видели.",
    "zh": "答案在第二部分。",
    "ja": "答えは第二部にあります。",
    "ko": "답은 두 번째 부분에 있습니다.",
    "ar": "الجواب في الجزء الثاني و لم يكن من الممكن أن نرى ذلك.",
    "hi": "उत्तर दूसरे भाग में है और हम ने इसे नहीं देखा है।",
    "th": "คำตอบอยู่ในส่วนที่สอง",
    "el": "Η απάντηση είναι στο δεύτερο μέρος.",
    "vi": "Câu trả lời là ở trong phần của người này và chúng tôi không có.",
    "": "42 = 6 · 7",
}


@pytest.mark.parametrize("code", TEXTS)
def test_languages_are_told(code):
    assert detect_language(TEXTS[code]) == code
    assert share(TEXTS[code], code or "en") >= (0.9 if code else 0)


def test_the_gate_of_language(rolled):
    for code in filter(None, TEXTS):
        for other in filter(None, TEXTS):
            verdict = Language(code=code).score(rolled(TEXTS[other]))
            assert verdict.score == float(code == other), (code, other)
    half = f"<think>{TEXTS['zh'] * 6}</think>{TEXTS['en']}"
    assert Language().score(rolled(half)).score == 0
    assert Language().score(rolled("")).score == 0


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("<think>x</think><answer>4</answer>", 1),
        ("x</think><answer>4</answer>", 0.75),
        ("<think>x</think><answer>4</answer><answer>4</answer>", 0.5),
        ("<think>x</think>4", 0.5),
        ("<answer>4</answer>", 0.5),
        ("<think>x", 0.25),
        ("<think></think><answer></answer>", 0),
        ("<answer>4</answer><think>x</think>", 0.5),
        ("4", 0),
        ("", 0),
    ],
)
def test_soft_tags(rolled, reply, score):
    verdict = TagCount().score(rolled(reply))
    assert verdict.score == score
    assert verdict.correct is None


def test_a_prompt_may_open_the_thoughts(rolled):
    rest = "x</think><answer>4</answer>"
    assert TagCount().score(rolled(rest, prompt="2 + 2 = ?\n<think>\n")).score == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LengthGate(shortest=9, longest=3), "length_gate.shortest is 9 and longest 3"),
        (lambda: Repetition(n=0), "repetition.n is 0"),
        (lambda: Repetition(most=2.0), "repetition.most is 2.0"),
        (lambda: RepetitionPenalty(most=-1.0), "repetition_penalty.most is -1.0"),
        (lambda: Language(code="xx"), "language.code is 'xx'; choose from af, ar"),
        (lambda: Language(least=7.0), "language.least is 7.0"),
    ],
)
def test_nonsense_is_refused(make, message):
    with pytest.raises(UsageError, match=message):
        make()


def test_every_language_has_a_script():
    assert {"en", "zh", "hi", "ko"} <= set(codes())
