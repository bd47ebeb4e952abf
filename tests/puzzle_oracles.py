"""Puzzles drawn as data, with every answer found by solvers that share no line with the judges.

A maker returns the task's info in the judge's notation, right answers, a rule that says whether
moves are right, and the signs that moves are made of; None where the draw is of no use.
"""

from collections import deque
from itertools import permutations, product

LETTERS = "abcdefgh"


def sat(rng):
    """Clauses of literals (variable, sign)."""
    count = rng.randint(1, 5)
    clauses = [
        [(rng.randrange(count), rng.random() < 0.5) for _ in range(rng.randint(1, 3))]
        for _ in range(rng.randint(1, 9))
    ]
    texts = ["+".join(("" if yes else "-") + LETTERS[v] for v, yes in c) for c in clauses]

    def legal(moves):
        return all(any((moves[v] == "1") == yes for v, yes in c) for c in clauses)

    every = [m for m in product("01", repeat=count) if legal(m)]
    return {"variables": count, "clauses": "|".join(texts)}, every, legal, "01"


def knights(rng):
    """One statement per speaker: literals, and whether all or any of them must be true."""
    count = rng.randint(2, 5)
    said = [
        ([(rng.randrange(count), rng.random() < 0.5) for _ in range(rng.randint(1, 2))],
         rng.choice("*+"))
        for _ in range(count)
    ]  # fmt: skip
    texts = [
        f"{LETTERS[k]}:" + sign.join(("" if yes else "-") + LETTERS[v] for v, yes in claims)
        for k, (claims, sign) in enumerate(said)
    ]

    def legal(moves):
        for own, (claims, sign) in zip(moves, said, strict=True):
            truths = [(moves[v] == "1") == yes for v, yes in claims]
            if (own == "1") != (False not in truths if sign == "*" else True in truths):
                return False
        return True

    every = [m for m in product("01", repeat=count) if legal(m)]
    return {"said": "|".join(texts)}, every, legal, "01"


def colouring(rng):
    """A random graph of up to five nodes."""
    count, most = rng.randint(2, 5), rng.randint(1, 4)
    edges = [(a, b) for b in range(count) for a in range(b) if rng.random() < 0.6]

    def legal(moves):
        own = [int(m) for m in moves]
        return all(1 <= c <= most for c in own) and all(own[a] != own[b] for a, b in edges)

    every = [m for m in product("1234", repeat=count) if legal(m)]
    info = {"nodes": count, "colours": most}
    info["edges"] = " ".join(LETTERS[a] + LETTERS[b] for a, b in edges)
    return info, every, legal, "0123459"


def moved(position, move):
    """The pegs of the discs after a move; None where a rule forbids it."""
    top, there = ([d for d, peg in enumerate(position) if peg == own][:1] for own in move)
    if move[0] == move[1] or not top or (there and there < top):
        return None
    return (*position[: top[0]], move[1], *position[top[0] + 1 :])


def hanoi(rng):
    """The ways of at most seven moves are found by a search."""
    count = rng.randint(1, 3)
    start, goal = (tuple(rng.choice("123") for _ in range(count)) for _ in range(2))
    most = rng.randint(1, 8)

    def legal(moves):
        position = start
        for move in moves:
            if position is not None:
                position = moved(position, move)
        return position == goal and len(moves) <= most

    names = ["".join(pair) for pair in permutations("123", 2)]
    every = []
    pending = deque([(start, ())])
    while pending and len(every) < 20:
        position, moves = pending.popleft()
        if position == goal and moves:
            every.append(moves)
        elif len(moves) < min(most, 7):
            nexts = [(moved(position, n), (*moves, n)) for n in names]
            pending.extend(entry for entry in nexts if entry[0])
    info = {"start": "".join(start), "goal": "".join(goal), "most": most}
    if start == goal or (not every and most > 7):
        return None
    return info, every, legal, names


