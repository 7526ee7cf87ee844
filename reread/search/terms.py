"""Text -> the terms that BM25 counts: words, their parts, and names whose marks are their meaning.

Knows scripts and spelling, no passages. The same terms are made when indexing and when asking:
whatever differs in form only (compatibility forms, case, plurals, accents) meets in one of them.
"""

from __future__ import annotations

import re
import unicodedata

import regex

WORD = re.compile(r"[^\W_]+")
WORD_WITH_MARKS = regex.compile(r"[\p{L}\p{N}\p{M}]+")  # Indic vowels are marks
STOP_WORDS = frozenset(  # Lucene's English list
    WORD.findall(
        "a an and are as at be but by for if in into is it no not of on or such that the their "
        "then there these they this to was will with"
    )
)
SHOUTED = re.compile(r"(?<![\w-])[A-Z]{2,5}(?![\w-])")  # "IF", "IT": a name, not the small word
CHUNK = re.compile(r"[^\s()\[\]{}<>\"\u201c\u201d\u00ab\u00bb,;!?|=*`\u3001\u3002\uff0c]+")
AROUND = ".:'\u2019\u2018/\\&%~^$\u2026\u2013\u2014"
JOINED = re.compile(r"[^\W_][-_./:+#@\\^&][^\W_]|[^\W_][+#]+$|^--?[^\W\d_]")
MARKED = re.compile(r"^[^\W_]+[+#]+$")  # C++, C#, F#
SHORT_FLAG = re.compile(r"^-[A-Za-z]$")  # -v is seldom -V
DOTTED = re.compile(r"(?<![\w.\u2026])\.[A-Za-z][\w-]*")  # .NET, .gitignore
VERSION = re.compile(r"^v(\d+(?:\.\d+)+\S*)$")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
MOST_CHARACTERS = 80  # of a name: what is longer is data
BARE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
SIGNS = re.compile("[\u2122\u2120\u00ae\u00a9]")  # would become letters of the word before
HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2212"), "-")  # as typesetting writes it
RAISED = re.compile("(?<=\\w)([\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+)")
WIDE = regex.compile(
    r"(?:[\p{Han}\p{Hiragana}\p{Katakana}\u30fc\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*)+"
)
CLUSTER = regex.compile(r"\P{M}\p{M}*")
HAN = regex.compile(r"\p{Han}")
HANGUL = regex.compile(r"\p{Hangul}")
FOLDED_SCRIPTS = regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}]")
POINTED = regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{Arabic}\p{Hebrew}]")
SPELLED = str.maketrans(
    {"\u00df": "ss", "\u00e6": "ae", "\u0153": "oe", "\u00f8": "o", "\u0142": "l", "\u0111": "d"}
    | {"\u0131": "i", "\u00fe": "th", "\u00f0": "d"}
)


def tokenize(text: str) -> list[str]:
    """Terms in no particular order; the number of times each occurs is what counts.

    >>> tokenize("The Cities' engines, and 2 glasses of U.S. tea")
    ['city', 'engine', '2', 'glass', 'u', 's', 'tea', 'u.s']
    >>> tokenize("C++ 2.1.3 --no-verify")
    ['2', '1', '3', 'verify', 'c++', '2.1.3', '--no-verify', 'no-verify']
    >>> tokenize("getUserById")
    ['getuserbyid', 'get', 'user', 'id']
    """
    if not text.isascii():
        text = _plain_forms(text)
    terms: list[str] = []
    chunks = [chunk for chunk in CHUNK.findall(text) if not chunk.isalnum()]
    names = [name for name in map(_name, chunks) if name]
    marked = {name for name in names if MARKED.match(name)}
    if marked:  # what is called C++ is not C
        body = CHUNK.sub(lambda found: " " if _name(found[0]) in marked else found[0], text)
    else:
        body = text
    for word in (WORD if body.isascii() else WORD_WITH_MARKS).findall(body):
        _add_word(terms, word)
    for name in names:
        _add_name(terms, name if SHORT_FLAG.match(name) else name.lower())
    terms += [one.lower() for one in DOTTED.findall(text)]
    if text != text.upper():
        shouted = (one.lower() for one in SHOUTED.findall(text))
        terms += [f"={one}" for one in shouted if one in STOP_WORDS]
    return terms


def _plain_forms(text: str) -> str:
    """One form of what Unicode writes in several; raised digits stay apart."""
    text = RAISED.sub(r"^\1", SIGNS.sub(" ", text))
    return BARE.sub("", unicodedata.normalize("NFKC", text).translate(HYPHENS))


def _name(chunk: str) -> str:
    """The chunk without punctuation around it if its marks join it to one name, else ''."""
    name = chunk.strip(AROUND)
    if len(name) > MOST_CHARACTERS or not JOINED.search(name):
        return ""
    return name if name.startswith("-") else name.lstrip("#@+_")


def _add_name(terms: list[str], name: str) -> None:
    """The whole, and without what only introduces it: the dashes of a flag, the v of a version."""
    terms.append(name)
    bare = name.lstrip("-")
    if bare != name and JOINED.search(bare):
        terms.append(bare)
    version = VERSION.match(name)
    if version:
        terms += [version[1], version[1].partition(".")[0]]


def _add_word(terms: list[str], word: str) -> None:
    lower = word.lower()
    if lower.isascii():
        if lower not in STOP_WORDS:
            terms.append(_singular(lower))
        if lower != word and len(word) <= MOST_CHARACTERS and CAMEL.search(word):
            parts = (part.lower() for part in CAMEL.split(word))
            terms += [_singular(part) for part in parts if part not in STOP_WORDS]
        return
    start = 0
    for wide in WIDE.finditer(lower):
        _add_spaced(terms, lower[start : wide.start()])
        _add_wide(terms, wide[0])
        start = wide.end()
    _add_spaced(terms, lower[start:])


def _add_spaced(terms: list[str], word: str) -> None:
    """A word of a script with spaces, and the same without its accents."""
    if not word or word in STOP_WORDS:
        return
    terms.append(_singular(word))
    folded = _without_accents(word)
    if folded != word:
        terms.append(_singular(folded))


def _add_wide(terms: list[str], run: str) -> None:
    """Scripts without spaces: every two neighbours; Han also one by one, Korean words whole."""
    letters = CLUSTER.findall(run)
    pairs = [first + second for first, second in zip(letters, letters[1:], strict=False)]
    terms += pairs or letters
    if pairs:
        terms += [one for one in letters if HAN.match(one)]
        if len(letters) > 2 and HANGUL.match(run):
            terms.append(run)


def _without_accents(word: str) -> str:
    """As it is typed on a plain keyboard; scripts whose marks are vowels keep them.

    >>> _without_accents("na\u00efve"), _without_accents("stra\u00dfe")
    ('naive', 'strasse')
    """
    if not POINTED.search(word):
        return word
    parts = unicodedata.normalize("NFD", word.translate(SPELLED))
    return "".join(one for one in parts if not unicodedata.combining(one))


def _singular(word: str) -> str:
    """Harman's S-stemmer: three endings, no dictionary; short words stay."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1]
