"""IFEval's 25 constraints: by hand, by their own witnesses, and joined."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.data.problems import Problems
from whet.rewards.verifiable.constraints import Constraints, Instructions, Strict
from whet.rewards.verifiable.constraints.constraint import Constraint, Relation, sentences, words
from whet.rewards.verifiable.constraints.kinds import KINDS, read, witness
from whet.types import Finish, Reason, UsageError

DONE = [
    {"id": "length_constraints:number_words", "kwargs": {"num_words": 20, "relation": "at least"}},
    {"id": "punctuation:no_comma", "kwargs": {}},
    {"id": "startend:end_checker", "kwargs": {"end_phrase": "Done."}},
]
TWENTY = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
TWENTY += "sixteen seventeen eighteen nineteen."
WHOLE = f"{TWENTY} Done."


def test_all_25_are_there():
    assert len(KINDS) == len({kind.name for kind in KINDS}) == 25


def test_the_example_by_hand(rolled):
    """Three constraints of which one is violated: 0.667 loosely, 0 strictly."""
    verdict = Constraints().score(rolled(WHOLE, constraints=DONE))
    assert (verdict.score, verdict.correct, verdict.reason) == (1, True, Reason.OK)
    for broken in (WHOLE.replace(" two", ", two"), "I am Done.", WHOLE.replace("Done.", "End.")):
        rollout = rolled(broken, constraints=DONE)
        verdict = Constraints().score(rollout)
        assert verdict.score == pytest.approx(0.667, abs=5e-4)
        assert (verdict.correct, verdict.reason) == (False, Reason.PARTIAL)
        assert sorted(verdict.parts.values()) == [0, 1, 1]
        assert Constraints(joining=Strict()).score(rollout).score == 0
    assert Constraints(joining=Strict()).score(rolled(WHOLE, constraints=DONE)).score == 1


@pytest.mark.parametrize(
    ("name", "kwargs", "text", "met"),
    [
        ("keywords:existence", {"keywords": ["river", "Sea"]}, "The sea and the Rivers.", True),
        ("keywords:existence", {"keywords": ["river", "sea"]}, "The sea.", False),
        ("keywords:existence", {"keywords": ["a.b"]}, "axb", False),
        ("keywords:frequency", {"keyword": "tea", "frequency": 2}, "Tea and tea", True),
        ("keywords:frequency", {"keyword": "tea", "frequency": 2}, "Tea", False),
        (
            "keywords:frequency",
            {"keyword": "tea", "frequency": 2, "relation": "less than"},
            "Tea and tea",
            False,
        ),
        ("keywords:forbidden_words", {"forbidden_words": ["art"]}, "A party.", True),
        ("keywords:forbidden_words", {"forbidden_words": ["art"]}, "Art!", False),
        ("keywords:letter_frequency", {"letter": "e", "let_frequency": 3}, "Eve me", True),
        ("keywords:letter_frequency", {"letter": "e", "let_frequency": 3}, "Eve", False),
        ("language:response_language", {"language": "de"}, "Das ist nicht der Fluss.", True),
        ("language:response_language", {"language": "de"}, "This is not the river.", False),
        ("length_constraints:number_sentences", {"num_sentences": 3}, "Ay. Be? See!", True),
        ("length_constraints:number_sentences", {"num_sentences": 4}, "Ay. Be? See!", False),
        ("length_constraints:number_sentences", {"num_sentences": 2}, "1.5 is 3/2. So it is", True),
        ("length_constraints:number_words", {"num_words": 5}, "don't well-known x", True),
        ("length_constraints:number_words", {"num_words": 6}, "don't well-known x", False),
        (
            "length_constraints:number_words",
            {"num_words": 100, "relation": "around"},
            "x " * 90,
            True,
        ),
        (
            "length_constraints:number_words",
            {"num_words": 100, "relation": "around"},
            "x " * 89,
            False,
        ),
        ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "a\n***\nb", True),
        ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "a\n\nb", False),
        ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "a\n***\n***\nb", False),
        (
            "length_constraints:nth_paragraph_first_word",
            {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "but"},
            "a\n\n'But, b",
            True,
        ),
        (
            "length_constraints:nth_paragraph_first_word",
            {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "but"},
            "a\n\nBut: b",
            False,
        ),
        (
            "length_constraints:nth_paragraph_first_word",
            {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "but"},
            "but a\n\nb",
            False,
        ),
        ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[a] [b c]", True),
        ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[a] []", False),
        ("detectable_content:number_placeholders", {"num_placeholders": 1}, "[a\nb] [", False),
        ("detectable_content:postscript", {"postscript_marker": "P.S."}, "a\nP.S. b", True),
        ("detectable_content:postscript", {"postscript_marker": "P.S."}, "a p. s. b", True),
        ("detectable_content:postscript", {"postscript_marker": "P.S."}, "a\nPS b", False),
        ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "a\nP.P.S b", True),
        ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* a\n- b", True),
        ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* a\n* b\n* c", False),
        ("detectable_format:number_bullet_lists", {"num_bullets": 1}, "**a** b\n* c", True),
        ("detectable_format:number_bullet_lists", {"num_bullets": 1}, "*\n* c", True),
        ("detectable_format:number_bullet_lists", {"num_bullets": 0}, "a\n-\n---", True),
        ("detectable_format:constrained_response", {}, "My answer is no.", True),
        ("detectable_format:constrained_response", {}, "No.", False),
        ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, "*a* **b**", True),
        ("detectable_format:number_highlighted_sections", {"num_highlights": 1}, "* *", False),
        (
            "detectable_format:multiple_sections",
            {"num_sections": 2},
            "Section 1 a\nSection 2 b",
            True,
        ),
        (
            "detectable_format:multiple_sections",
            {"num_sections": 2, "section_spliter": "PART"},
            "Part 1 a\nPART 2 b",
            False,
        ),
        ("detectable_format:json_format", {}, '```json\n{"a": 1}\n```', True),
        ("detectable_format:json_format", {}, "[1, 2]", True),
        ("detectable_format:json_format", {}, "```json\n42", False),
        ("detectable_format:json_format", {}, "Here: {}", False),
        ("detectable_format:title", {}, "<<On tea>> tea", True),
        ("detectable_format:title", {}, "<<>> tea", False),
        ("detectable_format:title", {}, "<<a>b>>", True),
        ("detectable_format:title", {}, "<<a\nb>>", False),
        ("combination:two_responses", {}, "a******b", True),
        ("combination:two_responses", {}, "a******a", False),
        ("combination:two_responses", {}, "a******", False),
        ("combination:two_responses", {}, "******a******b", True),
        ("combination:two_responses", {}, "a****** ******b", False),
        ("combination:repeat_prompt", {"prompt_to_repeat": "Say tea."}, "say tea. Tea.", True),
        ("combination:repeat_prompt", {"prompt_to_repeat": "Say tea."}, "Tea.", False),
        ("startend:end_checker", {"end_phrase": "Any questions?"}, 'x "any questions?"', True),
        ("startend:end_checker", {"end_phrase": "Any questions?"}, "Any questions? x", False),
        ("startend:quotation", {}, ' "a" ', True),
        ("startend:quotation", {}, '"', False),
        ("change_case:capital_word_frequency", {"capital_frequency": 2}, "NOW or NEVER", True),
        ("change_case:capital_word_frequency", {"capital_frequency": 2}, "NOW or never", False),
        ("change_case:capital_word_frequency", {"capital_frequency": 2}, "DON'T", True),
        ("change_case:capital_word_frequency", {"capital_frequency": 2}, "the U.S.", False),
        ("change_case:english_capital", {}, "TEA, 2 CUPS!", True),
        ("change_case:english_capital", {}, "TEA, two CUPS!", False),
        ("change_case:english_capital", {}, "ЧАЙ", False),
        ("change_case:english_capital", {}, "DAS IST NICHT DER FLUSS.", False),
        ("change_case:english_lowercase", {}, "tea, 2 cups!", True),
        ("change_case:english_lowercase", {}, "Tea", False),
        ("change_case:english_lowercase", {}, "das ist nicht der fluss.", False),
        ("punctuation:no_comma", {}, "a; b", True),
        ("punctuation:no_comma", {}, "a, b", False),
    ],
)
def test_each_kind_by_hand(rolled, name, kwargs, text, met):
    assert read(name, kwargs).check(text) is met
    demand = [{"id": name, "kwargs": {**kwargs, "unused": None}}]
    verdict = Constraints().score(rolled(text, constraints=demand))
    whole = met and verdict.note != "repeats itself"
    assert verdict.score == float(whole)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@given(seed=st.integers(0, 2**31))
def test_each_kind_describes_itself_and_can_be_met(kind, seed):
    demand = kind.generate(Random(seed))
    assert isinstance(demand, Constraint)
    assert demand.describe().strip()
    text = witness([demand])
    assert text is not None and demand.check(text)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@given(seed=st.integers(0, 2**31), text=st.text(max_size=80))
def test_no_text_upsets_a_constraint(kind, seed, text):
    demand = kind.generate(Random(seed))
    assert demand.check(text) in (True, False)
    assert isinstance(demand.mend(text), str)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "hostile",
    [
        "\n" * 50_000,
        "```json" + " " * 50_000,
        "<<" + "a" * 50_000,
        "<<" * 25_000,
        "P.S." * 12_000,
        "* " * 25_000,
        "**a" * 12_000,
        "[" * 50_000,
        "Section " * 6_000,
        "." * 50_000,
        "a-" * 25_000,
        '"' * 50_000,
        "***\n" * 12_000,
        "{" * 50_000,
    ],
    ids=range(14),
)
def test_no_text_keeps_a_constraint_busy(hostile):
    rng = Random(0)
    for kind in KINDS:
        assert kind.generate(rng).check(hostile) in (True, False)


def test_contradictions_have_no_witness():
    def demands(*pairs):
        return [read(name, kwargs) for name, kwargs in pairs]

    upper, lower = ("change_case:english_capital", {}), ("change_case:english_lowercase", {})
    assert witness(demands(upper, lower)) is None
    few = {"num_words": 5, "relation": "less than"}
    many = {"num_words": 9, "relation": "at least"}
    counts = [("length_constraints:number_words", kwargs) for kwargs in (few, many)]
    assert witness(demands(*counts)) is None
    word = ("keywords:existence", {"keywords": ["tea"]})
    assert (
        witness(demands(word, ("keywords:forbidden_words", {"forbidden_words": ["tea"]}))) is None
    )
    assert witness(demands(("punctuation:no_comma", {}), ("detectable_format:json_format", {})))


@given(st.integers(0, 2**31), st.integers(1, 5))
def test_drawn_requests_can_be_met_and_the_witness_earns_all(rolled, seed, level):
    family = Instructions()
    task = family.draw(Random(seed), level)
    assert len(task.info["constraints"]) == level
    reply = family.worked(task, Random(0))
    verdict = Constraints().score(rolled(reply, prompt=task.prompt, **task.info))
    assert (verdict.score, verdict.correct) == (1, True)
    (step,) = family.steps(task, reply)
    assert step.correct and (step.start, step.end) == (0, len(reply))
    assert all(demand["id"] in repr(family.canonical(task)) for demand in task.info["constraints"])


def test_requests_are_a_family_like_others():
    made = Problems(family=Instructions(), levels=(2, 4))
    tasks = made.held_out("dev", 10)
    assert len({made.family.canonical(task) for task in tasks}) == 10
    assert {task.info["verifier"] for task in tasks} == {"constraints"}
    with pytest.raises(UsageError, match="level of instructions is 9; give one from 1 to 5"):
        Instructions().draw(Random(0), 9)


def test_ifevals_own_columns(rolled):
    info = {
        "instruction_id_list": ["punctuation:no_comma", "detectable_format:title"],
        "kwargs": [{"num_words": None}, None],
    }
    assert Constraints().score(rolled("<<Tea>> tea", **info)).score == 1
    assert Constraints().score(rolled("tea", **info)).score == 0.5


def test_thoughts_do_not_count_and_silence_earns_nothing(rolled):
    judge = Constraints()
    only = [{"id": "punctuation:no_comma", "kwargs": {}}]
    assert judge.score(rolled("<think>a, b</think>c", constraints=only)).score == 1
    assert judge.score(rolled("<think>a", constraints=only)).reason is Reason.TRUNCATED
    assert judge.score(rolled("<think>a</think> ", constraints=only)).reason is Reason.NO_ANSWER
    assert judge.score(rolled("...", constraints=only)).reason is Reason.BAD_FORMAT
    cut = rolled("", constraints=only, finish=Finish.LENGTH)
    assert judge.score(cut).reason is Reason.TRUNCATED


def test_degenerate_text_earns_nothing(rolled):
    tea = [{"id": "keywords:frequency", "kwargs": {"keyword": "tea", "frequency": 9}}]
    verdict = Constraints().score(rolled("tea " * 9, constraints=tea))
    assert (verdict.score, verdict.note) == (0, "repeats itself")
    short = rolled("My answer is no.", constraints=[{"id": "punctuation:no_comma"}])
    assert Constraints(least_words=5).score(short).note == "too short"


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"constraints": []},
        {"constraints": [{"id": "no:such", "kwargs": {}}]},
        {"constraints": [{"id": "startend:end_checker", "kwargs": {}}]},
        {"constraints": [{"id": "punctuation:no_comma", "kwargs": {"x": 1}}]},
        {
            "constraints": [
                {
                    "id": "length_constraints:number_words",
                    "kwargs": {"num_words": 3, "relation": "at most"},
                }
            ]
        },
        {"constraints": [{"id": "language:response_language", "kwargs": {"language": "xx"}}]},
    ],
)
def test_tasks_that_cannot_be_read_are_faults(rolled, info):
    assert Constraints().score(rolled("well", **info)).fault


def test_a_share_is_a_share():
    with pytest.raises(UsageError, match="constraints.most_repeated is 3"):
        Constraints(most_repeated=3)


@pytest.mark.parametrize(
    ("relation", "count", "wanted", "holds"),
    [
        (Relation.AT_LEAST, 3, 3, True),
        (Relation.LESS_THAN, 3, 3, False),
        (Relation.AROUND, 4, 3, True),
        (Relation.AROUND, 5, 3, False),
        (Relation.AROUND, 110, 100, True),
        (Relation.AROUND, 111, 100, False),
    ],
)
def test_relations(relation, count, wanted, holds):
    assert relation.holds(count, wanted) is holds
    assert relation.holds(relation.aim(count, wanted), wanted)


def test_words_and_sentences():
    said = ["Don", "t", "stop", "2", "well", "known", "things"]
    assert words("Don't stop: 2 well-known things") == said
    found = ["It is 1.5.", "Really?!", "Yes…", "“So.”", "End"]
    assert sentences("It is 1.5. Really?! Yes… “So.” End") == found
    found = ["Dr. J. Smith came at 5 p.m. and left.", "Wait... what?", "E.g. this."]
    assert sentences(" ".join(found)) == found
    assert len(sentences("一。二。")) == 2
