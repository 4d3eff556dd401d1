# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A preload that fails says why and leaves nothing behind

  Background:
    Given the daemon runs

  @B-API-012 @B-PRELOAD-031 @B-PRELOAD-034
  Scenario Outline: An engine that dies before it is healthy is noticed at once
    When I preload pool "p" and its engine gets "<flags>"
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the error text contains "preload failed: "
    And the error text contains "<reason>"
    And the answer came within 5000 ms
    And the status of pool "p" has
      | field            | value             |
      | state            | "failed"          |
      | live             | false             |
      | ready            | false             |
      | pid              | null              |
      | last_error       | contains <reason> |
      | last_error_class | "<class>"         |
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"
    And nothing is left in pools.slice
    And no unit has failed

    Examples:
      | flags                                | reason  | class        |
      | --exit-at-once 1                     | status 1  | process_exit |
      | --exit-at-once 3                     | status 3  | process_exit |
      | --exit-after-ms 300 --exit-status 9 --never-healthy | status 9 | process_exit |
      | --abort                              | SIGABRT | signal       |

  Scenario: An engine that ends well before it is healthy has not become ready either
    When I preload pool "p" and its engine gets "--exit-at-once 0"
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the status of pool "p" has
      | field | value |
      | live  | false |
      | ready | false |
    And nothing is left in pools.slice

  @B-ERROR-010 @B-ERROR-011 @B-ERROR-012 @B-API-012
  Scenario Outline: A program that cannot be executed
    When I preload pool "p" with "binary_path" set to "<path>"
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the answer came within 5000 ms
    And the status of pool "p" has
      | field            | value        |
      | state            | "failed"     |
      | last_error       | a string     |
      | last_error_class | "exec_setup" |
    And the daemon has logged a problem of pool "p" that contains "could not be executed"
    And there is no file "p.pid"
    And nothing is left in pools.slice
    And no unit has failed

    Examples:
      | path                  |
      | /usr/bin/no-such-file |
      | /etc/hostname         |
      | /usr                  |

  @B-PRELOAD-013 @B-PRELOAD-030 @B-PRELOAD-031 @B-PRELOAD-032 @B-PRELOAD-033 @B-PRELOAD-034
  @B-ERROR-020 @B-ERROR-021 @B-ERROR-022
  Scenario Outline: An engine that never gets healthy is killed and reported
    Given the daemon runs with
      """
      [Health]
      TimeoutSec=1
      TryTimeoutSec=300ms
      [Engine]
      StopGraceSec=300ms
      """
    And a preload of pool "p" is under way and its engine gets "<flags>"
    When the engine of pool "p" runs
    And I remember the status of pool "p"
    Then the preload of pool "p" is answered with 500
    And the error text contains "preload failed: "
    And the error text contains "<reason>"
    And the answer came within 5000 ms
    And the answer took at least 900 ms
    And the remembered engine of pool "p" is gone
    And the status of pool "p" has
      | field            | value             |
      | state            | "failed"          |
      | ready            | false             |
      | live             | false             |
      | last_error       | contains <reason> |
      | last_error_class | "start_timeout"   |
    And the daemon has logged a problem of pool "p" that contains "<reason>"
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"
    And nothing is left in pools.slice
    And no unit has failed

    Examples:
      | flags                  | reason |
      | --never-healthy        | 503    |
      | --hang-health          | health |
      | --never-healthy --ignore-sigterm --setsid-child | 503 |

  @long @B-PRELOAD-013
  Scenario: The deadline is 120 seconds unless it is configured
    Given a preload of pool "p" is under way and its engine gets "--never-healthy"
    When the preload of pool "p" is answered with 500 within 150 seconds
    Then the answer took at least 119000 ms
    And the answer came within 130000 ms

  Scenario: A preload may bring its own deadline
    When I preload pool "p" with
      | field  | value                |
      | health | {"timeout_ms": 600}  |
      | flags  | --never-healthy      |
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the answer came within 4000 ms

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
