# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: poolctl drain
  Engines are stopped once nobody uses them.

  Background:
    Given the daemon runs

  Scenario: A pool that nobody uses
    Given pool "p" is ready
    When I run "poolctl drain p"
    Then it exits with 0
    And it prints "p: drained in "
    And the status of pool "p" has
      | field | value |
      | state | "off" |
    And nothing is left in pools.slice

  Scenario: It waits for the leases that are out
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And "poolctl drain p" runs
    And pool "p" becomes "draining"
    And pool "p" has 1 active lease
    When I release lease 1 of pool "p"
    Then it ends with 0
    And it prints "p: drained in "

  Scenario: At the deadline it says how many leases were out
    Given pool "p" is ready
    And 2 leases of pool "p" are out
    When I run "poolctl drain --deadline=200ms p"
    Then it exits with 0
    And it prints "with 2 leases out"
    And it does not print "drained"

  Scenario: With no time at all
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    When I run "poolctl drain --deadline=0 --json=short p"
    Then it exits with 0
    And it prints JSON with
      | field             | value |
      | pool_id           | "p"   |
      | force_stopped     | true  |
      | final_lease_count | 1     |

  Scenario: Without --deadline the configured one holds
    Given the daemon runs with
      """
      [Drain]
      DeadlineSec=200ms
      """
    And pool "p" is ready
    And 1 leases of pool "p" are out
    When I run "poolctl drain p"
    Then it exits with 0
    And it prints "with 1 lease out"

  Scenario: It need not be waited for
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And "poolctl drain --no-wait p" has begun an operation
    When I run "poolctl operation {operation}" with that operation
    Then it exits with 0
    And it prints a line with "drain", "p", "draining"
    When I run "poolctl list"
    Then it prints a line with "p", "draining", "no", "1"
    When I release lease 1 of pool "p"
    And I run "poolctl operation --wait {operation}" with that operation
    Then it exits with 0
    And it prints a line with "drain", "p", "done"

  Scenario: Ctrl-C leaves the drain alone
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And "poolctl drain p" runs on a terminal
    Then the terminal shows "p: draining"
    When the key Ctrl-C is pressed
    Then the terminal shows "goes on"
    And it ends with 130
    And the status of pool "p" has
      | field | value      |
      | state | "draining" |

  Scenario: A stop takes its place
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And "poolctl drain p" runs
    And pool "p" becomes "draining"
    When I stop pool "p"
    Then it ends with 5
    And it complains of "the pool was stopped"

  Scenario: A command under a lease is waited for
    Given pool "p" is ready
    And a lease of pool "p" is held by "poolctl lease p"
    And "poolctl drain --no-wait p" has begun an operation
    When I run "poolctl lease p -- true"
    Then it exits with 5
    And it complains of "draining"
    And pool "p" has 1 active lease

  Scenario: Several at once, of which one is not there
    Given pool "one" is ready
    And pool "two" is ready
    When I run "poolctl drain one nobody two"
    Then it exits with 4
    And it complains of "pool nobody not found"
    And it prints "one: drained in "
    And it prints "two: drained in "

  Scenario Outline: What cannot be is refused
    Given pool "p" is ready
    When I run "poolctl <words>"
    Then it exits with 2
    And it complains of "<says>"
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |

    Examples:
      | words                       | says         |
      | drain                       | too few words |
      | drain --deadline=soon p     | --deadline soon |
      | drain --deadline=infinity p | --deadline infinity |
      | drain --deadline= p         | --deadline   |
      | drain --deadline=-1s p      | --deadline   |
      | drain --deadline=25h p      | deadline_ms  |
      | stop --deadline=1s p        | --deadline   |

  Scenario: A pool without an engine
    Given pool "p" is registered
    When I run "poolctl drain p"
    Then it exits with 4
    And it complains of "no engine to drain"

  Scenario: Its help, and what a tab makes of it
    When I run "poolctl help drain"
    Then it exits with 0
    And it prints "--deadline"
    Given pool "alpha" is registered
    Then bash offers for "poolctl drain al"
      | word  |
      | alpha |
    And bash offers for "poolctl drain --dea"
      | word        |
      | --deadline= |
