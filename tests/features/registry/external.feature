# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: External engines are watched over and left alone
  They are health-checked like all others, but whoever started them ends them.

  Background:
    Given the daemon runs with
      """
      [Liveness]
      IntervalSec=100ms
      Failures=2
      """
    And somebody else runs an engine for pool "ext"

  Scenario: An external engine that dies makes its pool unready
    Given pool "ext" has been handed over
    And 1 leases of pool "ext" are out
    When the external engine of pool "ext" dies
    Then the status of pool "ext" comes to have "live" false
    And the status of pool "ext" has
      | field            | value                  |
      | ready            | false                  |
      | last_error       | contains health check  |
      | last_error_class | "health_check_failure" |
    And the daemon has logged a problem of pool "ext" that contains "health check"
    When I take a lease of pool "ext"
    Then the answer is the error 409 "NOT_READY"

  Scenario: It is ready again when it answers again
    Given pool "ext" has been handed over
    When the external engine of pool "ext" dies
    Then the status of pool "ext" comes to have "live" false
    Given somebody else runs an engine for pool "ext"
    Then the status of pool "ext" comes to have "ready" true
    And the status of pool "ext" has
      | field      | value |
      | live       | true  |
      | last_error | null  |

  Scenario: One that is unhealthy is not killed
    Given pool "ext" has been handed over
    When the engine of pool "ext" turns unhealthy
    Then the status of pool "ext" comes to have "live" false
    And the engine of pool "ext" has had 3 more health checks
    And the external engine of pool "ext" still runs

  Scenario: One that was never there is soon known not to be
    Given pool "ext" has been handed over with
      | field | value                  |
      | url   | "http://127.0.0.1:1"   |
    Then the status of pool "ext" comes to have "live" false
    And the status of pool "ext" has
      | field      | value    |
      | ready      | false    |
      | last_error | a string |

  Scenario Outline: Deregistering it leaves the engine running
    Given pool "ext" has been handed over
    When I send DELETE "/pools/ext<query>"
    Then the answer is <status>
    And the external engine of pool "ext" still runs

    Examples:
      | query       | status |
      | ?force=true | 200    |
      |             | 409    |

  Scenario Outline: It stays when the daemon goes, and is ready when the daemon is back
    Given pool "ext" has been handed over with
      | field          | value |
      | engine_version | "v1"  |
      | slots_total    | 4     |
    And 1 leases of pool "ext" are out
    When the daemon <goes>
    Then the external engine of pool "ext" still runs
    And the status of pool "ext" has
      | field          | value      |
      | state          | "external" |
      | engine_version | "v1"       |
      | slots_total    | 4          |
      | active_leases  | 1          |
      | managed        | false      |
    And the status of pool "ext" comes to have "ready" true

    Examples:
      | goes                         |
      | is killed by SIGKILL         |
      | is stopped and started again |

  Scenario: A pool whose engine was external can be preloaded once that is gone
    Given pool "p" is registered
    And somebody else runs an engine for pool "other"
    And I send the handoff of pool "other" for pool "p"
    And I deregister pool "p" by force
    When I preload pool "p"
    Then the answer is 200
    And the external engine of pool "other" still runs
    And the status of pool "p" has
      | field   | value   |
      | state   | "ready" |
      | managed | true    |
