# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A pool can have a policy of its own

  Background:
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=600ms
      MinSec=0
      JitterPercent=0
      """

  @B-SUPER-010 @B-SUPER-011 @B-SUPER-012
  Scenario: The backoff of one pool, beside one that is as configured
    Given pool "other" is ready
    When I preload pool "p" with
      | field  | value                                                                   |
      | policy | {"backoff_initial_ms": 100, "backoff_factor": 3, "backoff_max_ms": 700} |
    Then the answer is 200
    When the engine of pool "p" is killed 3 times, and is back each time
    And the engine of pool "other" is killed 2 times, and is back each time
    Then the delays chosen for pool "p" are
      | from ms | to ms |
      | 100     | 100   |
      | 300     | 300   |
      | 700     | 700   |
    And the first 3 restarts of pool "p" came when their delays were over
    And the delays chosen for pool "other" are
      | from ms | to ms |
      | 600     | 600   |
      | 1200    | 1200  |

  @B-SUPER-020
  Scenario: The breaker of one pool opens at its first failure
    Given pool "other" is ready
    When I preload pool "p" with
      | field  | value                                              |
      | policy | {"breaker_failures": 1, "breaker_open_ms": 700000} |
    Then the answer is 200
    When the engine of pool "p" is killed
    Then pool "p" becomes "tripped"
    And pool "p" is to be restarted in 690 to 700 seconds
    And pool "p" stays "tripped" while that of pool "other" crashes and is restarted

  Scenario: An engine that is not to be started again is not
    Given pool "other" is ready
    When I preload pool "p" with
      | field  | value             |
      | policy | {"restart": "no"} |
    Then the answer is 200
    When the engine of pool "p" is killed
    Then pool "p" becomes "failed"
    And the status of pool "p" has
      | field              | value            |
      | crash_count        | 1                |
      | restart_count      | 0                |
      | next_restart_at_ms | null             |
      | last_error         | contains SIGKILL |
      | last_error_class   | "signal"         |
    And pool "p" stays "failed" while that of pool "other" crashes and is restarted
    When I restart pool "p"
    Then the answer is 200
    And pool "p" becomes ready with generation 2

  Scenario Outline: What cannot be is refused
    When I preload pool "p" with "policy" set to <value>
    Then the answer is the error 400 "INVALID_FIELD" for "<field>"
    And nothing has happened

    Examples:
      | value                     | field                   |
      | "strict"                  | policy                  |
      | {"backoff_max_ms": "1m"}  | policy.backoff_max_ms   |
      | {"backoff_max_ms": 0}     | policy.backoff_max_ms   |
      | {"restart_limit": 64}     | policy.restart_limit    |
      | {"breaker_failures": 1.5} | policy.breaker_failures |
      | {"restart": "always"}     | policy.restart          |

  Scenario: A key that nobody knows is a warning, with what was probably meant
    When I preload pool "p" with
      | field  | value                   |
      | policy | {"backof_max_ms": 1000} |
    Then the answer is 200
    And the answer's warnings name "policy.backof_max_ms"
    And the answer's warnings name "policy.backoff_max_ms"

  Scenario: The next daemon still has it
    When I preload pool "p" with
      | field  | value                                                                       |
      | policy | {"backoff_initial_ms": 100, "breaker_failures": 2, "restart": "on-failure"} |
    Then the answer is 200
    When the daemon is killed by SIGKILL
    And the engine of pool "p" is killed, and is back
    Then the delays chosen for pool "p" are
      | from ms | to ms |
      | 100     | 100   |
    When the engine of pool "p" is killed
    Then pool "p" becomes "tripped"

  Scenario: A policy that is another one is another engine
    Given I preload pool "p" with
      | field  | value                |
      | policy | {"restart_limit": 5} |
    And the answer is 200
    When I preload pool "p" again in the same way
    Then the answer is 200
    When I preload pool "p" with
      | field  | value                |
      | policy | {"restart_limit": 6} |
    Then the answer is an error from 409 to 409
