# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Pools that files declare
  A file of pools.d is a pool that is there after every boot. On a reload of the daemon what has changed in the files
  is done; what somebody has made of a pool since stays until its file changes.

  Scenario: What is declared is started with the daemon, and after the next boot
    Given pool "p" is declared with
      | field          | value   |
      | engine_version | "b4711" |
      | slots_total    | 3       |
    And pool "q" is declared with
      | field     | value |
      | autostart | false |
    When the daemon is started
    Then the status of pool "p" comes to have "state" "ready"
    And the status of pool "p" has
      | field          | value   |
      | engine_version | "b4711" |
      | slots_total    | 3       |
      | generation     | 1       |
    And the status of pool "q" has
      | field | value |
      | state | "off" |
    When I send GET "/operations/1"
    Then the answer has
      | field   | value     |
      | kind    | "preload" |
      | pool_id | "p"       |
      | phase   | "done"    |
    And "poolctl config" says of the declared pools
      | pool | file                               | autostart | state     | problem |
      | p    | "/etc/pool-managerd/pools.d/p.json" | true     | "applied" | null    |
      | q    | "/etc/pool-managerd/pools.d/q.json" | false    | "applied" | null    |
    When I run "poolctl status p"
    Then it prints "Declared: /etc/pool-managerd/pools.d/p.json"
    When I restart pool "q"
    Then the status of pool "q" comes to have "state" "ready"
    When the host is rebooted
    And the daemon is started
    Then the status of pool "p" comes to have "state" "ready"
    And the status of pool "p" has
      | field      | value |
      | generation | 2     |
    And the status of pool "q" has
      | field | value |
      | state | "off" |

  Scenario: A restart of the daemon and a reload touch nothing whose file is as it was
    Given pool "p" is declared
    And pool "stopped" is declared
    And the daemon is started
    And the status of pool "p" comes to have "state" "ready"
    And the status of pool "stopped" comes to have "state" "ready"
    When I stop pool "p"
    And I preload pool "p" with
      | field          | value     |
      | engine_version | "by-hand" |
    And I stop pool "stopped"
    And I remember the status of pool "p"
    And the declarations are read again
    And the daemon is restarted by systemctl
    And the declarations are read again
    Then the remembered engine of pool "p" still runs
    And the status of pool "p" has
      | field          | value     |
      | engine_version | "by-hand" |
      | generation     | 2         |
    And the status of pool "stopped" has
      | field | value |
      | state | "off" |
    When the host is rebooted
    And the daemon is started
    Then the status of pool "stopped" comes to have "state" "ready"
    And the status of pool "p" comes to have "state" "ready"
    And the status of pool "p" has
      | field          | value     |
      | engine_version | "by-hand" |

  Scenario: On a reload of the daemon new files are started, and those that are gone go with their pools
    Given pool "stays" is declared
    And pool "goes" is declared
    And the daemon is started
    And the status of pool "stays" comes to have "state" "ready"
    And the status of pool "goes" comes to have "state" "ready"
    And I remember the status of pool "stays"
    And I remember the status of pool "goes"
    And 1 leases of pool "goes" are out
    When pool "comes" is declared
    And the declaration of pool "goes" is removed
    And the declarations are read again
    Then the status of pool "comes" comes to have "state" "ready"
    And the status of pool "goes" comes to have "state" "draining"
    When the daemon is killed by SIGKILL
    And I release lease 1 of pool "goes"
    Then pool "goes" comes to be unknown
    And the remembered engine of pool "goes" is gone
    And the remembered engine of pool "stays" still runs
    When I send GET "/pools"
    Then the answer lists the pools "comes, stays"

  Scenario: A pool that was there before its file stays without it, and one that runs as declared is not touched
    Given the daemon runs
    And pool "p" is ready
    And I remember the status of pool "p"
    When pool "p" is declared
    And the declarations are read again
    Then the remembered engine of pool "p" still runs
    And the daemon has logged a line that contains "Pool p: it is as it is declared"
    When the declaration of pool "p" is masked
    And the declarations are read again
    Then the status of pool "p" comes to have "state" "off"
    And "poolctl config" tells of no declared pools

  Scenario: What changes in a file is done: in place, by a reload, or by another start
    Given pool "p" is declared
    And the daemon is started
    And the status of pool "p" comes to have "state" "ready"
    And I remember the status of pool "p"
    And I follow the events
    When pool "p" is declared with
      | field       | value                |
      | slots_total | 7                    |
      | policy      | {"restart_limit": 3} |
    And the declarations are read again
    Then the remembered engine of pool "p" still runs
    And the status of pool "p" comes to have "slots_total" 7
    When pool "p" is declared with
      | field          | value   |
      | engine_version | "b4712" |
    And the declarations are read again
    Then the status of pool "p" comes to have "engine_version" "b4712"
    And the status of pool "p" comes to have "state" "ready"
    And the status of pool "p" has
      | field       | value |
      | generation  | 2     |
      | slots_total | 7     |
    And an event tells that the operation "reload" of pool "p" has ended with
      | field   | value |
      | success | true  |
    When pool "p" is declared with
      | field          | value   |
      | engine_version | "b4713" |
      | replica_id     | "r1"    |
    And the declarations are read again
    Then the status of pool "p" comes to have "generation" 3
    And the status of pool "p" comes to have "replica_id" "r1"
    And the status of pool "p" comes to have "state" "ready"

  Scenario: A changed file of a pool that was stopped by hand is for its next start
    Given pool "p" is declared
    And the daemon is started
    And the status of pool "p" comes to have "state" "ready"
    And I stop pool "p"
    When pool "p" is declared with
      | field          | value   |
      | engine_version | "b4712" |
    And the declarations are read again
    Then the status of pool "p" comes to have "engine_version" "b4712"
    And the status of pool "p" has
      | field | value |
      | state | "off" |
    When I restart pool "p"
    Then the answer is 200
    And the status of pool "p" has
      | field          | value   |
      | engine_version | "b4712" |

  Scenario: A reload that fails leaves the engine from before; the file is tried again at the next boot
    Given pool "p" is declared
    And the daemon is started
    And the status of pool "p" comes to have "state" "ready"
    When pool "p" is declared with
      | field | value              |
      | flags | --exit-at-once 1   |
    And the declarations are read again
    Then the status of pool "p" comes to have "generation" 3
    And the status of pool "p" comes to have "state" "ready"
    When the host is rebooted
    And the daemon is started
    Then the status of pool "p" comes to have "state" "backoff"

  Scenario: A change whose leases are not back in time is tried again at the next reload of the daemon
    Given the daemon runs with
      """
      [Drain]
      DeadlineSec=0
      """
    And pool "p" is declared
    And the declarations are read again
    And the status of pool "p" comes to have "state" "ready"
    And 1 leases of pool "p" are out
    When pool "p" is declared with
      | field          | value   |
      | engine_version | "b4712" |
    And the declarations are read again
    Then the daemon has logged a line that contains "its declaration is tried again at the next reload"
    When I release lease 1 of pool "p"
    And the declarations are read again
    Then the status of pool "p" comes to have "engine_version" "b4712"

  Scenario: An engine that fails at its first start is tried again, and comes up in the end
    Given pool "p" is declared with
      | field  | value                       |
      | flags  | --exit-at-once 1            |
      | policy | {"backoff_initial_ms": 100} |
    And the daemon is started
    Then the status of pool "p" comes to have "restart_count" 1
    When I send GET "/operations/1"
    Then the answer has
      | field   | value     |
      | kind    | "preload" |
      | phase   | "failed"  |
    When pool "p" is declared
    And the declarations are read again
    Then the status of pool "p" comes to have "state" "ready"

  Scenario: An engine that cannot be executed is not tried again until its file changes
    Given pool "p" is declared with
      | field       | value           |
      | binary_path | "/nonexistent"  |
    And the daemon is started
    Then the status of pool "p" comes to have "state" "failed"
    And the status of pool "p" has
      | field            | value        |
      | last_error_class | "exec_setup" |
      | restart_count    | 0            |
    When the daemon is restarted by systemctl
    Then the status of pool "p" has
      | field      | value    |
      | state      | "failed" |
      | generation | 1        |
    When pool "p" is declared
    And the declarations are read again
    Then the status of pool "p" comes to have "state" "ready"

  Scenario: A file that cannot be used is told of, and neither its pool nor others are touched
    Given pool "p" is declared
    And pool "q" is declared
    And the daemon is started
    And the status of pool "p" comes to have "state" "ready"
    And the status of pool "q" comes to have "state" "ready"
    And I remember the status of pool "p"
    And I remember the status of pool "q"
    When pool "p" is declared by the text
      """
      {
        "pool_id": "p"
        "port": 1
      }
      """
    And pool "r" is declared with
      | field   | value |
      | pool_id | "s"   |
    And pool "a" is declared on the port of pool "q"
    And pool "u" is declared with
      | field  | value |
      | helth  | {}    |
    And pool "m" is declared with
      | field       | value  |
      | device_mask | "0,,1" |
    And everybody may write the declaration of pool "u"
    And the declarations are read again
    Then the status of pool "u" comes to have "state" "ready"
    And the remembered engine of pool "p" still runs
    And the remembered engine of pool "q" still runs
    And "poolctl config" says of the declared pools
      | pool | state     | problem                                                       |
      | p    | "invalid" | contains /etc/pool-managerd/pools.d/p.json:3: invalid JSON    |
      | q    | "applied" | null                                                          |
      | r    | "invalid" | contains /r.json: pool_id: the file is called r.json, so it must be "r", got "s" |
      | a    | "invalid" | contains is that of /etc/pool-managerd/pools.d/q.json: choose another port       |
      | m    | "invalid" | contains /m.json: device_mask:                                |
      | u    | "applied" | null                                                          |
    And the daemon has logged a line that contains "pools.d/p.json:3: invalid JSON at line 3"
    And the daemon has logged a line that contains "u.json: unknown field "helth" was ignored"
    And the daemon has logged a line that contains "u.json: everybody may write it"
    When I run "poolctl config"
    Then it prints a line with "r", "-", "/etc/pool-managerd/pools.d/r.json", "invalid"
    And it prints "so it must be "r""
    When I run "/usr/sbin/pool-managerd --print-config"
    Then it exits with 78
    And it complains of "pools.d/p.json:3: invalid JSON"
    And it complains of ": choose another port"
    And it prints "/etc/pool-managerd/pools.d/u.json: pool u, autostart on"

  Scenario: The stronger folder hides the others, and a link to /dev/null a pool
    Given pool "p" is declared in "/usr/lib/pool-managerd/pools.d" with
      | field          | value    |
      | engine_version | "vendor" |
    And pool "q" is declared in "/usr/lib/pool-managerd/pools.d"
    And pool "p" is declared with
      | field          | value |
      | engine_version | "own" |
    And the declaration of pool "q" is masked
    When the daemon is started
    Then the status of pool "p" comes to have "state" "ready"
    And the status of pool "p" has
      | field          | value |
      | engine_version | "own" |
    When I send GET "/pools"
    Then the answer lists the pools "p"

  @user
  Scenario: A user's daemon has pools of its own
    Given pool "p" is declared
    And the user declares pool "mine"
    And the service manager of a user runs
    And the user's daemon runs
    Then the status of pool "mine" comes to have "state" "ready"
    When I send GET "/pools"
    Then the answer lists the pools "mine"
