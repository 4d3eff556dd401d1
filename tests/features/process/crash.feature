# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: An engine that dies is noticed and reported
  What is done about it is in supervision/: here the daemon waits for long before it starts an engine again.

  Background:
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=1h
      MaxSec=1h
      """

  Scenario Outline: A ready engine dies
    Given pool "p" is ready
    And I remember the status of pool "p"
    When the engine of pool "p" <dies>
    Then pool "p" becomes "backoff"
    And the status of pool "p" has
      | field            | value             |
      | live             | false             |
      | ready            | false             |
      | pid              | null              |
      | last_error       | contains <reason> |
      | last_error_class | "<class>"         |
      | crash_count      | at least 1        |
    And the daemon has logged a problem of pool "p" that contains "<reason>"
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"
    And nothing is left in pools.slice
    And no unit has failed

    Examples:
      | dies               | reason   | class        |
      | is killed          | SIGKILL  | signal       |
      | dies of signal 11  | SIGSEGV  | signal       |
      | dies of signal 6   | SIGABRT  | signal       |
      | exits with 3       | status 3 | process_exit |

  Scenario: An engine that ends well on its own is off, and stays so
    Given pool "p" is ready
    When the engine of pool "p" exits with 0
    Then pool "p" becomes "off"
    And the status of pool "p" has
      | field       | value |
      | live        | false |
      | ready       | false |
      | crash_count | 0     |
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"

  Scenario: A crash that leaves a child behind takes the child along
    When I preload pool "p" with
      | field         | value          |
      | stop_grace_ms | 500            |
      | flags         | --setsid-child |
    And I remember the child of the engine of pool "p"
    And the engine of pool "p" is killed
    Then pool "p" becomes "backoff"
    And the remembered child of pool "p" is gone
    And nothing is left in pools.slice

  Scenario: A ready engine that turns unhealthy is stopped and reported
    Given the daemon runs with
      """
      [Liveness]
      IntervalSec=100ms
      Failures=3
      [Backoff]
      InitialSec=1h
      MaxSec=1h
      """
    And pool "p" is ready
    And I remember the status of pool "p"
    When the engine of pool "p" turns unhealthy
    Then pool "p" becomes "backoff"
    And the remembered engine of pool "p" is gone
    And the status of pool "p" has
      | field            | value                  |
      | last_error       | contains 503           |
      | last_error_class | "health_check_failure" |
    And there is no file "engines/p-r0.json"
    And no unit has failed

  Scenario: One failed check is no reason to stop a ready engine
    Given the daemon runs with
      """
      [Liveness]
      IntervalSec=100ms
      Failures=3
      """
    And pool "p" is ready
    And I remember the status of pool "p"
    When the engine of pool "p" fails one health check
    And the engine of pool "p" has had 6 more health checks
    Then the status of pool "p" still has the same
      | field      |
      | pid        |
      | generation |
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |
      | ready | true    |

  Scenario: A pool whose engine crashed can be preloaded again
    Given pool "p" is ready
    When the engine of pool "p" is killed
    Then pool "p" becomes "backoff"
    When I preload pool "p"
    Then the answer is 200
    And the status of pool "p" has
      | field      | value   |
      | state      | "ready" |
      | generation | 2       |
      | last_error | null    |
