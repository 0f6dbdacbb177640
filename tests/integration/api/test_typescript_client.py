"""The TypeScript client against the running facade, as a program in Node would use it."""

import json
import os
import subprocess
from pathlib import Path

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
let refused;
try {
  await data(client.GET("/api/v1/episodes/{id}", { params: { path: { id: "nobody" } } }));
} catch (error) {
  if (!(error instanceof PodwrightError)) throw error;
  refused = { status: error.status, code: error.code, requestId: error.requestId };
}
console.log(JSON.stringify({ ids, refused }));
"""


def test_a_program_in_typescript(facade: Facade, tmp_path: Path) -> None:
    facade.apply(podcast("typed"))
    with Progress() as progress:
        client = typescript_client.build(Cache.from_environment(), progress)
    for part in ("dist", "node_modules", "package.json"):
        (tmp_path / part).symlink_to(client / part)
    program = tmp_path / "program.mjs"
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
    assert (told["refused"]["status"], told["refused"]["code"]) == (404, "NOT_FOUND")
    assert told["refused"]["requestId"]
