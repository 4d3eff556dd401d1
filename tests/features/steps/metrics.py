# SPDX-License-Identifier: LGPL-2.1-or-later
import re
import subprocess

from behave import step

from support import api, match, metrics, prometheus, step_types, wait  # noqa: F401

# promtool would have other names for these, which are given.
GIVEN_NAMES = {"backoff_delay_ms", "pool_drain_duration_ms", "pool_reload_duration_ms", "engine_start_duration_ms",
               "slots_total"}


def wrong(context, found):
    """The rows that do not hold."""
    return [f"{row['sample']} should be {row['value']}, is {found.samples.get(row['sample'])}"
            for row in context.table if not match.holds(row["value"], found.samples.get(row["sample"]))]


# What is scraped


@step('the metrics have')
def have(context):
    bad = wrong(context, metrics.scrape())
    assert not bad, "; ".join(bad)


@step('the metrics come to have')
def come_to_have(context):
    try:
        wait.until(lambda: not wrong(context, metrics.scrape()), "the metrics are so", 30)
    except AssertionError as error:
        raise AssertionError(f"{error}: {wrong(context, metrics.scrape())}") from None


@step('the metrics have no sample "{sample:words}"')
def have_no_sample(context, sample):
    found = [key for key in metrics.scrape().samples if re.split("[{ ]", key)[0] == sample]
    assert not found, found


@step('the metrics say nothing of pool "{pool:name}"')
def say_nothing_of(context, pool):
    found = metrics.scrape().of_pool(pool)
    assert not found, found


@step('the metrics have the types')
def have_types(context):
    types = metrics.scrape().types
    bad = [f"{row['name']} is {types.get(row['name'])}" for row in context.table
           if types.get(row["name"]) != row["type"]]
    assert not bad, bad


@step('the samples of pool "{pool:name}" that the metrics have are those of pool "{other:name}"')
def same_samples(context, pool, other):
    found = metrics.scrape()
    ours, theirs = ([key.replace(f'"{each}"', '""') for key in found.of_pool(each)] for each in (pool, other))
    assert ours and ours == theirs, set(ours) ^ set(theirs)


@step('each histogram adds up')
def add_up(context):
    """The buckets grow up to the count, which is that of the last one."""
    found = metrics.scrape()
    for name in (name for name, kind in found.types.items() if kind == "histogram"):
        series = {}
        for key, value in found.samples.items():
            if key.startswith(name + "_bucket{"):
                labels = re.sub(r',?le="[^"]*"', "", key.removeprefix(name + "_bucket"))
                series.setdefault(labels, []).append(value)
        assert series, f"there is no {name}"
        for labels, values in series.items():
            assert values == sorted(values), f"{name}{labels}: {values}"
            assert values[-1] == found.samples[f"{name}_count{labels}"], f"{name}{labels}: {values}"
            assert f"{name}_sum{labels}" in found.samples, f"{name}{labels} has no sum"



@step('each metric is explained in docs/monitoring')
def are_explained(context):
    text = (prometheus.MONITORING / "README.md").read_text()
    missing = [name for name in metrics.scrape().types if not re.search(rf"`{name}[`{{]", text)]
    assert not missing, missing


# promtool


def promtool(*words, text=None):
    return subprocess.run(["promtool", *words], input=text, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)


@step('promtool finds fault with nothing but names that are given')
def promtool_is_content(context):
    done = promtool("check", "metrics", text=api.request("GET", "/metrics").text)
    faults = [line for line in done.stdout.splitlines() if line.split(" ")[0] not in GIVEN_NAMES]
    assert not faults, done.stdout
    # 3: it has found names that it would choose differently.
    assert done.returncode in (0, 3), f"{done.returncode}: {done.stdout}"
    assert {line.split(" ")[0] for line in done.stdout.splitlines()} == GIVEN_NAMES, done.stdout


@step('promtool accepts the alert rules, and their tests')
def promtool_accepts_rules(context):
    for words in (("check", "rules", "--lint-fatal", str(prometheus.ALERTS)),
                  ("test", "rules", str(prometheus.RULE_TESTS))):
        done = promtool(*words)
        assert done.returncode == 0, done.stdout


# Prometheus


def start(context, token=None):
    context.scene.prometheus = prometheus.Prometheus(token)
    context.scene.on_close(context.scene.prometheus.close)
    wait.until(context.scene.prometheus.targets, "Prometheus knows its targets", 30)


@step('Prometheus scrapes the daemon')
def scrapes(context):
    start(context)
    context.scene.prometheus.wait_for_scrapes(3)


@step('Prometheus scrapes the daemon with the token "{token:name}"')
def scrapes_with_token(context, token):
    start(context, token)


@step('the scrapes of Prometheus are "{health:name}"')
def scrapes_are(context, health):
    def look():
        return [each["health"] for each in context.scene.prometheus.targets()] == [health]

    wait.until(look, f"its scrapes are {health}: {context.scene.prometheus.targets()}", 30)


@step('Prometheus has for "{expression:words}" the value {value:d}')
def has_value(context, expression, value):
    def look():
        return [float(each["value"][1]) for each in context.scene.prometheus.query(expression)] == [value]

    try:
        wait.until(look, f"{expression} is {value}", 30)
    except AssertionError as error:
        raise AssertionError(f"{error}; it is {context.scene.prometheus.query(expression)}") from None


@step('the expression of each alert has data')
def alerts_have_data(context):
    context.scene.prometheus.wait_for_scrapes(3)
    rules = wait.until(context.scene.prometheus.alerts, "Prometheus has loaded the rules", 30)
    assert len(rules) == prometheus.ALERTS.read_text().count("- alert:"), sorted(rules)
    for name, rule in rules.items():
        value = prometheus.value_of_rule(rule)
        wait.until(lambda query=value: context.scene.prometheus.query(query), f"{name} has data for {value}")


@step('each query of the dashboard has data')
def dashboard_has_data(context):
    queries = list(prometheus.dashboard_queries())
    assert queries
    for panel, query in queries:
        wait.until(lambda query=query: context.scene.prometheus.query(query), f"{panel} has data for {query}")


@step('the alert "{name:name}" is {state:w} for pool "{pool:name}"')
def alert_is(context, name, state, pool):
    def look():
        alerts = context.scene.prometheus.alerts()[name]["alerts"]
        return [each for each in alerts if each["labels"].get("pool_id") == pool and each["state"] == state]

    alert, = wait.until(look, f"{name} is {state} for pool {pool}", 30)
    for words in alert["annotations"].values():
        assert "{{" not in words and "<" not in words, words
    assert pool in alert["annotations"]["summary"], alert
