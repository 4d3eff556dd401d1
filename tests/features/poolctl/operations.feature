# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: poolctl restart, operation and events
  What takes its time can be begun, looked at, waited for and followed.

  Background:
    Given the daemon runs

  Scenario: Restart one pool
    Given pool "p" is ready
    When I run "poolctl restart p"
    Then it exits with 0
    And it prints "p: ready at http://127.0.0.1:"
    And it complains of "p: stopping"
    And it complains of "p: warming"
    And the status of pool "p" has
      | field      | value   |
      | state      | "ready" |
      | generation | 2       |

  Scenario: Restart several, one of which is not there and one that never ran
    Given pool "one" is ready
    And pool "two" is ready
    And pool "never" is registered
    When I run "poolctl restart --json=short one nobody never two"
    Then it exits with 4
    And it complains of "pool nobody not found"
    And it complains of "never"
    And the status of pool "one" has
      | field      | value |
      | generation | 2     |
    And the status of pool "two" has
      | field      | value |
      | generation | 2     |

  Scenario: Of several that fail each is named, and its engine's last words follow
    Given the preload of pool "one" has failed
    And the preload of pool "two" has failed
    When I run "poolctl restart one two"
    Then it exits with 6
    And it complains of "poolctl: one: restart failed: "
    And it complains of "poolctl: two: restart failed: "
    And it complains of "journalctl -u 'pool@one:r0:g2.service'"
    And it complains of "journalctl -u 'pool@two:r0:g2.service'"

  Scenario: An operation is looked at and waited for
    Given the file of a preload of pool "p" whose engine gets "--never-healthy"
    And "poolctl preload --no-wait {file}" has begun an operation
    And the engine of pool "p" has had 1 health check
    When I run "poolctl operation {operation}" with that operation
    Then it exits with 0
    And it prints a line with "preload", "p", "warming"
    When I run "poolctl operation --json=short {operation}" with that operation
    Then it prints JSON with
      | field   | value     |
      | kind    | "preload" |
      | pool_id | "p"       |
      | phase   | "warming" |
    Given "poolctl operation --wait {operation}" with that operation runs
    When the engine of pool "p" becomes healthy
    Then it ends with 0
    And it prints a line with "preload", "p", "done"

  Scenario: Waiting for an operation that fails
    Given the file of a preload of pool "p" whose engine gets "--exit-at-once 3"
    And "poolctl preload --no-wait {file}" has begun an operation
    When I run "poolctl operation --wait {operation}" with that operation
    Then it exits with 6
    And it prints "exited with status 3"
    When I run "poolctl operation {operation}" with that operation
    Then it exits with 0
    And it prints a line with "preload", "p", "failed"
    When I run "poolctl operation --no-legend {operation}" with that operation
    Then it prints 1 line
    When I run "poolctl operation --json=short {operation} {operation} 999" with that operation
    Then it exits with 4
    And it complains of "999"

  Scenario Outline: Operations that are not there
    When I run "poolctl operation <words>"
    Then it exits with <status>
    And it complains of "<says>"

    Examples:
      | words    | status | says           |
      | 9999     | 4      | 9999           |
      | seven    | 2      | seven          |
      | 0        | 2      | 0              |

  Scenario: The daemon goes away while an operation is waited for
    Given the file of a preload of pool "p" whose engine gets "--never-healthy"
    And "poolctl preload --no-wait {file}" has begun an operation
    And the engine of pool "p" has had 1 health check
    And "poolctl operation --wait {operation}" with that operation runs
    Then it goes on to complain of "p: warming"
    When the daemon is stopped
    Then it ends with 7

  Scenario: Events are followed
    Given pool "p" is registered
    And pool "q" is registered
    And "poolctl events --since-id=0 p" runs and has printed "state off"
    When I preload pool "p"
    Then it goes on to print "ready"
    When I update pool "q" with
      | field   | value |
      | version | "x"   |
    And I deregister pool "q"
    And I stop pool "p"
    And I deregister pool "p"
    Then it goes on to print "p: removed"
    When it is interrupted
    Then it ends with 0
    And it prints "warming → ready"
    And it does not print "q:"

  Scenario: Events from before, as JSON
    Given pool "p" is ready
    And "poolctl events --since-id=0 --json=short" runs and has printed "ready"
    When I stop pool "p"
    Then it goes on to print "stopping"
    When it is sent SIGTERM
    Then it ends with 0
    And each line it printed is JSON of pool "p"
    And the ids of its lines count up by one
    And its line 1 is JSON with
      | field        | value  |
      | id           | 1      |
      | type         | "pool" |
      | data.pool_id | "p"    |

  Scenario: Events go on over a restart of the daemon
    Given pool "p" is ready
    And "poolctl events --since-id=0" runs and has printed "ready"
    When the daemon is stopped and started again
    Then it goes on to complain of "went away"
    And it goes on to complain of "is there"
    When I stop pool "p"
    Then it goes on to print "stopping"
