# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A pool is drained before its engine is stopped
  No new leases, those that are out are waited for, at most until the deadline, then the engine goes.

  Background:
    Given the daemon runs

  @B-DRAIN-001
  Scenario: A pool that was told to drain says so
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    When I drain pool "p"
    Then the answer is 202
    And the answer has
      | field     | value    |
      | operation | a number |
      | pool_id   | "p"      |
    And the answer leads to its operation under "/operations/"
    And the answer has no header "Preference-Applied"
    And the status of pool "p" has
      | field    | value      |
      | state    | "draining" |
      | draining | true       |
    And the health of pool "p" has
      | field    | value |
      | draining | true  |

  @B-DRAIN-002
  Scenario: A draining pool grants no lease
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And a drain of pool "p" is under way
    When I take a lease of pool "p"
    Then the answer is the error 409 "DRAINING"
    And the error text contains "pool is draining"
    And pool "p" has 1 active lease
    And the drain of pool "p" still waits

  @B-DRAIN-003
  Scenario: The leases that are out stay, and so does the engine that they are for
    Given pool "p" is ready
    And 2 leases of pool "p" are out
    And I remember the status of pool "p"
    And a drain of pool "p" is under way
    Then the status of pool "p" has
      | field         | value |
      | live          | true  |
      | active_leases | 2     |
    And the engine of pool "p" answers
    And the status of pool "p" still has the same
      | field      |
      | pid        |
      | generation |
      | url        |
    When I release lease 2 of pool "p"
    Then the answer is 200
    And the answer has
      | field         | value |
      | active_leases | 1     |
    When I release lease 2 of pool "p"
    Then the answer is the error 404 "LEASE_NOT_FOUND"
    When I release lease 1 of pool "p"
    Then the answer is 200
    And the answer has
      | field         | value |
      | active_leases | 0     |
    And the drain of pool "p" is answered with 200

  @B-DRAIN-004
  Scenario: The last lease is waited for
    Given pool "p" is ready
    And 3 leases of pool "p" are out
    And a drain of pool "p" is under way
    When I release lease 1 of pool "p"
    And I release an anonymous lease of pool "p"
    Then pool "p" has 1 active lease
    And the status of pool "p" has
      | field | value      |
      | state | "draining" |
    And the drain of pool "p" still waits
    When I release lease 3 of pool "p"
    Then the drain of pool "p" is answered with 200
    And the answer has
      | field             | value        |
      | pool_id           | "p"          |
      | force_stopped     | false        |
      | final_lease_count | 0            |
      | duration_ms       | at most 9000 |

  @B-DRAIN-005
  Scenario: At the deadline the engine is stopped under the leases that are out
    Given pool "p" is ready
    And 2 leases of pool "p" are out
    And I remember the status of pool "p"
    When I drain pool "p" within 600 ms and wait
    Then the answer is 200
    And the answer took at least 600 ms
    And the answer has
      | field             | value         |
      | pool_id           | "p"           |
      | force_stopped     | true          |
      | final_lease_count | 2             |
      | duration_ms       | at least 600  |
    And the remembered engine of pool "p" is gone
    And the status of pool "p" has
      | field         | value |
      | state         | "off" |
      | draining      | false |
      | active_leases | 0     |
    And nothing is left in pools.slice
    When I release lease 1 of pool "p"
    Then the answer is the error 404 "LEASE_NOT_FOUND"

  @B-DRAIN-006
  Scenario: With the last lease the engine goes, and all that is left of it
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And I remember the status of pool "p"
    And a drain of pool "p" is under way
    Then the remembered engine of pool "p" still runs
    When I release lease 1 of pool "p"
    Then the drain of pool "p" is answered with 200
    And the remembered engine of pool "p" is gone
    And the journal has a line "asked to stop" of the engine of pool "p"
    And the status of pool "p" has
      | field      | value |
      | state      | "off" |
      | live       | false |
      | pid        | null  |
      | last_error | null  |
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"
    And nothing is left in pools.slice
    And no unit has failed

  @B-DRAIN-007
  Scenario: A draining pool is not ready, though its engine is well
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    Then the health of pool "p" has
      | field | value |
      | ready | true  |
    When I drain pool "p"
    Then the health of pool "p" has
      | field      | value |
      | live       | true  |
      | ready      | false |
      | last_error | null  |
    And the status of pool "p" has
      | field | value |
      | ready | false |

  Scenario: Without leases there is nothing to wait for
    Given pool "p" is ready
    When I drain pool "p" and wait
    Then the answer is 200
    And the answer came within 5000 ms
    And the answer has
      | field             | value |
      | force_stopped     | false |
      | final_lease_count | 0     |
    And the status of pool "p" has
      | field | value |
      | state | "off" |
    And nothing is left in pools.slice

  Scenario: With no time at all the leases are not waited for
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    When I drain pool "p" within 0 ms and wait
    Then the answer is 200
    And the answer came within 5000 ms
    And the answer has
      | field             | value |
      | force_stopped     | true  |
      | final_lease_count | 1     |

  Scenario: With no time and no leases nothing is forced
    Given pool "p" is ready
    When I drain pool "p" within 0 ms and wait
    Then the answer has
      | field             | value |
      | force_stopped     | false |
      | final_lease_count | 0     |

  Scenario: The deadline is configured where the caller gives none
    Given the daemon runs with
      """
      [Drain]
      DeadlineSec=500ms
      """
    And pool "p" is ready
    And 1 leases of pool "p" are out
    When I drain pool "p" and wait
    Then the answer has
      | field         | value         |
      | force_stopped | true          |
      | duration_ms   | at least 500  |

  Scenario: The configured deadline is only for those who give none
    Given the daemon runs with
      """
      [Drain]
      DeadlineSec=0
      """
    And pool "p" is ready
    And 1 leases of pool "p" are out
    And a drain of pool "p" within 60000 ms is under way
    Then the drain of pool "p" still waits
    When I release lease 1 of pool "p"
    Then the drain of pool "p" is answered with 200
    And the answer has
      | field         | value |
      | force_stopped | false |

  Scenario: A forced drain is a warning that names how many leases were out
    Given pool "p" is ready
    And 3 leases of pool "p" are out
    When I drain pool "p" within 100 ms and wait
    Then the answer is 200
    And the daemon has warned of pool "p" with
      | field          | value |
      | ACTIVE_LEASES  | 3     |

  Scenario: A drain that goes well warns of nothing
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And a drain of pool "p" is under way
    When I release lease 1 of pool "p"
    Then the drain of pool "p" is answered with 200
    And the daemon has logged a line that contains "draining, 1 lease"
    And the daemon has complained of nothing

  Scenario: The handoff is there while leases are out, and gone before the engine is asked to stop
    Given the daemon runs with
      """
      [Liveness]
      IntervalSec=50ms
      """
    And I preload pool "p" with an engine that watches its handoff
    And 1 leases of pool "p" are out
    And a drain of pool "p" is under way
    Then there is a file "engines/p-r0.json"
    And the journal has a line "checked: the handoff is there" of the engine of pool "p"
    When I release lease 1 of pool "p"
    Then the drain of pool "p" is answered with 200
    And the journal has a line "asked to stop: the handoff is gone" of the engine of pool "p"

  Scenario: A second drain joins the first, whose deadline holds
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    When I drain pool "p" within 60000 ms
    And I remember the operation in the answer
    And I drain pool "p" within 0 ms
    Then the answer is 202
    And the answer names the same operation
    And the status of pool "p" has
      | field         | value      |
      | state         | "draining" |
      | active_leases | 1          |
    When I release lease 1 of pool "p"
    Then the remembered operation ends with
      | field         | value |
      | force_stopped | false |

  Scenario: A second drain with more time does not put the first one off
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    When I drain pool "p" within 1500 ms
    And I remember the operation in the answer
    And a drain of pool "p" within 60000 ms is under way
    Then the drain of pool "p" is answered with 200
    And the answer has
      | field         | value        |
      | force_stopped | true         |
      | duration_ms   | at most 9000 |
    And the remembered operation ends with
      | field         | value |
      | force_stopped | true  |

  Scenario: A stop does not wait: it takes the drain's place
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And a drain of pool "p" is under way
    When I stop pool "p"
    Then the answer is 200
    And the answer has
      | field         | value |
      | force_stopped | false |
    And the drain of pool "p" is answered with 409
    And the answer is the error 409 "CANCELLED"
    And the status of pool "p" has
      | field         | value |
      | state         | "off" |
      | active_leases | 0     |
    And nothing is left in pools.slice

  Scenario: A stop while the drain is already stopping the engine
    When I preload pool "p" with
      | field         | value            |
      | stop_grace_ms | 1500             |
      | flags         | --ignore-sigterm |
    And I drain pool "p"
    And I remember the operation in the answer
    And pool "p" becomes "stopping"
    And I stop pool "p"
    Then the answer is 200
    And the remembered operation ends with
      | field | value       |
      | code  | "CANCELLED" |

  Scenario: A removal by force ends a drain
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And a drain of pool "p" is under way
    When I deregister pool "p"
    Then the answer is the error 409 "ALREADY_RUNNING"
    When I deregister pool "p" by force
    Then the answer is 200
    And the drain of pool "p" is answered with 409
    And the answer is the error 409 "CANCELLED"
    And pool "p" is not known
    And nothing is left in pools.slice

  Scenario: A draining pool takes no other command
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And a drain of pool "p" is under way
    When I restart pool "p"
    Then the answer is the error 409 "OPERATION_IN_PROGRESS"
    When I preload pool "p" again in the same way
    Then the answer is the error 409 "OPERATION_IN_PROGRESS"
    And the drain of pool "p" still waits

  Scenario: An engine that dies while it is drained
    Given pool "p" is ready
    And 2 leases of pool "p" are out
    And a drain of pool "p" is under way
    When the engine of pool "p" is killed
    Then the drain of pool "p" is answered with 200
    And the answer has
      | field             | value |
      | force_stopped     | false |
      | final_lease_count | 2     |
    And the status of pool "p" has
      | field            | value    |
      | state            | "failed" |
      | draining         | false    |
      | active_leases    | 0        |
      | crash_count      | 1        |
      | last_error_class | "signal" |
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"
    And no unit has failed

  Scenario: An engine that turns unhealthy while it is drained
    Given the daemon runs with
      """
      [Liveness]
      IntervalSec=50ms
      Failures=2
      """
    And pool "p" is ready
    And 1 leases of pool "p" are out
    And a drain of pool "p" is under way
    When the engine of pool "p" turns unhealthy
    Then the drain of pool "p" is answered with 200
    And the answer has
      | field             | value |
      | final_lease_count | 1     |
    And the status of pool "p" has
      | field            | value                  |
      | last_error_class | "health_check_failure" |
    And nothing is left in pools.slice

  Scenario: A lease that ends with its time ends the drain
    Given pool "p" is ready
    And a lease of pool "p" is out for 1500 ms
    And a drain of pool "p" is under way
    Then the drain of pool "p" is answered with 200
    And the answer has
      | field             | value |
      | force_stopped     | false |
      | final_lease_count | 0     |

  Scenario: A lease that ends with its holder's connection ends the drain
    Given pool "p" is ready
    And a lease of pool "p" is held over the bus
    And a drain of pool "p" is under way
    When the connection that holds it is closed
    Then the drain of pool "p" is answered with 200
    And the answer has
      | field             | value |
      | force_stopped     | false |
      | final_lease_count | 0     |

  Scenario: The daemon dies, the drain goes on
    Given pool "p" is ready
    And 2 leases of pool "p" are out
    And I remember the status of pool "p"
    When I drain pool "p" within 60000 ms
    And I remember the operation in the answer
    And the daemon is killed by SIGKILL
    Then the status of pool "p" has
      | field         | value |
      | live          | true  |
      | ready         | false |
      | draining      | true  |
      | active_leases | 2     |
    And the status of pool "p" still has the same
      | field      |
      | pid        |
      | generation |
    And the remembered operation has
      | field   | value   |
      | kind    | "drain" |
      | pool_id | "p"     |
    When I take a lease of pool "p"
    Then the answer is the error 409 "DRAINING"
    When I drain pool "p"
    Then the answer is 202
    And the answer names the same operation
    When I release lease 1 of pool "p"
    And I release lease 2 of pool "p"
    Then the remembered operation ends with
      | field             | value |
      | force_stopped     | false |
      | final_lease_count | 0     |
    And the remembered engine of pool "p" is gone
    And nothing is left in pools.slice

  Scenario: The deadline does not begin anew with the daemon
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And a lease of pool "p" is out for 2500 ms
    When I drain pool "p" within 3500 ms
    And I remember the operation in the answer
    And pool "p" comes to have 1 active lease
    And the daemon is killed by SIGKILL
    Then the remembered operation ends with
      | field             | value         |
      | force_stopped     | true          |
      | final_lease_count | 1             |
      | duration_ms       | at least 3500 |
      | duration_ms       | at most 5500  |

  Scenario: The deadline was over while there was no daemon
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    When I drain pool "p" within 2000 ms
    And I remember the operation in the answer
    And the daemon is stopped until the deadline of pool "p" is over
    And the daemon is started
    Then the remembered operation ends with
      | field             | value |
      | force_stopped     | true  |
      | final_lease_count | 1     |
    And nothing is left in pools.slice

  Scenario: The daemon dies while a drain is stopping the engine
    When I preload pool "p" with
      | field         | value            |
      | stop_grace_ms | 2000             |
      | flags         | --ignore-sigterm |
    And 2 leases of pool "p" are out
    And I drain pool "p" within 0 ms
    And I remember the operation in the answer
    And pool "p" becomes "stopping"
    And the daemon is killed by SIGKILL
    Then the remembered operation ends with
      | field             | value |
      | force_stopped     | true  |
      | final_lease_count | 2     |
    And pool "p" becomes "off"
    And nothing is left in pools.slice

  Scenario: The engine died while there was no daemon to drain it
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    When I drain pool "p"
    And I remember the operation in the answer
    And the daemon is stopped
    And the engine of pool "p" is killed
    And the daemon is started
    Then the remembered operation ends with
      | field             | value |
      | force_stopped     | false |
      | final_lease_count | 1     |
    And the status of pool "p" has
      | field         | value    |
      | state         | "failed" |
      | draining      | false    |
      | active_leases | 0        |

  Scenario: The holder of a lease left while there was no daemon
    Given pool "p" is ready
    And a lease of pool "p" is held over the bus
    When I drain pool "p"
    And I remember the operation in the answer
    And the daemon is stopped
    And the connection that holds it is closed
    And the daemon is started
    Then the remembered operation ends with
      | field             | value |
      | force_stopped     | false |
      | final_lease_count | 0     |

  Scenario: Two restarts of the daemon, the second while the engine is looked at
    Given the daemon runs with
      """
      [Liveness]
      IntervalSec=60s
      """
    And pool "p" is ready
    And 1 leases of pool "p" are out
    And the engine of pool "p" turns unhealthy
    When I drain pool "p" within 60000 ms
    And I remember the operation in the answer
    And the daemon is killed by SIGKILL
    Then the status of pool "p" has
      | field    | value      |
      | state    | "adopting" |
      | draining | true       |
    When I update pool "p" with
      | field   | value |
      | version | "2"   |
    And the engine of pool "p" becomes healthy
    And the daemon is killed by SIGKILL
    Then pool "p" becomes "draining"
    When I release lease 1 of pool "p"
    Then the remembered operation ends with
      | field         | value |
      | force_stopped | false |

  Scenario: A start after a drain clears it
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    When I drain pool "p" within 0 ms and wait
    Then the answer is 200
    When I preload pool "p" again in the same way
    Then the answer is 200
    And the status of pool "p" has
      | field    | value   |
      | state    | "ready" |
      | ready    | true    |
      | draining | false   |
    When I take a lease of pool "p"
    Then the answer is 201
    And the answer has
      | field         | value |
      | active_leases | 1     |
      | generation    | 2     |

  Scenario: A restart after a drain clears it too
    Given pool "p" is ready
    When I drain pool "p" and wait
    And I restart pool "p"
    Then the answer is 200
    And the status of pool "p" has
      | field    | value   |
      | state    | "ready" |
      | draining | false   |

  Scenario: There is nothing to drain
    When I drain pool "nobody"
    Then the answer is the error 404 "POOL_NOT_FOUND"
    Given pool "p" is registered
    When I drain pool "p"
    Then the answer is the error 404 "NO_ENGINE"
    And the error text contains "no engine to drain"
    Given the preload of pool "f" has failed
    When I drain pool "f"
    Then the answer is the error 404 "NO_ENGINE"
    When I drain pool "f" and wait
    Then the answer is the error 404 "NO_ENGINE"

  Scenario: An engine of somebody else is not ours to drain
    Given somebody else runs an engine for pool "ext"
    And pool "ext" has been handed over
    When I drain pool "ext"
    Then the answer is the error 404 "NO_ENGINE"
    And the error text contains "somebody else"
    And the external engine of pool "ext" still runs
    And the status of pool "ext" has
      | field    | value |
      | ready    | true  |
      | draining | false |

  Scenario: A pool that is about to start is not drained
    Given a preload of pool "p" waits for its engine, which answers 503
    When I drain pool "p" and wait
    Then the answer is the error 409 "OPERATION_IN_PROGRESS"
    And the error text contains "stop the pool"
    And the preload of pool "p" still waits
    When the engine of pool "p" becomes healthy
    Then the preload of pool "p" is answered with 200

  Scenario: A pool that is being stopped is not drained
    When I preload pool "p" with
      | field         | value            |
      | stop_grace_ms | 1500             |
      | flags         | --ignore-sigterm |
    And a stop of pool "p" is under way
    And I drain pool "p" and wait
    Then the answer is the error 409 "OPERATION_IN_PROGRESS"
    And the stop of pool "p" is answered with 200

  Scenario Outline: A body that is wrong changes nothing: <body>
    Given pool "p" is ready
    When I drain pool "p" with the body <body>
    Then the answer is the error 400 "<code>"
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |

    Examples:
      | body                      | code          |
      | {"deadline_ms": -1}       | INVALID_FIELD |
      | {"deadline_ms": 86400001} | INVALID_FIELD |
      | {"deadline_ms": 1.5}      | INVALID_FIELD |
      | {"deadline_ms": "30s"}    | INVALID_FIELD |
      | []                        | INVALID_JSON  |
      | {"deadline_ms":           | INVALID_JSON  |

  Scenario: The error of a bad deadline names the field
    Given pool "p" is ready
    When I drain pool "p" with the body {"deadline_ms": "soon"}
    Then the answer is the error 400 "INVALID_FIELD" for "deadline_ms"

  Scenario: The service that owns the pools calls it under /v2
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    When I send POST "/v2/pools/p/drain" with the JSON {"deadline_ms": 60000}
    Then the answer is 202
    And the answer leads to its operation under "/v2/operations/"
    When I look the operation up
    Then the answer has
      | field   | value      |
      | kind    | "drain"    |
      | pool_id | "p"        |
      | phase   | "draining" |
    When I release lease 1 of pool "p"
    Then the operation has ended with
      | field             | value |
      | pool_id           | "p"   |
      | force_stopped     | false |
      | final_lease_count | 0     |
    When I send POST "/v2/pools/p/drain" with the JSON {"deadline_ms": 60000}
    Then the answer is the error 404 "NO_ENGINE"

  Scenario: Events tell of each step
    Given I follow the events
    And pool "p" is ready
    And 1 leases of pool "p" are out
    When I drain pool "p" within 200 ms
    Then an event tells that pool "p" is "draining"
    And an event tells that pool "p" is "stopping"
    And an event tells that pool "p" is "off"
    And an event tells that the operation "drain" of pool "p" has ended with
      | field             | value |
      | force_stopped     | true  |
      | final_lease_count | 1     |
    And no event is missing and none came twice

  Scenario: Pools are drained each for itself
    Given pool "p" is ready
    And pool "q" is ready
    And 1 leases of pool "p" are out
    And a drain of pool "p" is under way
    When I take a lease of pool "q"
    Then the answer is 201
    And the status of pool "q" has
      | field    | value   |
      | state    | "ready" |
      | draining | false   |
    When I release lease 1 of pool "p"
    Then the drain of pool "p" is answered with 200
    And the status of pool "q" has
      | field         | value   |
      | state         | "ready" |
      | active_leases | 1       |

  @llama-server
  Scenario: A real llama-server is drained
    Given I preload pool "p" with the real llama-server
    And 1 leases of pool "p" are out
    And a drain of pool "p" is under way
    Then pool "p" completes the prompt "one"
    When I release lease 1 of pool "p"
    Then the drain of pool "p" is answered with 200
    And the answer has
      | field         | value |
      | force_stopped | false |
    And nothing is left in pools.slice
