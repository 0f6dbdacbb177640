"""A real Prometheus for tests: scrapes what it is told to every second, and answers queries.

with Prometheus.start(tmp_path, {"operator": 9090}) as prometheus:
    prometheus.value('podwright_leader')
"""

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from podwright_local.go_programs import PROMETHEUS
from podwright_local.paths import Cache
from podwright_local.progress import Progress
from tests.control_plane import free_ports
from tests.tied import tied

START_SECONDS = 30.0


def programs() -> Path:
    """The folder with prometheus, promtool and the Prometheus Operator's CRDs; compiled where the cache lacks it."""
    with Progress() as progress:
        return PROMETHEUS.build(Cache.from_environment(), progress)


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(programs() / "promtool"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@dataclass
class Prometheus:
    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, folder: Path, targets: Mapping[str, int], rules: Path | None = None) -> Self:
        """Scrape the ports of ``targets`` on this machine, each as the job of its name in namespace ``test``."""
        folder.mkdir(parents=True, exist_ok=True)
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)] if rules else [],
            "scrape_configs": [
                {
                    "job_name": name,
                    "static_configs": [
                        {"targets": [f"127.0.0.1:{port}"], "labels": {"namespace": "test", "pod": f"{name}-0"}}
                    ],
                }
                for name, port in targets.items()
            ],
        }
        path = folder / "prometheus.yaml"
        path.write_text(yaml.safe_dump(config))
        (port,) = free_ports(1)
        command = [
            str(programs() / "prometheus"),
            f"--config.file={path}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ]
        with (folder / "prometheus.log").open("wb") as log:
            process = subprocess.Popen(tied(command), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        started = cls(folder, port, process)
        try:
            started._wait()
        except BaseException:
            started.stop()
            raise
        return started

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples of an instant vector; raises AssertionError where Prometheus cannot make sense of it."""
        answer = self._get("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        assert answer["status"] == "success", f"{expression}: {answer}"
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def value(self, expression: str) -> float:
        """Of a query with one sample; NaN where there is none."""
        found = self.query(expression)
        assert len(found) <= 1, f"{expression}: {found}"
        return float(found[0]["value"][1]) if found else float("nan")

    def targets(self) -> dict[str, str]:
        """Health of each job's target."""
        active = self._get("/api/v1/targets")["data"]["activeTargets"]
        return {target["labels"]["job"]: target["health"] for target in active}

    def alerts(self) -> dict[str, str]:
        """State of each alert that pends or fires."""
        return {alert["labels"]["alertname"]: alert["state"] for alert in self._get("/api/v1/alerts")["data"]["alerts"]}

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _get(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return json.load(refused)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5):
                    return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    log = (self.folder / "prometheus.log").read_text()
                    raise AssertionError(f"Prometheus did not start:\n{log[-3000:]}") from None
                time.sleep(0.05)
