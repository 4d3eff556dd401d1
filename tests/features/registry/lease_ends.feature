# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A lease that nobody releases ends all the same
  With its time, with the connection that took it, and with the engine that it was for.

  Background:
    Given the daemon runs
    And pool "p" is ready

  Scenario: A lease with a time to live ends by itself, and not before
    Given 1 leases of pool "p" are out
    When I take a lease of pool "p" with
      | field  | value |
      | ttl_ms | 400   |
    Then pool "p" has 2 active leases
    And lease 2 of pool "p" ends by itself 400 to 2000 ms after it was taken
    And pool "p" has 1 active lease
    When I release lease 1 of pool "p"
    Then the answer is 200
    And pool "p" has 0 active leases

  Scenario: The one that ends first goes first
    Given a lease of pool "p" is out for 60000 ms
    And a lease of pool "p" is out for 200 ms
    When pool "p" comes to have 1 active lease
    And I release lease 1 of pool "p"
    Then the answer is 200
    And pool "p" has 0 active leases

  Scenario: An engine that is started again knows no lease of the one before
    Given 2 leases of pool "p" are out
    When I stop pool "p"
    Then pool "p" has 0 active leases
    When I preload pool "p"
    And I release lease 1 of pool "p"
    Then the answer is the error 404 "LEASE_NOT_FOUND"
    When I take a lease of pool "p"
    Then the answer is 201
    And the answer has
      | field         | value |
      | active_leases | 1     |
      | generation    | 2     |
    And the leases of pool "p" have different ids
    When I release lease 1 of pool "p"
    Then the answer is the error 404 "LEASE_NOT_FOUND"
    And pool "p" has 1 active lease

  Scenario: The leases of an engine that dies end with it
    Given 2 leases of pool "p" are out
    When the engine of pool "p" is killed
    Then pool "p" becomes "backoff"
    And pool "p" has 0 active leases

  Scenario: A lease that was taken over the bus ends with the connection
    Given 1 leases of pool "p" are out
    And a lease of pool "p" is held over the bus
    Then pool "p" has 2 active leases
    When the connection that holds it is closed
    Then pool "p" comes to have 1 active lease

  Scenario: Leases outlive the daemon, with the time that they have left
    Given 2 leases of pool "p" are out
    And a lease of pool "p" is out for 3500 ms
    And a lease of pool "p" is out for 1500 ms
    When lease 4 of pool "p" ends by itself 1500 to 3300 ms after it was taken
    And the daemon is killed by SIGKILL
    Then pool "p" has 3 active leases
    When I release lease 1 of pool "p"
    Then the answer is 200
    And the answer has
      | field         | value |
      | active_leases | 2     |
    And lease 3 of pool "p" ends by itself 3500 to 4900 ms after it was taken
    And pool "p" has 1 active lease

  Scenario: A lease that was over while the daemon was away is over
    Given a lease of pool "p" is out for 50 ms
    When the daemon is stopped and started again
    Then pool "p" comes to have 0 active leases

  Scenario: A lease that was released before the daemon died stays released
    Given 2 leases of pool "p" are out
    When I release lease 1 of pool "p"
    And the daemon is killed by SIGKILL
    Then pool "p" has 1 active lease
    When I release lease 1 of pool "p"
    Then the answer is the error 404 "LEASE_NOT_FOUND"

  Scenario: Ids are not given out twice, even when the daemon died between
    Given 2 leases of pool "p" are out
    When I release lease 2 of pool "p"
    And the daemon is killed by SIGKILL
    And I take a lease of pool "p"
    Then the answer is 201
    And the leases of pool "p" have different ids
