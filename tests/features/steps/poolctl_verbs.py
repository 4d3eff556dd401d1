# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the scenarios of poolctl's verbs need beside running it."""

import json
import pathlib
import re
import shlex

from behave import step

from support import match, step_types  # noqa: F401
from support.running import Running
from support.shell import as_tester, run

FOLDER = pathlib.Path("/run/pool-managerd-tests")

# Maps half of the model and touches it, as engines do, answers nothing, and waits for its end.
HALF_READER = """
import mmap, os, signal
fd = os.open("{model}", os.O_RDONLY)
half = os.fstat(fd).st_size // 2
model = mmap.mmap(fd, half, prot=mmap.PROT_READ)
for page in range(0, half, mmap.PAGESIZE):
    model[page]
signal.pause()
"""
MODEL_BYTES = 64 << 20


def poolctl(context, text):
    words = shlex.split(text.replace("{lease}", getattr(context.scene, "lease", "")).replace(
        "{operation}", str(getattr(context.scene, "operation", ""))))
    context.scene.result = run(*words, check=False)
    return context.scene.result


# Leases


@step('a lease of pool "{pool:name}" is held by "{text:words}"')
def lease_held(context, pool, text):
    context.scene.running = Running(shlex.split(text))
    context.scene.sockets.append(context.scene.running)
    context.scene.lease = context.scene.running.wait_for_line()
    assert re.fullmatch(r"\d+\.\d+", context.scene.lease), context.scene.lease


@step('I run "{text:words}" with that lease')
@step('I run "{text:words}" with that operation')
def run_with_that(context, text):
    poolctl(context, text)


# Operations


@step('"{text:words}" has begun an operation')
def begun(context, text):
    words = shlex.split(text.replace("{file}", str(getattr(context.scene, "file", ""))))
    done = run(*words)
    context.scene.operation = int(re.search(r"operation (\d+)", done.stdout)[1])


@step('"{text:words}" with that operation runs')
def runs_with_operation(context, text):
    words = shlex.split(text.replace("{operation}", str(context.scene.operation)))
    context.scene.running = Running(words)
    context.scene.sockets.append(context.scene.running)


# Lines of JSON


@step('its line {number:d} is JSON with')
def line_is_json(context, number):
    lines = context.scene.result.stdout.splitlines()
    match.check(context.table, json.loads(lines[number - 1]), f"line {number}")


@step('each line it printed is JSON of pool "{pool:name}"')
def lines_are_json(context, pool):
    lines = context.scene.result.stdout.splitlines()
    assert lines and all(json.loads(line)["pool_id"] == pool for line in lines), lines


@step('the ids of its lines count up by one')
def ids_count_up(context):
    ids = [json.loads(line)["id"] for line in context.scene.result.stdout.splitlines()]
    assert len(ids) > 1 and ids == list(range(ids[0], ids[0] + len(ids))), ids


# Handoffs and loading


@step('the file of a handoff of pool "{pool:name}" with the url of the engine of pool "{other:name}"')
def handoff_file(context, pool, other):
    FOLDER.mkdir(exist_ok=True)
    context.scene.file = FOLDER / f"{pool}-handoff.json"
    url = f"http://127.0.0.1:{context.scene.port(other)}"
    context.scene.file.write_text(json.dumps({"pool_id": pool, "url": url, "engine_version": "elsewhere-2"}))


@step('the file of a preload of pool "{pool:name}" whose engine reads half of its model and waits')
def half_reader(context, pool):
    model = FOLDER / "model.gguf"
    FOLDER.mkdir(exist_ok=True)
    with open(model, "wb") as file:
        file.truncate(MODEL_BYTES)
    script = FOLDER / "half-reader.py"
    script.write_text(HALF_READER.format(model=model))
    body = {**context.scene.prepared(pool), "binary_path": "/usr/bin/python3", "model_path": str(model),
            "flags": [str(script)]}
    context.scene.file = FOLDER / f"{pool}.json"
    context.scene.file.write_text(json.dumps({"prepared": body}))


@step('the terminal shows that from {low:d} to {high:d} % of the model of pool "{pool:name}" are read')
def shows_percent(context, low, high, pool):
    running = context.scene.running

    def looks(text):
        shown = re.findall(rf"{re.escape(pool)}: warming, (\d+) % of the model read, \d+s", text)
        return any(low <= int(percent) <= high for percent in shown)

    running.wait_until(looks, f"{low} to {high} %")


# Passwords


@step('the password of root is "{password:name}"')
def password_of_root(context, password):
    run("chpasswd", text=f"root:{password}\n")


@step('"{text:words}" runs on a terminal of somebody else')
def runs_on_terminal_of_tester(context, text):
    context.scene.running = Running(as_tester(shlex.split(text)), columns=200)
    context.scene.sockets.append(context.scene.running)


@step('"{password:name}" is typed where nothing is shown')
def is_typed(context, password):
    """What is typed before the terminal stops showing it is thrown away."""
    context.scene.running.wait_for_no_echo()
    context.scene.running.type(password + "\n")


# Completion


def bash_words(line):
    """What readline makes of a line: "=" is a word of its own."""
    return [word for part in line.split(" ") for word in (re.split("(=)", part) if "=" in part else [part])
            if word or "=" not in part]


@step('bash offers for "{line:words}"')
def bash_offers(context, line):
    words = bash_words(line)
    script = f"""
        source /usr/share/bash-completion/completions/poolctl
        COMP_WORDS=({shlex.join(words)})
        COMP_CWORD={len(words) - 1}
        _poolctl poolctl {shlex.quote(words[-1])} x 2>/dev/null
        printf '%s\\n' "${{COMPREPLY[@]}}" """
    offered = run("bash", "--norc", "-c", script).stdout.split()
    wanted = [row["word"] for row in context.table]
    assert sorted(offered) == sorted(wanted), offered


# What loads the completion, and a key (^T) that shows what stands on the line.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile"],
             "source /usr/share/bash-completion/completions/poolctl; "
             "bind -x '\"\\C-t\": echo \"<$READLINE_LINE>\"'"),
    "zsh": (["zsh", "-f"],
            "fpath=(/usr/share/zsh/site-functions $fpath); autoload -U compinit && compinit -u -D; "
            "show() { print -r \"<$BUFFER>\" }; zle -N show; bindkey '^T' show"),
}


@step('in a real {shell:w} a tab makes of')
def tab(context, shell):
    program, load = SHELLS[shell]
    running = Running(program, columns=200)
    context.scene.sockets.append(running)
    # What is typed at the shell comes back by its echo, too: the prompt is not written out there.
    running.type(f"{load}; PS1='it-is'; PS1=\"${{PS1}}-ready \"\n")
    running.wait_for("it-is-ready ")
    for row in context.table:
        running.type(f"{row['typed']}\t\x14")
        running.wait_for(f"<{json.loads(row['line'])}>")
        running.type("\x15")  # an empty line again
