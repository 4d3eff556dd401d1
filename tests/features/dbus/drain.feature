# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A pool is drained over D-Bus
  The number 18446744073709551615 is no deadline given: the configured one holds.

  Background:
    Given the daemon runs
    And pool "p" is ready

  Scenario: A drain that waits
    When I call "DrainAndWait" over the bus with ["p", 18446744073709551615]
    Then the call answered JSON with
      | field             | value    |
      | pool_id           | "p"      |
      | force_stopped     | false    |
      | duration_ms       | a number |
      | final_lease_count | 0        |
    And the status of pool "p" has
      | field | value |
      | state | "off" |
    And nothing is left in pools.slice

  Scenario: A drain that does not wait tells its end
    Given I watch the daemon's signals
    And a lease of pool "p" is held over the bus
    When I call "Drain" over the bus with ["p", 60000]
    Then a signal said that "State" of pool "p" became "draining"
    And the bus properties of pool "p" have
      | field        | value      |
      | State        | "draining" |
      | Draining     | true       |
      | Ready        | false      |
      | ActiveLeases | 1          |
    When I try "AcquireLease" over the bus with ["p", "", 1000, false]
    Then the call failed with "Draining"
    When the connection that holds it is closed
    Then the operation ended with
      | field      | value                            |
      | kind       | "drain"                          |
      | pool_id    | "p"                              |
      | error_code | ""                               |
      | answer     | contains "final_lease_count":0   |

  Scenario: The deadline is the caller's
    Given I watch the daemon's signals
    And a lease of pool "p" is held over the bus
    When I call "Drain" over the bus with ["p", 0]
    Then the operation ended with
      | field      | value                         |
      | kind       | "drain"                       |
      | error_code | ""                            |
      | answer     | contains "force_stopped":true |

  Scenario: The deadline is the configured one where the caller gives none
    Given the daemon runs with
      """
      [Drain]
      DeadlineSec=300ms
      """
    And a lease of pool "p" is held over the bus
    When I call "DrainAndWait" over the bus with ["p", 18446744073709551615]
    Then the call answered JSON with
      | field             | value        |
      | force_stopped     | true         |
      | final_lease_count | 1            |
      | duration_ms       | at least 300 |

  Scenario: What is given back over the bus ends a drain
    Given I watch the daemon's signals
    And a lease of pool "p" is held over the bus
    When I call "Drain" over the bus with ["p", 60000]
    And I call "ReleaseLease" over the bus with ["p", "1.1"]
    Then the bus replied [0]
    And pool "p" becomes "off"

  Scenario: A stop takes the place of a drain
    Given I watch the daemon's signals
    And a lease of pool "p" is held over the bus
    When I call "Drain" over the bus with ["p", 60000]
    And I stop pool "p"
    Then the operation ended with
      | field      | value       |
      | kind       | "drain"     |
      | error_code | "CANCELLED" |

  Scenario Outline: A deadline that none can be: <ms>
    When I try "Drain" over the bus with ["p", <ms>]
    Then the call failed with "InvalidField"
    And the error over the bus contains "deadline_ms"
    When I try "DrainAndWait" over the bus with ["p", <ms>]
    Then the call failed with "InvalidField"
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |

    Examples:
      | ms                   |
      | 86400001             |
      | 10000000000000000    |
      | 18446744073709551614 |

  Scenario: There is nothing to drain
    When I try "Drain" over the bus with ["nobody", 0]
    Then the call failed with "PoolNotFound"
    Given pool "q" is registered
    When I try "DrainAndWait" over the bus with ["q", 0]
    Then the call failed with "NoEngine"

  Scenario: Somebody else needs to be allowed to
    When somebody else tries "Drain" over the bus with ["p", 0]
    Then the call failed with "Forbidden"
    And the error over the bus contains "org.llamaorch.PoolManager1.drain"
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |
    Given polkit's rules allow somebody else the verb "drain" for pool "p"
    When somebody else tries "DrainAndWait" over the bus with ["p", 0]
    Then the call succeeded
    And pool "p" becomes "off"
    When somebody else tries "Stop" over the bus with ["p"]
    Then the call failed with "Forbidden"
