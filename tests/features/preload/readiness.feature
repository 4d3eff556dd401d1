# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A pool is ready when its engine has passed a health check, and not before

  Background:
    Given the daemon runs

  @llama-server @B-API-010 @B-API-011 @B-PRELOAD-005 @B-PRELOAD-021
  Scenario: A real llama-server becomes ready and answers
    When I preload pool "llama" with the real llama-server
    Then the answer is 200
    And the status of pool "llama" has
      | field | value   |
      | state | "ready" |
      | live  | true    |
      | ready | true    |
    And pool "llama" completes the prompt "Once upon a time"
    When I stop pool "llama"
    Then the answer is 200
    And nothing is left in pools.slice

  @B-API-010 @B-API-011 @B-PRELOAD-005 @B-PROC-020
  Scenario: The answer of a preload says what there is now
    When I preload pool "p"
    Then the answer is 200
    And the answer has
      | field        | value                                          |
      | pool_id      | "p"                                            |
      | pid          | a number                                       |
      | handoff_path | "/run/pool-managerd/engines/p-r0.json"         |
      | generation   | 1                                              |
      | unit         | "pool@p:r0:g1.service"                         |
      | warnings     | []                                             |
    And the pid in the answer is that of the engine of pool "p"

  @B-PRELOAD-020 @B-PRELOAD-021 @B-PRELOAD-022 @B-PRELOAD-023 @B-PRELOAD-012
  Scenario: An engine that does not pass is not ready, one that passes is
    Given a preload of pool "p" waits for its engine, which answers 503
    Then the status of pool "p" has
      | field | value     |
      | state | "warming" |
      | live  | true      |
      | ready | false     |
    And there is no file "engines/p-r0.json"
    And there is no file "engines/engine.json"
    When the engine of pool "p" becomes healthy
    Then the preload of pool "p" is answered with 200
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |
      | ready | true    |
    And there is a file "engines/p-r0.json"

  @B-PRELOAD-004 @B-API-015 @B-PROC-021 @B-PROC-022
  Scenario: The pid file is there before the first health check
    Given a preload of pool "p" waits for its engine, which answers 503
    Then the file "p.pid" holds the pid of the engine of pool "p"
    And the file "p.pid" is older than the first health check of pool "p"

  @B-PRELOAD-010
  Scenario Outline: An engine that answers anything but 200 is not healthy
    Given a preload of pool "p" waits for its engine, which answers <status>
    When the engine of pool "p" has had 5 health checks
    Then the preload of pool "p" still waits
    When the engine of pool "p" becomes healthy
    Then the preload of pool "p" is answered with 200

    Examples:
      | status |
      | 503    |
      | 500    |
      | 404    |
      | 302    |
      | 204    |
      | 201    |
      | 401    |

  @B-PRELOAD-014
  Scenario Outline: A 200 passes over HTTP/1.0 and HTTP/1.1
    When I preload pool "p" and its engine gets "<flags>"
    Then the answer is 200

    Examples:
      | flags    |
      | --http10 |
      |          |

  @B-PRELOAD-011
  Scenario: Without the ramp the pause between two checks is the interval of 500 ms
    Given the daemon runs with
      """
      [Health]
      Ramp=no
      """
    And a preload of pool "p" waits for its engine, which answers 503
    When the engine of pool "p" has had 5 health checks
    Then the pauses between the last 4 health checks of pool "p" are from 450 to 900 ms

  Scenario: With the ramp a quick engine is seen quickly
    When I preload pool "p" and its engine gets "--healthy-after-ms 100"
    Then the answer is 200
    And the first pauses between the health checks of pool "p" are under 100 ms
    And the answer came within 2000 ms

  Scenario: An engine that is healthy a little late becomes ready
    When I preload pool "p" and its engine gets "--healthy-after-ms 1500"
    Then the answer is 200

  Scenario: A preload may name another path for the health check
    When I preload pool "p" with
      | field  | value                                       |
      | health | {"path": "/v1/models"}                      |
      | flags  | --health-path /v1/models                    |
    Then the answer is 200

  Scenario: A health check that hangs is given up and tried again
    Given the daemon runs with
      """
      [Health]
      TryTimeoutSec=200ms
      """
    And a preload of pool "p" is under way and its engine gets "--hang-health"
    When the engine of pool "p" has had 3 health checks
    And the engine of pool "p" becomes healthy
    Then the preload of pool "p" is answered with 200

  Scenario Outline: Strange answers of an engine do no harm
    Given the daemon runs with
      """
      [Health]
      TryTimeoutSec=200ms
      TimeoutSec=2
      """
    When I preload pool "p" and its engine gets "<flags>"
    Then the daemon still answers
    And the pool "p" is <outcome>

    Examples:
      | flags                       | outcome   |
      | --slow-health-byte-ms 50    | not ready |
      | --big-headers --status 503  | not ready |
      | --status 0                  | not ready |
      | --status 999                | not ready |

  @B-PRELOAD-040 @B-PRELOAD-041 @B-PRELOAD-042 @B-PRELOAD-043 @B-PRELOAD-044 @B-API-016
  Scenario: The handoff file says how to reach the engine
    When I preload pool "p" with
      | field       | value          |
      | model_id    | "tiny"         |
      | slots_total | 2              |
      | flags       | -- one two     |
    Then the answer is 200
    And the file "engines/p-r0.json" has
      | field             | value                      |
      | engine            | "llamacpp"                 |
      | engine_version    | "fake-1.0"                 |
      | provisioning_mode | a string                   |
      | url               | contains http://127.0.0.1: |
      | pool_id           | "p"                        |
      | replica_id        | "r0"                       |
      | model.path        | contains model.gguf        |
      | model.id          | "tiny"                     |
      | device_mask       | null                       |
      | slots_total       | 2                          |
      | pid               | a number                   |
      | generation        | 1                          |
    And the flags in the file "engines/p-r0.json" are those of the preload of pool "p"
    And the file "engines/p-r0.json" is pretty JSON
    And the file "engines/engine.json" is a link to the file "engines/p-r0.json"

  @B-API-016
  Scenario: The link follows the handoff that was written last
    Given pool "one" is ready
    And pool "two" is ready
    Then the file "engines/engine.json" is a link to the file "engines/two-r0.json"
    When I stop pool "two"
    Then the file "engines/engine.json" does not lead to a file that is gone

  Scenario: A preload of what already runs changes nothing
    Given pool "p" is ready
    And I remember the status of pool "p"
    When I preload pool "p" again in the same way
    Then the answer is 200
    And the answer has
      | field      | value |
      | generation | 1     |
    And the status of pool "p" still has the same
      | field         |
      | pid           |
      | generation    |
      | invocation_id |
