"""The Python client: a running service's questions, scores, feedback and jobs, typed.

    from reread.client import Client

    with Client("http://127.0.0.1:8765") as reread:
        answer = reread.ask("How are keys rotated?")

`AsyncClient` has the same methods to await. Knows HTTP; loads no model library.
"""

from reread.client.calls import ServiceProblem
from reread.client.clients import AsyncClient, Client
from reread.client.values import Answer, Found, Progress, Read, Relevance, Span

__all__ = [
    "Answer", "AsyncClient", "Client", "Found", "Progress", "Read", "Relevance", "ServiceProblem",
    "Span",
]  # fmt: skip
