"""The TypeScript client against the running facade, as a program in Node would use it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from podwright_local import typescript_client
from podwright_local.paths import Cache
from podwright_local.progress import Progress
from tests.integration.api.conftest import TENANTS, TOKEN, Facade, podcast

PROGRAM = """
import { createClient, data, items, PodwrightError } from "./dist/index.js";

const client = createClient({ baseUrl: process.env.URL, token: process.env.TOKEN, namespace: process.env.NAMESPACE });
const spec = {
  podcastRef: { name: "typed" },
  title: "By TypeScript",
  media: { url: "https://example.org/a.mp3" },
};
for (const name of ["typed-a", "typed-b", "typed-c"]) {
  await data(client.POST("/api/v1/episodes", { body: { name, spec } }));
}
const ids = [];
const pages = (cursor) => data(
  client.GET("/api/v1/episodes", { params: { query: { podcast: "typed", limit: 2, ...(cursor ? { cursor } : {}) } } }),
);
for await (const episode of items(pages)) ids.push(episode.id);
const nothing = await data(client.DELETE("/api/v1/episodes/{id}", { params: { path: { id: "typed-c" } } }));
const key = { "Idempotency-Key": "typed" };
const again = { params: { header: key }, body: { name: "typed-d", spec } };
const once = [];
for (const _ of [1, 2]) once.push((await data(client.POST("/api/v1/episodes", again))).id);
let refused;
try {
  await data(client.GET("/api/v1/episodes/{id}", { params: { path: { id: "nobody" } } }));
} catch (error) {
  if (!(error instanceof PodwrightError)) throw error;
  refused = { status: error.status, code: error.code, requestId: error.requestId };
}
console.log(JSON.stringify({ ids, refused, once, nothing: nothing === undefined }));
"""


#: What somebody would write: without fields that have a default, and with an answer that is none.
TYPED = """
import { createClient, data } from "./dist/index.js";

const client = createClient({ baseUrl: "http://localhost", token: "t" });
const owner = { name: "Team", email: "team@example.org" };
const header = { "Idempotency-Key": "once" };
const bread = { spec: { title: "Bread", owner } };
const show = await data(client.POST("/api/v1/podcasts", { params: { header }, body: bread }));
const spec = { podcastRef: { name: show.id }, title: "Rye", media: { url: "https://example.org/a.mp3" } };
const episode = await data(client.POST("/api/v1/episodes", { body: { spec } }));
const text = { channelRef: { name: "news" }, episodeRef: { name: episode.id }, text: "Hear it." };
const post = await data(client.POST("/api/v1/posts", { body: { spec: text } }));
const params = { path: { id: post.id } };
await data(client.POST("/api/v1/posts/{id}/decisions", { params, body: { action: "approve" } }));
const gone: undefined = await data(client.DELETE("/api/v1/episodes/{id}", { params: { path: { id: episode.id } } }));
console.log(gone, episode.status.stage);
"""
#: As strict as the client itself is compiled.
OPTIONS = ["--strict", "--exactOptionalPropertyTypes", "--allowUnreachableCode", "false", "--noEmit"]
OPTIONS += ["--target", "ES2022", "--module", "NodeNext", "--lib", "ES2022,DOM", "--preserveSymlinks"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the client and what it needs."""
    with Progress() as progress:
        client = typescript_client.build(Cache.from_environment(), progress)
    for part in ("dist", "node_modules", "package.json"):
        (tmp_path / part).symlink_to(client / part)
    return tmp_path


def test_what_is_asked_for_is_typed(folder: Path) -> None:
    (folder / "program.ts").write_text(TYPED)
    compiler = folder / "node_modules" / "typescript" / "bin" / "tsc"
    command = [typescript_client.node(), str(compiler), *OPTIONS, str(folder / "program.ts")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout


def test_a_program_in_typescript(facade: Facade, folder: Path) -> None:
    facade.apply(podcast("typed"))
    program = folder / "program.mjs"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [typescript_client.node(), "--preserve-symlinks", "--preserve-symlinks-main", str(program)],
        env=os.environ | {"URL": facade.url, "TOKEN": TOKEN, "NAMESPACE": TENANTS[0]},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["ids"] == ["typed-a", "typed-b", "typed-c"]
    assert told["nothing"] is True
    assert told["once"] == ["typed-d", "typed-d"]
    assert (told["refused"]["status"], told["refused"]["code"]) == (404, "NOT_FOUND")
    assert told["refused"]["requestId"]
