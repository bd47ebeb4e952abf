"""Templates of functions of texts."""

from whet.environments.code.repair_function.templates import templates_of

ON_TEXTS = templates_of('''
def f(s):
    """$a for every a, plus the number of characters."""
    return s.count(@"a"@"b"@) * $a @+@-@ len(s)

def f(s):
    """The words of s from back to front, with a space between two of them."""
    return " ".join(s.split()[::@-1@1@])[@:@1:@]

def f(s):
    """Each letter moved by $a in the alphabet, which goes round; spaces stay."""
    moved = ""
    for c in s:
        moved += chr((ord(c) - 97 @+@-@ $a) % 26 + @97@65@) if c != " " else c
    return moved

def f(s, k):
    """Every k-th character, from the k-th on, in capital letters."""
    return s[@k - 1@k@::k].@upper@lower@()

def f(s):
    """s without spaces, $a times."""
    return s.replace(" ", @""@"."@) * @$a@($a - 1)@

def f(s):
    """The number of a and e in s, times $a, plus the number of characters."""
    return sum(c @in@not in@ "ae" for c in s) * $a @+@-@ len(s)

def f(s):
    """The length of the longest word, times $a, plus the number of words; 0 without words."""
    return @max@min@((len(word) for word in s.split()), default=0) * $a @+@-@ len(s.split())

def f(s):
    """The first $a runs of equal characters, as pairs of the character and the length."""
    runs = []
    for c in s:
        if runs and runs[-1][0] == c:
            runs[-1][1] += 1
        else:
            runs.append([c, @1@0@])
    return runs[:@$a@$a - 1@]

def f(s):
    """s, and then s from back to front without its first character."""
    return s + s[::@-1@1@][@1@0@:]

def f(s):
    """The sum of the places of the spaces, counted from 1, times $a, plus the length of s."""
    return sum(i for i, c in enumerate(s, @1@0@) if c == " ") * $a @+@-@ len(s)
''')
