"""Templates of functions of lists."""

from whet.environments.code.repair_function.templates import templates_of

ON_LISTS = templates_of('''
def f(xs):
    """The sum of the numbers above $a."""
    total = 0
    for x in xs:
        if x @>@<@ $a:
            total @+=@-=@ x
    return total

def f(xs):
    """The number of numbers below $a, times $b."""
    count = @0@1@
    for x in xs:
        if x @<@>@ $a:
            count += 1
    return count @*@+@ $b

def f(xs):
    """The largest step from a number to the next one; 0 if there is none above 0."""
    best = 0
    for i in range(len(xs) - @1@2@):
        best = max(best, xs[i + 1] @-@+@ xs[i])
    return best

def f(xs):
    """The sums of the first 1, 2, ... numbers, each times $a."""
    total, sums = @0@1@, []
    for x in xs:
        total += x
        sums.append(total @*@+@ $a)
    return sums

def f(xs, k):
    """xs from back to front, without the k numbers at its new beginning."""
    return xs[::@-1@1@][@k@k - 1@:]

def f(xs, ys):
    """The sum of the products of numbers at the same place, plus $a."""
    return sum(x @*@+@ y for x, y in zip(xs, ys)) @+@-@ $a

def f(xs, k):
    """The sum of the k smallest numbers, times $a."""
    return sum(sorted(xs)[:@k@k - 1@]) @*@+@ $a

def f(xs):
    """The places of the numbers above $a, counted from 0."""
    return [i for i, x in enumerate(xs@@, 1@) if x @>@<@ $a]

def f(xs, ys):
    """Numbers of xs and ys in turn, as long as there are both, each plus $a."""
    return [z @+@-@ $a for pair in zip(@xs, ys@ys, xs@) for z in pair]

def f(xs):
    """The first $a different numbers, in their order."""
    seen = []
    for x in xs:
        if x @not in@in@ seen:
            seen.append(x)
    return seen[:@$a@$a - 1@]

def f(xs):
    """The largest number less the smallest one, times $a; 0 for an empty list."""
    return (max(xs, default=0) @-@+@ min(xs, default=0)) @*@-@ $a

def f(xs, k):
    """The sums of k neighbours each, from left to right."""
    return [sum(xs[i : i + @k@k - 1@]) for i in range(len(xs) - k + @1@0@)]

def f(xs):
    """xs, with its first $a % len(xs) numbers moved to the end."""
    k = $a % (len(xs) or 1)
    return xs[@k@-k@:] + xs[:@k@k - 1@]

def f(xs):
    """The sum of every second number, from the first one on, plus $a for each number."""
    return sum(xs[@0@1@::2]) @+@-@ $a * len(xs)

def f(xs):
    """The sum of xs with signs in turn, from plus on, times $a."""
    total = 0
    for i, x in enumerate(xs):
        total += x if i % 2 == @0@1@ else -x
    return total @*@+@ $a

def f(xs):
    """The product of the numbers that are not 0, plus $a."""
    result = @1@0@
    for x in xs:
        if x @!=@>@ 0:
            result *= x
    return result + $a

def f(xs):
    """The numbers, those above $a replaced by $a, each plus $b."""
    return [@min@max@(x, $a) @+@-@ $b for x in xs]
''')