def maze(rng):
    """A small grid with random walls; every path of at most eight cells is found."""
    side, most = rng.randint(2, 3), rng.randint(1, 8)
    free = {(y, x) for y in range(side) for x in range(side) if rng.random() < 0.75}
    start, goal = ((rng.randrange(side), rng.randrange(side)) for _ in range(2))
    walls = [["0" if (y, x) in free else "1" for x in range(side)] for y in range(side)]

    def legal(moves):
        cells = [(int(m[0]), int(m[1])) for m in moves]
        near = zip(cells, cells[1:], strict=False)
        return (
            len(cells) <= most and cells[0] == start and cells[-1] == goal and set(cells) <= free
            and all(abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1 for a, b in near)
        )  # fmt: skip

    every, paths = [], [(start,)] if start in free else []
    while paths and len(every) < 20:
        path = paths.pop(0)
        if path[-1] == goal:
            every.append(tuple(f"{y}{x}" for y, x in path))
        y, x = path[-1]
        steps = [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
        paths += [(*path, s) for s in steps if s in free and len(path) < most]
    info = {"walls": "|".join(map("".join, walls)), "most": most}
    info |= {"start": "{}{}".format(*start), "goal": "{}{}".format(*goal)}
    return info, every, legal, [f"{y}{x}" for y in range(side) for x in range(side)] + ["09"]


def brackets(rng):
    """A beginning that a stack can read, or cannot."""
    begun = "".join(rng.choice("([{<") for _ in range(rng.randint(1, 5)))
    text, due = "", []
    for sign in begun:
        text += sign
        due.append(")]}>"["([{<".index(sign)])
        while due and rng.random() < 0.3:
            text += due.pop()
    if rng.random() < 0.1:
        text, due = text + rng.choice(")]}>"), None
    right = tuple(reversed(due or ()))
    return {"begun": text}, [right] if right else [], lambda moves: moves == right, "()[]{}<>"


def sudoku(rng):
    """A grid of four, some cells of which are given."""
    rows = [list(p) for p in permutations("1234")]
    grid = [rng.choice(rows) for _ in range(4)]

    def full(cells):
        lines = [cells[4 * n : 4 * n + 4] for n in range(4)] + [cells[n::4] for n in range(4)]
        lines += [[cells[4 * (y + a) + x + b] for a in (0, 1) for b in (0, 1)]
                  for y in (0, 2) for x in (0, 2)]  # fmt: skip
        return all(len(set(line)) == 4 for line in lines)

    while not full(sum(grid, [])):
        grid = [rng.choice(rows) for _ in range(4)]
    right = tuple(sum(grid, []))
    given = [cell if rng.random() < 0.5 else "0" for cell in right]

    def legal(moves):
        kept = all(g in ("0", m) for g, m in zip(given, moves, strict=True))
        return kept and full(moves)

    return {"grid": "".join(given)}, [right], legal, "1234"


MAKERS = {f.__name__: f for f in (sat, knights, colouring, hanoi, maze, brackets, sudoku)}
FIXED = {"sat", "knights", "colouring", "sudoku"}  # the number of moves is given


def answers(rng, every, legal, signs, size):
    """Moves and whether they are right."""
    for right in rng.sample(every, min(len(every), 4)):
        yield right
        changed = list(right)
        changed[rng.randrange(len(changed))] = rng.choice(signs)
        yield tuple(changed)
        if size is None:
            yield (*right, rng.choice(signs))
            yield right[1:] or (rng.choice(signs),)
    for _ in range(6):
        count = rng.randint(1, 5) if size is None else size
        yield tuple(rng.choice(signs) for _ in range(count))


def written(rng, moves):
    """One of the ways to announce a list."""
    signs = len(moves[0]) == 1
    text = rng.choice([" ", ", ", ",", "\n", "  "] + [""] * signs).join(moves)
    if moves[0] not in "()[]{}<>":
        text = rng.choice(["{}", "[{}]", "({})", "{}."]).format(text)
    return rng.choice(["#{}", "So #{}", "<answer>{}</answer>", "<answer> {}\n</answer>"]).format(
        text
    )
