# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Prometheus that scrapes the daemon, several times a second."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.parse

from support import api, wait

MONITORING = pathlib.Path(__file__).resolve().parents[3] / "docs/monitoring"
ALERTS, DASHBOARD = MONITORING / "alerts.yml", MONITORING / "dashboard.json"
RULE_TESTS = MONITORING.parents[1] / "tests/monitoring/alerts_test.yml"
_PORT = 19090
_CONFIG = """
global: {{scrape_interval: 200ms, evaluation_interval: 200ms}}
rule_files: [{alerts}]
scrape_configs:
  - job_name: pool-managerd
    {authorization}
    static_configs: [{{targets: ["127.0.0.1:9200"]}}]
"""
# What Grafana puts in; the alerts' rules are in terms of value and threshold.
_VARIABLES = {"$__rate_interval": "1m", "$pool": ".*", "$instance": ".*"}
_THRESHOLD = re.compile(r"(.*\S)\s+(?:<|<=|>|>=|==)\s+[0-9.]+", re.DOTALL)


class Prometheus:
    """It takes 5 s until it has found its target; that cannot be set."""

    def __init__(self, token=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="prometheus-"))
        authorization = f"authorization: {{credentials: {token}}}" if token else ""
        config = self.folder / "prometheus.yml"
        config.write_text(_CONFIG.format(alerts=ALERTS, authorization=authorization))
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.folder}/data",
             f"--web.listen-address=127.0.0.1:{_PORT}", "--log.level=warn"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)

    def ask(self, path, **parameters):
        """What its API answers; None while it does not yet."""
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        assert self.process.poll() is None, f"it has ended: {(self.folder / 'log').read_text()}"
        try:
            answer = api.request("GET", f"/api/v1/{path}{query}", address=("127.0.0.1", _PORT))
        except ConnectionRefusedError:
            return None
        if answer.status in (404, 503):
            return None
        assert answer.status == 200, str(answer)
        return answer.json["data"]

    def query(self, expression):
        """The series that it evaluates to now."""
        data = self.ask("query", query=expression)
        return data["result"] if data else []

    def wait_for_scrapes(self, count):
        """Rates need two."""
        wait.until(lambda: self.query(f'count_over_time(up{{job="pool-managerd"}}[10m]) >= {count}'),
                   f"it has scraped {count} times", 30)

    def targets(self):
        data = self.ask("targets")
        return data["activeTargets"] if data else []

    def alerts(self):
        """The rules by name."""
        data = self.ask("rules")
        return {rule["name"]: rule for group in data["groups"] for rule in group["rules"]} if data else {}


def value_of_rule(rule):
    """The expression of an alert without its threshold."""
    found = _THRESHOLD.fullmatch(rule["query"])
    assert found, f"{rule['name']} is not a value and a threshold: {rule['query']}"
    return found[1]


def dashboard_queries():
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            expression = target["expr"]
            for name, value in _VARIABLES.items():
                expression = expression.replace(name, value)
            assert "$" not in expression, f"panel {panel['title']}: {expression}"
            yield panel["title"], expression
