# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Another model takes the place of the one that a pool serves
  Drained, provided, stopped, started; and when that fails, the engine from before serves the pool again.

  Background:
    Given the daemon runs with a model provisioner
    And there are the models
      | model | kind |
      | a     | good |
      | b     | good |
      | slow  | slow |
      | bad   | bad  |
      | dumb  | dumb |

  @B-RELOAD-001
  Scenario: The leases that are out are waited for first
    Given pool "p" is ready with the model "a"
    And 1 leases of pool "p" are out
    And I remember the status of pool "p"
    And a reload of pool "p" to "b" is under way
    Then the status of pool "p" has
      | field         | value      |
      | state         | "draining" |
      | draining      | true       |
      | live          | true       |
      | active_leases | 1          |
    And the provisioner was not asked
    And the remembered engine of pool "p" still runs
    When I take a lease of pool "p"
    Then the answer is the error 409 "DRAINING"
    When I release lease 1 of pool "p"
    Then the reload of pool "p" is answered with 200
    And pool "p" serves the model "b"
    When I take a lease of pool "p"
    Then the answer is 201

  @B-RELOAD-002
  Scenario: The model is provided by the model provisioner
    Given pool "p" is ready with the model "a"
    And I remember the status of pool "p"
    And a reload of pool "p" to "later:b" waits for the provisioner
    Then the remembered engine of pool "p" still runs
    And the status of pool "p" has
      | field    | value      |
      | state    | "draining" |
    When the model "b" may go on
    Then the reload of pool "p" is answered with 200
    And the provisioner was asked for "later:b"
    And no provisioner is left
    And pool "p" serves the model "b"
    And the status of pool "p" has
      | field    | value     |
      | model_id | "later:b" |

  Scenario: The provisioner that comes with the daemon
    Given the daemon runs with
      """
      """
    And pool "p" is ready with the model "a"
    When I reload pool "p" to "file:/var/lib/pool-managerd-tests/b.gguf"
    Then the answer is 200
    And pool "p" serves the model "b"
    When I reload pool "p" to "/var/lib/pool-managerd-tests/none.gguf"
    Then the answer is the error 500 "RELOAD_FAILED"
    And the error text contains "none.gguf"
    And pool "p" serves the model "b"

  @B-RELOAD-003
  Scenario: The old engine goes
    Given pool "p" is ready with the model "a"
    And I remember the status of pool "p"
    When I reload pool "p" to "b"
    Then the answer is 200
    And the remembered engine of pool "p" is gone
    And there is no unit of pool "p" but that of its engine
    And no unit has failed

  @B-RELOAD-004
  Scenario: The new engine gets the new model wherever it got the old one
    Given pool "p" is ready with the model "a"
    When I reload pool "p" to "b"
    Then the answer is 200
    And the answer has
      | field              | value       |
      | pool_id            | "p"         |
      | success            | true        |
      | rolled_back        | false       |
      | new_engine_version | "fake-1.0"  |
      | duration_ms        | a number    |
    And pool "p" serves the model "b"
    And the engine of pool "p" was given
      | argument                                     |
      | --model                                      |
      | /var/lib/pool-managerd-tests/b.gguf          |
      | --again=/var/lib/pool-managerd-tests/b.gguf  |
    And the status of pool "p" has
      | field      | value |
      | generation | 2     |
      | model_id   | "b"   |

  @B-RELOAD-005
  Scenario: The new engine is waited for
    Given pool "p" is ready with the model "a"
    And a reload of pool "p" to "slow" is under way
    Then pool "p" becomes "warming"
    And the reload of pool "p" still waits
    And the status of pool "p" has
      | field | value |
      | ready | false |
    And there is no file "engines/p-r0.json"
    When the model "slow" may go on
    Then the reload of pool "p" is answered with 200
    And pool "p" serves the model "slow"

  @B-RELOAD-006
  Scenario: Then the pool is ready, and all interfaces know
    Given pool "p" is ready with the model "a"
    And I follow the events of pool "p"
    When I reload pool "p" to "b"
    Then the answer is 200
    And pool "p" goes through "draining, stopping, ready"
    And the status of pool "p" has
      | field            | value |
      | ready            | true  |
      | live             | true  |
      | draining         | false |
      | last_error       | null  |
      | last_error_class | null  |
    And the health of pool "p" has
      | field    | value |
      | ready    | true  |
      | draining | false |

  @B-RELOAD-007
  Scenario Outline: When the new engine fails, the old one is back
    Given pool "p" is ready with the model "a" and
      | field  | value                |
      | health | {"timeout_ms": 1500} |
    And I remember the status of pool "p"
    When I reload pool "p" to "<model>"
    Then the answer is the error 500 "RELOAD_FAILED"
    And the error text contains "<why>"
    And the answer has
      | field              | value    |
      | pool_id            | "p"      |
      | success            | false    |
      | rolled_back        | true     |
      | new_engine_version | null     |
      | duration_ms        | a number |
    And pool "p" serves the model "a"
    And the status of pool "p" has
      | field            | value          |
      | generation       | 3              |
      | engine_version   | "fake-1.0"     |
      | last_error       | contains <why> |
      | last_error_class | "<class>"      |
    And the remembered engine of pool "p" is gone
    And there is no unit of pool "p" but that of its engine
    And no unit has failed
    When I take a lease of pool "p"
    Then the answer is 201

    Examples:
      | model | why                                           | class         |
      | bad   | its output: error: this model is bad          | process_exit  |
      | dumb  | did not become healthy within 1500 ms         | start_timeout |

  @B-RELOAD-007
  Scenario: A binary that is not there is no end of the pool
    Given pool "p" is ready with the model "a"
    When I reload pool "p" to a prepared engine with the model "b" and
      | field       | value       |
      | binary_path | "/no/where" |
    Then the answer is the error 500 "RELOAD_FAILED"
    And the error text contains "could not be executed"
    And pool "p" serves the model "a"

  @B-RELOAD-007
  Scenario Outline: When the model cannot be provided, nothing has changed
    Given pool "p" is ready with the model "a"
    And I remember the status of pool "p"
    When I reload pool "p" to "<reference>"
    Then the answer is the error 500 "RELOAD_FAILED"
    And the error text contains "<why>"
    And the answer has
      | field       | value |
      | success     | false |
      | rolled_back | true  |
    And pool "p" serves the model "a"
    And the status of pool "p" still has the same
      | field          |
      | pid            |
      | generation     |
      | engine_version |
      | model_id       |
      | url            |
    And the status of pool "p" has
      | field            | value          |
      | last_error       | contains <why> |
      | last_error_class | "provision"    |
    And no provisioner is left

    Examples:
      | reference | why                  |
      | missing   | no such model: missing |
      | nonsense  | model_path           |

  @B-RELOAD-008
  Scenario: The registry tells of the new engine when it is ready
    Given pool "p" is ready with the model "a"
    When I reload pool "p" to a prepared engine with the model "b" and
      | field          | value      |
      | engine_version | "fake-2.0" |
      | engine_digest  | "sha256:2" |
    Then the answer is 200
    And the answer has
      | field              | value      |
      | new_engine_version | "fake-2.0" |
    And the provisioner was not asked
    And pool "p" serves the model "b"
    And the status of pool "p" has
      | field          | value      |
      | engine_version | "fake-2.0" |
      | engine_digest  | "sha256:2" |
    And the handoff of pool "p" has
      | field          | value      |
      | engine_version | "fake-2.0" |

  @B-RELOAD-008
  Scenario: A reload that fails leaves the registry as it was
    Given pool "p" is ready with the model "a"
    And pool "p" has been updated with
      | field   | value |
      | version | "v7"  |
    When I reload pool "p" to a prepared engine with the model "bad" and
      | field          | value      |
      | engine_version | "fake-2.0" |
      | slots_total    | 4          |
    Then the answer is the error 500 "RELOAD_FAILED"
    And the status of pool "p" has
      | field          | value      |
      | engine_version | "fake-1.0" |
      | slots_total    | null       |
      | version        | "v7"       |

  @B-RELOAD-009
  Scenario: Pool and device mask stay
    Given pool "p" is ready with the model "a" and
      | field       | value |
      | device_mask | "0,1" |
    When I reload pool "p" to a prepared engine with the model "b"
    Then the answer is 200
    And the status of pool "p" has
      | field       | value |
      | pool_id     | "p"   |
      | device_mask | "0,1" |
    When I reload pool "p" to "a"
    Then the answer is 200
    And the status of pool "p" has
      | field       | value |
      | device_mask | "0,1" |
    When I reload pool "p" to a prepared engine with the model "b" and
      | field       | value |
      | device_mask | "2"   |
    Then the answer is the error 400 "INVALID_FIELD" for "prepared.device_mask"
    And pool "p" serves the model "a"

  Scenario Outline: A reload to what runs already touches nothing
    Given pool "p" is ready with the model "a"
    And 1 leases of pool "p" are out
    And I remember the status of pool "p"
    When I reload pool "p" to "<reference>"
    Then the answer is 200
    And the answer has
      | field       | value |
      | success     | true  |
      | rolled_back | false |
    And the provisioner was not asked
    And the status of pool "p" still has the same
      | field         |
      | pid           |
      | generation    |
      | active_leases |

    Examples:
      | reference                                |
      | /var/lib/pool-managerd-tests/a.gguf      |
      | file:/var/lib/pool-managerd-tests/a.gguf |

  Scenario: A reload to the reference of the last one touches nothing
    Given pool "p" is ready with the model "a"
    When I reload pool "p" to "b"
    Then the answer is 200
    When I reload pool "p" to "b"
    Then the answer is 200
    And the provisioner was asked for "b"
    And the status of pool "p" has
      | field      | value |
      | generation | 2     |

  Scenario: A reload whose drain takes too long is given up, with the leases as they were
    Given pool "p" is ready with the model "a"
    And 2 leases of pool "p" are out
    And I remember the status of pool "p"
    When I reload pool "p" to "b" with
      | field             | value |
      | drain_deadline_ms | 300   |
    Then the answer is the error 500 "RELOAD_FAILED"
    And the error text contains "leases are still out: 2"
    And the answer took at least 300 ms
    And the provisioner was not asked
    And pool "p" serves the model "a"
    And the status of pool "p" still has the same
      | field      |
      | pid        |
      | generation |
    And the status of pool "p" has
      | field            | value           |
      | active_leases    | 2               |
      | last_error_class | "drain_timeout" |
    When I release lease 1 of pool "p"
    Then the answer is 200
    When I take a lease of pool "p"
    Then the answer is 201

  Scenario: When not even the old engine comes back, the supervision goes on trying
    Given the daemon runs with a model provisioner
      """
      [Backoff]
      InitialSec=1h
      MaxSec=1h
      """
    And pool "p" is ready with the model "a"
    And there are the models
      | model | kind |
      | a     | bad  |
    When I reload pool "p" to "bad"
    Then the answer is the error 500 "RELOAD_FAILED"
    And the error text contains "the engine from before does not start"
    And the answer has
      | field       | value |
      | success     | false |
      | rolled_back | false |
    And the status of pool "p" has
      | field      | value                                   |
      | state      | "backoff"                               |
      | model_path | "/var/lib/pool-managerd-tests/a.gguf"   |

  Scenario: A stop ends a reload that waits for its model
    Given pool "p" is ready with the model "a"
    And a reload of pool "p" to "later:b" waits for the provisioner
    When I stop pool "p"
    Then the answer is 200
    And the reload of pool "p" is answered with 409
    And the answer is the error 409 "CANCELLED"
    And no provisioner is left
    And the status of pool "p" has
      | field      | value                                 |
      | state      | "off"                                 |
      | model_path | "/var/lib/pool-managerd-tests/a.gguf" |
    And nothing is left in pools.slice

  Scenario: A stop ends a reload whose new engine is not ready yet
    Given pool "p" is ready with the model "a"
    And a reload of pool "p" to "slow" is under way
    Then pool "p" becomes "warming"
    When I stop pool "p"
    Then the answer is 200
    And the reload of pool "p" is answered with 409
    And nothing is left in pools.slice
    When I restart pool "p"
    Then the answer is 200
    And pool "p" serves the model "a"

  Scenario: Nothing else may be done with the pool meanwhile
    Given pool "p" is ready with the model "a"
    And a reload of pool "p" to "later:b" waits for the provisioner
    When I reload pool "p" to "a"
    Then the answer is the error 409 "OPERATION_IN_PROGRESS"
    When I drain pool "p"
    Then the answer is the error 409 "OPERATION_IN_PROGRESS"
    When I restart pool "p"
    Then the answer is the error 409 "OPERATION_IN_PROGRESS"
    When the model "b" may go on
    Then the reload of pool "p" is answered with 200

  Scenario Outline: A pool that has no engine cannot be reloaded
    Given <given>
    When I reload pool "p" to "b"
    Then the answer is the error <status> "<code>"

    Examples:
      | given                           | status | code           |
      | the preload of pool "p" has failed | 404 | NO_ENGINE      |
      | pool "p" is registered          | 404    | NO_ENGINE      |
      | pool "q" is registered          | 404    | POOL_NOT_FOUND |

  Scenario: The old engine crashes while the new model is fetched
    Given pool "p" is ready with the model "a"
    And a reload of pool "p" to "later:b" waits for the provisioner
    When the main process of pool "p" is killed
    Then the reload of pool "p" is answered with 500
    And the answer has
      | field       | value |
      | success     | false |
      | rolled_back | true  |
    And the error text contains "SIGKILL"
    And pool "p" serves the model "a"
    And no provisioner is left

  Scenario: The daemon is killed while the model is fetched, and goes on waiting for it
    Given pool "p" is ready with the model "a"
    And I remember the status of pool "p"
    And a reload of pool "p" to "later:b" waits for the provisioner
    When the daemon is killed by SIGKILL
    Then the connection of the reload of pool "p" is gone
    And the remembered engine of pool "p" still runs
    And the status of pool "p" has
      | field    | value      |
      | state    | "draining" |
      | draining | true       |
    When the model "b" may go on
    Then pool "p" becomes "ready"
    And pool "p" serves the model "b"
    And the provisioner was asked for "later:b"
    And no provisioner is left

  Scenario: The daemon is killed while the new engine starts, and goes on with it
    Given pool "p" is ready with the model "a"
    And a reload of pool "p" to "slow" is under way
    Then pool "p" becomes "warming"
    When the daemon is killed by SIGKILL
    And the model "slow" may go on
    Then pool "p" becomes "ready"
    And pool "p" serves the model "slow"

  Scenario: The daemon is killed while a new engine starts that is no good, and brings the old one back
    Given pool "p" is ready with the model "a" and
      | field  | value                |
      | health | {"timeout_ms": 4000} |
    And a reload of pool "p" to "dumb" is under way
    Then pool "p" becomes "warming"
    When the daemon is killed by SIGKILL
    Then pool "p" becomes ready with generation 3
    And pool "p" serves the model "a"
    And the status of pool "p" has
      | field            | value           |
      | last_error_class | "start_timeout" |

  Scenario: A control plane reloads and drains over the paths that it knows
    Given pool "p" is ready with the model "a"
    When a control plane reloads pool "p" to "b", and drains it
    Then the status of pool "p" has
      | field | value |
      | state | "off" |

  @llama-server
  Scenario: The real llama-server serves another model
    Given the daemon runs with
      """
      """
    And there is a second model for the real llama-server
    When I preload pool "p" with the real llama-server
    Then the answer is 200
    When I reload pool "p" to the second model
    Then the answer is 200
    And pool "p" completes the prompt "Once upon a time"
    And the status of pool "p" has
      | field      | value |
      | generation | 2     |
      | ready      | true  |
