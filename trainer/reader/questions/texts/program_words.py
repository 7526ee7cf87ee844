"""What invented programs do, take, return and complain about.

Text only, for reference pages; {n}, {a} are a noun and an adjective, {kind ...} a value.
"""

# ruff: noqa: E501

from trainer.reader.questions.invented.names import words

VERBS = words("""
    open read write close load save parse render fetch send merge split encode decode
    compress resolve lock validate schedule publish index query flush attach
""")
NOUNS = words("""
    file stream table record session image buffer channel token schema archive report
    cluster snapshot queue user invoice device node cache
""")
ADJECTIVES = words("""
    temporary remote encrypted incremental shared local binary partial signed read-only
    stale nested
""")
# parameter | type | default | what it means
PARAMETERS = """
timeout|float|30.0|seconds to wait before giving up
retries|int|3|how many times a failed call is repeated
encoding|str|"utf-8"|the text encoding of the input
strict|bool|False|whether unknown fields are errors
buffer_size|int|8192|bytes that are read at once
on_error|Callable|None|called with the exception for each bad row
compression|str or None|None|"gzip", "zstd" or None for none
max_depth|int|10|how deep nested values are followed
dry_run|bool|False|only report what would be done
workers|int|4|processes that run side by side
chunk|int|1000|rows that are handed on together
follow_links|bool|True|whether symbolic links are followed
locale|str|"en_GB"|the language of messages
precision|int|6|decimal places in the output
tls|bool|True|whether the connection is encrypted
prefix|str|""|put in front of each name
ttl|int|3600|seconds that an entry stays valid
mode|str|"append"|"append", "replace" or "fail"
"""
RETURNS = (
    "a list of {n} objects, in the order of the input",
    "the number of bytes written",
    "True if the {n} existed before, otherwise False",
    "a new {n}; the old one stays valid",
    "an iterator over {n} rows",
    "None",
    "a dictionary that maps each name to its {n}",
    "the path of the {n} as a string",
    "a tuple of the {n} and its version",
)
RAISES = (
    "ValueError if the {n} is empty",
    "TimeoutError after the last retry",
    "KeyError when no {n} has that name",
    "PermissionError if the {n} belongs to another user",
    "FileNotFoundError if the {n} is missing",
    "TypeError unless the {n} can be hashed",
)
ERRORS = (
    "the {n} is locked by another process",
    "the {a} {n} could not be found",
    "the {n} is larger than the limit of {qty 2 900 MB}",
    "the signature of the {n} does not match",
    "too many requests; wait {qty 1 60 seconds}",
    "the {n} was written by a newer version",
    "the certificate of the {a} {n} has expired",
    "no space is left for the {n}",
    "the {n} holds a circular reference",
)
REMEDIES = (
    "Close the other program and try again.",
    "Check the name and the folder.",
    "Raise the limit in the settings.",
    "Fetch the {n} again.",
    "Slow down or ask for a higher quota.",
    "Update to version {id version} or later.",
    "Renew it on the {a} host.",
    "Delete old files.",
    "Remove the reference by hand.",
)
