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

  Scenario: A port that is taken
    Given pool "one" is ready
    When I preload pool "two" on the port of pool "one"
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the status of pool "two" has
      | field | value    |
      | state | "failed" |
    And the status of pool "one" has
      | field | value   |
      | state | "ready" |

  Scenario: After a failure the pool can be preloaded again
    Given the preload of pool "p" has failed
    When I preload pool "p"
    Then the answer is 200
    And the answer has
      | field      | value |
      | generation | 2     |
    And the status of pool "p" has
      | field            | value   |
      | state            | "ready" |
      | last_error       | null    |
      | last_error_class | null    |

  @B-PRELOAD-004 @B-PRELOAD-005 @B-PRELOAD-020 @B-PRELOAD-021 @B-PRELOAD-022 @B-PRELOAD-023 @B-PRELOAD-024
  Scenario: The whole way of a preload that goes well
    Given a preload of pool "p" waits for its engine, which answers 503
    Then the file "p.pid" holds the pid of the engine of pool "p"
    And there is no file "engines/p-r0.json"
    And the status of pool "p" has
      | field          | value      |
      | state          | "warming"  |
      | live           | true       |
      | ready          | false      |
      | engine_version | "fake-1.0" |
    When the engine of pool "p" becomes healthy
    Then the preload of pool "p" is answered with 200
    And there is a file "engines/p-r0.json"
    And the status of pool "p" has
      | field          | value      |
      | state          | "ready"    |
      | live           | true       |
      | ready          | true       |
      | last_error     | null       |
      | engine_version | "fake-1.0" |
    When I stop pool "p"
    Then the answer is 200
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"
    And nothing is left in pools.slice

  @B-PRELOAD-030 @B-PRELOAD-031 @B-PRELOAD-032 @B-PRELOAD-033 @B-PRELOAD-034
  Scenario: The whole way of a preload that fails
    Given the daemon runs with
      """
      [Health]
      TimeoutSec=1
      """
    And a preload of pool "p" is under way and its engine gets "--never-healthy"
    And the engine of pool "p" has had 1 health check
    And I remember the status of pool "p"
    And the file "p.pid" holds the pid of the engine of pool "p"
    When the preload of pool "p" is answered with 500
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the remembered engine of pool "p" is gone
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"
    And the status of pool "p" has
      | field            | value           |
      | state            | "failed"        |
      | live             | false           |
      | ready            | false           |
      | pid              | null            |
      | last_error       | contains 503    |
      | last_error_class | "start_timeout" |
    When I take a lease of pool "p"
    Then the answer is the error 409 "NOT_READY"
    And nothing is left in pools.slice
    And no unit has failed
