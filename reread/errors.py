"""The errors people see: one sentence that says what was found and what to do.

Knows status and exit codes as numbers; knows neither HTTP libraries nor the command line.
"""

from pathlib import Path


class RereadError(Exception):
    """Base of every expected failure; anything else is a bug and reaches the log in full."""

    status: int = 500
    title: str = "Internal error"
    exit_code: int = 1


class BadRequest(RereadError):
    status = 422
    title = "The request cannot be used as it is"
    exit_code = 2


class Unauthorized(RereadError):
    status = 401
    title = "A valid key is needed"


class NotFound(RereadError):
    status = 404
    title = "There is no such thing"


class Conflict(RereadError):
    status = 409
    title = "Something newer is in the way"


class Overloaded(RereadError):
    status = 429
    title = "Too many requests at once"


class NoGeneration(RereadError):
    status = 503
    title = "No generation is published"


class NoCorpus(RereadError):
    status = 503
    title = "No documents have been ingested"


class UnknownModel(RereadError):
    status = 500
    title = "The model cannot be found"


class StorageFailed(RereadError):
    status = 507
    title = "Writing to disk failed"


class Unavailable(StorageFailed):
    """Where things are kept cannot be reached now; it may pass, and nothing was changed."""

    status = 503
    title = "A store cannot be reached"


class CorruptArtefact(RereadError):
    """A file is not what its manifest says; never parse it further."""

    status = 500
    title = "A stored file is damaged"

    @classmethod
    def mismatch(cls, file: Path, what: str, expected: object, found: object) -> "CorruptArtefact":
        """The one form of this sentence: file, quantity, both values, remedy."""
        return cls(
            f"{file} has {what} {found} where {expected} was expected: "
            f"it is damaged or was changed; run `reread build` to make a new generation "
            f"or restore the file from a backup"
        )
