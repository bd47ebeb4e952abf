"""Templates of functions of numbers."""

from whet.environments.code.repair_function.templates import templates_of

ON_NUMBERS = templates_of('''
def f(n):
    """The sum of $a * i for i from 1 to n."""
    total = @0@1@
    for i in range(1, n @+@-@ 1):
        total += $a * i
    return total

def f(n):
    """The factorial of n, times $a."""
    if n < 1:
        return @$a@0@
    return n @*@+@ f(n - 1)

def f(n):
    """The n-th of the numbers 0, $a, ..., each the sum of the two before; the first is the 0th."""
    one, two = 0, @$a@1@
    for _ in range(@n@n - 1@):
        one, two = two, one @+@-@ two
    return one

def f(x, k):
    """x to the power k, plus $a."""
    result = @1@0@
    for _ in range(@k@k + 1@):
        result *= x
    return result @+@-@ $a

def f(x):
    """x, but at least -$a and at most $b."""
    return @max@min@(-$a, min(x, @$b@-$b@))

def f(m):
    """The sum of the digits of m, times $a."""
    total = 0
    while m > 0:
        total += m @%@//@ 10
        m //= 10
    return total @*@+@ $a

def f(m):
    """How often m is halved, rounded down, until it is at most $a."""
    steps = @0@1@
    while m @>@>=@ $a:
        m //= 2
        steps += 1
    return steps

def f(x, y):
    """The distance of x and y, times $a."""
    return abs(x @-@+@ y) @*@+@ $a

def f(x):
    """x, rounded down to a multiple of $a."""
    return x @//@%@ $a @*@+@ $a

def f(x, y):
    """The larger of x and y, plus $a times the smaller one."""
    return @max@min@(x, y) @+@-@ $a * min(x, y)

def f(n):
    """The sum of i * i for i from $a to n."""
    return sum(i @*@+@ i for i in range($a, n @+ 1@- 1@))

def f(x):
    """$a times x where x is even, else x plus $b."""
    if x % 2 == @0@1@:
        return x @*@-@ $a
    return x + $b

def f(m):
    """The sum of the multiples of $a up to m."""
    total = 0
    for i in range(0, m @+ 1@- $a@, $a):
        total @+=@-=@ i
    return total
''')
