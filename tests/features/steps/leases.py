# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import time

from behave import step

from support import api, bus, step_types, wait  # noqa: F401
from support.bus_client import Client

NO_TTL = 2 ** 64 - 1  # over the bus


def take(context, pool, body=None, query=""):
    asked = time.monotonic()
    answer = api.request("POST", f"/pools/{pool}/leases{query}", body)
    context.scene.answer = answer
    if answer.status == 201:
        lease = answer.json["lease_id"]
        context.scene.leases.setdefault(pool, []).append(lease)
        context.scene.leases_asked[pool, lease] = asked
    return answer


def release(context, pool, lease):
    context.scene.answer = api.request("DELETE", f"/pools/{pool}/leases/{lease}")


def active(context, pool):
    return context.scene.status(pool)["active_leases"]


# Taking


@step('I take a lease of pool "{pool:name}"')
def i_take(context, pool):
    take(context, pool)


@step('I take a lease of pool "{pool:name}" with')
def i_take_with(context, pool):
    take(context, pool, {row["field"]: json.loads(row["value"]) for row in context.table})


@step('I take a lease of pool "{pool:name}" unless all slots are taken')
def i_take_slot(context, pool):
    take(context, pool, query="?enforce_slots=true")


@step('I take a lease of pool "{pool:name}" with "{field:name}" set to {value:words}')
def i_take_with_value(context, pool, field, value):
    body = f"{{{json.dumps(field)}: {value}}}".encode()
    context.scene.answer = api.request("POST", f"/pools/{pool}/leases", body, headers=api.JSON_TYPE)


@step('{count:d} leases of pool "{pool:name}" are out')
def are_out(context, count, pool):
    for _ in range(count):
        answer = take(context, pool)
        assert answer.status == 201, str(answer)


@step('a lease of pool "{pool:name}" is out for {ttl:d} ms')
def is_out_for(context, pool, ttl):
    answer = take(context, pool, {"ttl_ms": ttl})
    assert answer.status == 201, str(answer)


@step('a lease of pool "{pool:name}" is held over the bus')
def is_held(context, pool):
    client = context.scene.connection = Client()
    context.scene.sockets.append(client)
    failure = client.call((bus.NAME, bus.PATH, bus.MANAGER, "AcquireLease"), "sstb",
                          (pool, "scenario", NO_TTL, False))
    assert failure[0] is None, failure


@step('the connection that holds it is closed')
def is_closed(context):
    context.scene.connection.close()


# Releasing


@step('I release lease {number:d} of pool "{pool:name}"')
def i_release(context, number, pool):
    release(context, pool, context.scene.leases[pool][number - 1])


@step('I release lease {number:d} of pool "{pool:name}" as one of pool "{other:name}"')
def i_release_elsewhere(context, number, pool, other):
    release(context, other, context.scene.leases[pool][number - 1])


@step('I release the lease "{lease:name}" of pool "{pool:name}"')
def i_release_id(context, lease, pool):
    release(context, pool, lease)


@step('I release an anonymous lease of pool "{pool:name}"')
def i_release_anonymous(context, pool):
    context.scene.answer = api.request("POST", f"/pools/{pool}/leases/release")


# What there is


@step('pool "{pool:name}" has {count:d} active leases')
@step('pool "{pool:name}" has {count:d} active lease')
def has_active(context, pool, count):
    found = active(context, pool)
    assert found == count, f"pool {pool} has {found} active leases"


@step('pool "{pool:name}" comes to have {count:d} active leases')
@step('pool "{pool:name}" comes to have {count:d} active lease')
def comes_to_have(context, pool, count):
    wait.until(lambda: active(context, pool) == count, f"pool {pool} has {count} active leases")


@step('lease {number:d} of pool "{pool:name}" ends by itself {low:d} to {high:d} ms after it was taken')
def ends_after(context, number, pool, low, high):
    before = active(context, pool)
    wait.until(lambda: active(context, pool) == before - 1, f"a lease of pool {pool} ends")
    lease = context.scene.leases[pool][number - 1]
    took = (time.monotonic() - context.scene.leases_asked[pool, lease]) * 1000
    assert low <= took <= high, f"it ended after {took:.0f} ms"
    release(context, pool, lease)
    assert context.scene.answer.status == 404, f"another one ended: {context.scene.answer}"


@step('the leases of pool "{pool:name}" have different ids')
def ids_differ(context, pool):
    ids = context.scene.leases[pool]
    assert len(set(ids)) == len(ids) > 1, ids
