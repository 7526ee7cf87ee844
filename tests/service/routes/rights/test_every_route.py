"""A key without a document's label gets at it by no route, whatever the service went through."""

from concurrent.futures import ThreadPoolExecutor

from reread.home import Home
from service.http.examples import plain
from tests.service.routes.rights.guarded import build
from tests.service.routes.rights.probes import (
    ADMINS,
    BESIDE,
    CANARIES,
    CANARY,
    LATER_CANARY,
    MEMO,
    MEMO_CANARY,
    SHOW,
    SILENT,
    TITLE,
    TWIN,
    World,
    asked,
)
from tests.worlds.serving import running, until


def look_everywhere(world: World) -> None:
    """Every route with both keys, together and one after the other."""
    for name in ("open", "hr"):
        answer = world.send(name, "POST", "/answer", **asked()).json()
        world.answers[name] = answer["id"]
    for name, ask in {**SHOW, **SILENT, **ADMINS, **BESIDE}.items():
        said = ask(world, "open").lower()
        assert not [one for one in CANARIES if one.lower() in said], (name, said)
    for name, ask in SHOW.items():
        if name != "GET /examples":
            assert shows_guarded(ask(world, "hr")), name
    for name, ask in ADMINS.items():
        assert '"status":403' in ask(world, "hr").replace(" ", ""), name
    asks = [("hr" if n % 2 else "open") for n in range(16)]
    with ThreadPoolExecutor(8) as pool:
        for key, said in zip(
            asks,
            pool.map(lambda key: world.says(key, "POST", "/answer", **asked()), asks),
            strict=True,
        ):
            assert shows_guarded(said) == (key == "hr")


def shows_guarded(said: str) -> bool:
    """One of the two that say the same: the other is folded into it."""
    return CANARY in said or LATER_CANARY in said


def test_every_route_is_in_a_list(home: Home, keys: dict[str, str]) -> None:
    """A route that is added shows documents, shows none, or is the admin's: say which."""
    with running(home.root, None) as service:
        schema = service.client.get("/openapi.json").json()
    known = {
        f"{method.upper()} {plain(path)}"
        for path, methods in schema["paths"].items()
        for method in methods
    }
    assert known == SHOW.keys() | SILENT.keys() | ADMINS.keys()


def test_no_route_shows_a_guarded_document(home: Home, keys: dict[str, str]) -> None:
    """Served, added while serving, relabelled, swapped in, rolled back to, and after a restart."""
    with running(home.root, None) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        world = World(service, keys)
        memo = world.send("open", "POST", "/answer", **asked(question="who is the zebra keeper"))
        assert MEMO_CANARY in memo.text and MEMO_CANARY in world.says(
            "open", "GET", f"/relevance/{memo.json()['id']}"
        )
        relabel = {"title": "Memo", "text": MEMO, "access_labels": ["hr"]}
        put = world.send("admin", "PUT", "/documents/memo", json=relabel).json()
        assert put["status"] == "replaced"
        world.answers["memo"] = memo.json()["id"]  # read when everybody might; no more
        look_everywhere(world)
        later = {"id": "later", "title": TITLE, "text": f"{TWIN} {LATER_CANARY}"}
        twin = {"id": "later twin", "title": "Zoo", "text": f"{TWIN} as they say"}
        sent = {"documents": [{**later, "access_labels": ["hr"]}, twin]}
        assert world.send("admin", "POST", "/documents", json=sent).status_code == 200
        look_everywhere(world)
        build(home)
        until(lambda: service.parts.pipeline.live.number == 2)
        look_everywhere(world)
        assert world.send("admin", "POST", "/admin/generations/1/activate").json()["serving"] == 1
        look_everywhere(world)
    with running(home.root, None) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        world = World(service, keys, world.answers)
        look_everywhere(world)
