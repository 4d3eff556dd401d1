# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: poolctl register, deregister, set, heartbeat
  The registry is kept from the command line as over HTTP.

  Background:
    Given the daemon runs

  Scenario: Register and deregister
    When I run "poolctl register p"
    Then it exits with 0
    And it prints "p: registered"
    And the status of pool "p" has
      | field | value |
      | state | "off" |
    When I run "poolctl register p"
    Then it exits with 0
    And it prints "p: it was there already"
    When I run "poolctl register --json=short p"
    Then it prints JSON with
      | field   | value |
      | pool_id | "p"   |
      | new     | false |
    When I run "poolctl deregister p"
    Then it exits with 0
    And it prints "p: removed"
    And pool "p" is not known
    When I run "poolctl deregister p"
    Then it exits with 4
    And it complains of "p"

  Scenario: A pool whose engine runs is removed by force only
    Given pool "p" is ready
    When I run "poolctl deregister p"
    Then it exits with 5
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |
    When I run "poolctl deregister --force --json=short p"
    Then it exits with 0
    And it prints JSON with
      | field        | value |
      | pool_id      | "p"   |
      | deregistered | true  |
    And pool "p" is not known
    And nothing is left in pools.slice

  Scenario: Several at once, one of which is not there
    Given pool "one" is registered
    And pool "two" is registered
    When I run "poolctl deregister one nobody two"
    Then it exits with 4
    And it prints "one: removed"
    And it prints "two: removed"
    And it complains of "nobody"

  Scenario: More pools than calls may be under way
    When I run "sh -c 'for i in $(seq 150); do poolctl register pool-$i || exit; done'"
    Then it exits with 0
    When I run "sh -c 'poolctl deregister $(seq -f pool-%g 150)'"
    Then it exits with 0
    And it prints 150 lines
    And it complains of nothing
    And there are no pools

  Scenario: An engine that somebody else has started
    Given pool "other" is ready
    And the file of a handoff of pool "p" with the url of the engine of pool "other"
    When I run "poolctl register p --handoff={file}"
    Then it exits with 0
    And it prints "p: registered"
    And the status of pool "p" has
      | field          | value         |
      | state          | "external"    |
      | ready          | true          |
      | engine_version | "elsewhere-2" |
    When I run "poolctl status p"
    Then it prints "started by someone else"
    When I run "poolctl register q --handoff={file}"
    Then it exits with 2
    And it complains of "pool_id"
    When I run "poolctl register p --handoff=/no/such/file"
    Then it exits with 2
    And it complains of "/no/such/file"
    When I run "poolctl register p --handoff=-" with "{" as input
    Then it exits with 2
    And it complains of "standard input"

  Scenario: Values are set and cleared
    When I run "poolctl set p slots_total=8 slots_free=3 version=v42 engine_version=b1 'perf_hints={"batch": 512}'"
    Then it exits with 0
    And it prints "p: registered"
    And the status of pool "p" has
      | field          | value          |
      | slots_total    | 8              |
      | slots_free     | 3              |
      | version        | "v42"          |
      | engine_version | "b1"           |
      | perf_hints     | {"batch": 512} |
    When I run "poolctl set p version= slots_free=5"
    Then it exits with 0
    And it prints "p: updated"
    And the status of pool "p" has
      | field       | value |
      | version     | null  |
      | slots_free  | 5     |
      | slots_total | 8     |

  Scenario Outline: Values that cannot be
    Given pool "p" is registered
    When I run "poolctl set <words>"
    Then it exits with 2
    And it complains of "<says>"

    Examples:
      | words               | says                      |
      | p                   | too few words             |
      | p version           | KEY=VALUE                 |
      | p slot_total=3      | did you mean slots_total? |
      | p slots_total=many  | slots_total               |
      | p slots_total=0     | slots_total               |
      | p perf_hints=[1]    | perf_hints                |
      | p version=1 version=2 | given twice             |
      | bad/id version=1    | bad/id                    |

  Scenario: Heartbeats
    Given pool "p" is registered
    When I run "poolctl heartbeat p --timestamp=1700000000000"
    Then it exits with 0
    And it prints "p: last heartbeat Tue 2023-11-14"
    And the status of pool "p" has
      | field             | value         |
      | last_heartbeat_ms | 1700000000000 |
    When I run "poolctl heartbeat --json=short p"
    Then it exits with 0
    And it prints JSON with
      | field             | value                  |
      | pool_id           | "p"                    |
      | last_heartbeat_ms | at least 1700000000001 |
    When I run "poolctl heartbeat nobody"
    Then it exits with 4
    When I run "poolctl heartbeat p --timestamp=yesterday"
    Then it exits with 2
