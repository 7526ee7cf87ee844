"""Schemathesis, every route, all of its checks, with and without keys: it objects to nothing.

It makes requests out of /openapi.json, fit and unfit ones, and follows what one response says of
the next. A request that fits must be taken, one that does not be refused, nothing be a 5xx.
"""

from collections import Counter
from pathlib import Path

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from tests.worlds.browsing import town_service

ADMIN, QUERY = "Bearer admin-secret", "Bearer alpha"
SEED = 20
# What only the trainer knows (its settings), and only a parser (whether bytes are a document), is
# refused with 422 though it is as described.
NOT_TOLD = ("POST /admin/retrain", "POST /documents/file")
TAKEN = ["2xx", "401", "403", "404", "409", "415", "422"]


def settings_of(key: str | None, examples: int, thorough: bool) -> SchemathesisConfig:
    """Thorough: also a request for every bound that a schema tells, and sequences of requests."""
    accepts = {"positive_data_acceptance": {"expected-statuses": TAKEN}}
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "headers": {"Authorization": key} if key else {},
            "continue-on-failure": True,
            "generation": {"max-examples": examples, "database": "none", "deterministic": True},
            "phases": {"coverage": {"enabled": thorough}, "stateful": {"enabled": thorough}},
            "operations": [{"include-name": one, "checks": accepts} for one in NOT_TOLD],
        }
    )


def outcome_of(
    url: str, config: SchemathesisConfig
) -> tuple[Counter[int], Counter[str], list[str]]:
    """Responses by status, checks made by name, and what it objects to."""
    statuses, made, objections = Counter[int](), Counter[str](), list[str]()
    document = schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)
    for event in from_schema(document).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            objections.append(str(event))
        if not isinstance(event, events.ScenarioFinished):
            continue
        for interaction in event.recorder.interactions.values():
            if interaction.response is not None:
                statuses[interaction.response.status_code] += 1
        for nodes in event.recorder.checks.values():
            made.update(one.name for one in nodes)
            objections += [
                f"{event.recorder.label}: {(why := one.failure_info).failure}\n{why.code_sample}"
                for one in nodes
                if one.failure_info is not None
            ]
    return statuses, made, objections


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "key", "examples", "thorough"),
    [
        (("alpha",), ADMIN, 2, True),
        ((), None, 2, False),
        (("alpha",), QUERY, 1, False),
        (("alpha",), None, 1, False),
    ],
    ids=["admin key", "no key needed", "query key", "key needed"],
)
def test_schemathesis_objects_to_nothing(
    tmp_path: Path, keys: tuple[str, ...], key: str | None, examples: int, thorough: bool
) -> None:
    with town_service(tmp_path, query_keys=keys) as service:
        statuses, made, objections = outcome_of(service.url, settings_of(key, examples, thorough))
    assert objections == []
    assert max(statuses) < 500 and sum(statuses.values()) > (900 if thorough else 60)
    assert {"positive_data_acceptance", "negative_data_rejection", "ignored_auth"} <= set(made)
