"""A chat's messages -> what is asked; an answer -> what a chat client shows and cites.

The last user message with a text is the question, what was said before it the history. Knows no
route.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import WithJsonSchema

from reread.errors import BadRequest
from reread.records import Passage
from service.answering.answered import Answered
from service.answering.asked import MAX_ANSWER_CHARS, MAX_QUESTION_CHARS, MAX_TURNS, Asked

NOT_FOUND = "The documents do not say."  # a chat window cannot show an empty answer
TEXT_PARTS = ("text", "input_text", "output_text", "refusal")
PART_NAMES = {"type": {"enum": list(TEXT_PARTS)}, "text": {"type": "string"}}
PART = {"type": "object", "required": ["type", "text"], "properties": PART_NAMES}
# What `text_of` takes, with a sentence for what it does not; here it is told.
TOLD_CONTENT = {"anyOf": [{"type": "string"}, {"type": "array", "items": PART}, {"type": "null"}]}
Content = Annotated[Any, WithJsonSchema(TOLD_CONTENT)]
SAYING = {"type": "string", "pattern": r"\S"}
# Of a list of messages: one of them asks something.
ASKING: dict[str, Any] = {
    "contains": {
        "type": "object",
        "required": ["role", "content"],
        "properties": {
            "role": {"const": "user"},
            "content": {
                "anyOf": [
                    SAYING,
                    {
                        "type": "array",
                        "contains": {**PART, "properties": {**PART_NAMES, "text": SAYING}},
                    },
                ]
            },
        },
    }
}


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    text: str


def asked_in(
    messages: Sequence[Message],
    before: Sequence[tuple[str, str]] = (),
    follows: str | None = None,
) -> Asked:
    """The question with the newest turns before it; raises BadRequest where there is none.

    `before`: questions and answers of the logged conversation whose last answer is `follows`.

    What a client cannot change any more is cut instead of refused: chat clients send all of it.
    System and developer messages are passed over: a reader takes no instructions.
    """
    places = [i for i, one in enumerate(messages) if one.role == "user" and one.text.strip()]
    if not places:
        raise BadRequest(
            f"None of the {len(messages)} messages has the role user and a text; end with the "
            "question."
        )
    earlier = [(asked[:MAX_QUESTION_CHARS], said[:MAX_ANSWER_CHARS]) for asked, said in before]
    turns = [*earlier, *_turns(messages[: places[-1]])]
    return Asked.checked(messages[places[-1]].text, history=turns[-MAX_TURNS:], follows=follows)


def _turns(messages: Iterable[Message]) -> Iterable[tuple[str, str]]:
    asked = ""
    for one in messages:
        if one.role == "assistant" and asked:
            yield asked, one.text[:MAX_ANSWER_CHARS]
            asked = ""
        if one.role == "user":
            if asked:
                yield asked, ""
            asked = one.text.strip()[:MAX_QUESTION_CHARS]
    if asked:
        yield asked, ""


def text_of(content: object, place: str) -> str:
    """A message's text: a string, or a list of parts of which each must be text."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise BadRequest(f"{place} is {type(content).__name__}; give a text or a list of parts.")
    return "\n".join(_part(one, place) for one in content)


def _part(part: object, place: str) -> str:
    kind = part.get("type") if isinstance(part, dict) else type(part).__name__
    text = part.get("text", part.get("refusal")) if isinstance(part, dict) else None
    if kind not in TEXT_PARTS or not isinstance(text, str):
        raise BadRequest(f"{place} has a part of type {str(kind)[:40]!r}; only text can be read.")
    return text


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that an answer rests on."""

    passage: Passage
    relevance: float

    @property
    def name(self) -> str:
        return self.passage.source or self.passage.title or self.passage.id


def citations(answered: Answered) -> list[Citation]:
    """The passages that the answer stands in, else the one the reader leaned on most."""
    reading, passages = answered.reading, answered.material.retrieved.passages
    if not (reading.found and reading.answer and passages):
        return []
    relevance = reading.relevance
    holding = {span.passage for span in reading.spans}
    places = [i for i, one in enumerate(passages) if one.id in holding]
    places = places or [max(range(len(passages)), key=lambda i: relevance[i])]
    return [Citation(passages[i], relevance[i]) for i in places]


def shown(answered: Answered) -> str:
    """What the chat shows as the answer."""
    return answered.record.answer or NOT_FOUND


def pieces(text: str) -> list[str]:
    """A text in words, each with the space before it.

    >>> pieces("one two")
    ['one', ' two']
    """
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])]


def words_used(asked: Asked, answered: Answered) -> dict[str, int]:
    """Words in and out; which tokens they are is the reader's own affair."""
    texts = [asked.question, *(one.text for one in answered.material.retrieved.passages)]
    given = sum(len(text.split()) for text in texts)
    return {"in": given, "out": len(shown(answered).split())}


def only_text(wanted: dict[str, Any]) -> None:
    """Refuse what a reader of documents cannot do, in place of doing something else."""
    if wanted.get("n") not in (None, 1):
        raise BadRequest(f"n is {str(wanted['n'])[:20]}; a question has one answer here.")
    choice = wanted.get("tool_choice")
    if choice == "required" or isinstance(choice, dict):
        raise BadRequest("tool_choice asks for a tool; this service calls none, leave it out.")
