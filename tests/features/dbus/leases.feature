# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A lease that was taken over D-Bus ends with the connection

  Background:
    Given the daemon runs
    And pool "p" is ready

  Scenario: The holder leaves the bus
    Given a lease of pool "p" is held over the bus
    And pool "p" has 1 active lease
    When the connection that holds it is closed
    Then pool "p" comes to have 0 active leases

  Scenario: The holder gives it back
    Given a lease of pool "p" is held over the bus
    When I call "ReleaseLease" over the bus with ["p", "1.1"]
    Then the bus replied [0]
    When I try "ReleaseLease" over the bus with ["p", "1.1"]
    Then the call failed with "LeaseNotFound"
    And pool "p" has 0 active leases

  Scenario: A client that takes a lease and does not wait for it
    When "busctl" sends "AcquireLease" for pool "p" and does not wait for the answer
    And I call "AcquireLease" over the bus with ["p", "", 18446744073709551615, false]
    Then pool "p" comes to have 0 active leases

  Scenario: The daemon is killed, the holder stays, then leaves
    Given a lease of pool "p" is held over the bus
    When the daemon is killed by SIGKILL
    Then pool "p" has 1 active lease
    When the connection that holds it is closed
    Then pool "p" comes to have 0 active leases

  Scenario: The holder leaves while there is no daemon
    Given a lease of pool "p" is held over the bus
    And 1 leases of pool "p" are out
    And the daemon is stopped
    When the connection that holds it is closed
    And the daemon is started
    Then pool "p" comes to have 1 active lease

  Scenario: Holders come and go, and so does the daemon
    Given a lease of pool "p" is held over the bus
    And 1 leases of pool "p" are out
    When 200 clients take leases of pool "p" and leave, while the daemon is killed 5 times
    Then pool "p" comes to have 2 active leases
    When the connection that holds it is closed
    Then pool "p" comes to have 1 active lease

  Scenario: Slots can be enforced
    Given I call "Update" over the bus with ["p", "{\"slots_total\": 1}"]
    And a lease of pool "p" is held over the bus
    When I try "AcquireLease" over the bus with ["p", "me", 1000, true]
    Then the call failed with "NoSlot"
    When I call "AcquireLease" over the bus with ["p", "me", 60000, false]
    Then the bus replied ["1.2", 2, 1]

  Scenario: An engine that does not run
    Given I call "StopAndWait" for pool "p"
    When I try "AcquireLease" over the bus with ["p", "", 1000, false]
    Then the call failed with "NotReady"
    When I try "AcquireLease" over the bus with ["nobody", "", 1000, false]
    Then the call failed with "PoolNotFound"

  Scenario: The anonymous count is another one
    Given a lease of pool "p" is held over the bus
    When I call "ReleaseAnonymousLease" over the bus with ["p"]
    Then the bus replied [1]
