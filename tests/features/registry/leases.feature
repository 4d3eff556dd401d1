# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Leases count who uses an engine
  They are exact: none is counted twice, none leaks, none outlives its engine.

  Background:
    Given the daemon runs

  @B-REG-090 @B-REG-091 @B-REG-095
  Scenario: Each lease counts one more
    Given pool "p" is ready
    When I take a lease of pool "p"
    Then the answer is 201
    And the answer has
      | field         | value    |
      | lease_id      | a string |
      | active_leases | 1        |
      | generation    | 1        |
    When I take a lease of pool "p"
    Then the answer is 201
    And the answer has
      | field         | value |
      | active_leases | 2     |
    And the leases of pool "p" have different ids
    And pool "p" has 2 active leases

  @B-REG-092 @B-REG-093 @B-REG-095
  Scenario: Each release counts one less, in whichever order
    Given pool "p" is ready
    And 3 leases of pool "p" are out
    When I release lease 2 of pool "p"
    Then the answer is 200
    And the answer has
      | field         | value |
      | active_leases | 2     |
    And pool "p" has 2 active leases
    When I release lease 3 of pool "p"
    And I release lease 1 of pool "p"
    Then the answer has
      | field         | value |
      | active_leases | 0     |
    And pool "p" has 0 active leases

  @B-REG-092 @B-REG-094
  Scenario: A lease is released once
    Given pool "p" is ready
    And 2 leases of pool "p" are out
    When I release lease 1 of pool "p"
    And I release lease 1 of pool "p"
    Then the answer is the error 404 "LEASE_NOT_FOUND"
    And pool "p" has 1 active lease

  @B-REG-094
  Scenario: Anonymous releases end at none
    Given pool "p" is ready
    And 2 leases of pool "p" are out
    When I release an anonymous lease of pool "p"
    Then the answer is 200
    And the answer has
      | field         | value |
      | active_leases | 1     |
    When I release an anonymous lease of pool "p"
    And I release an anonymous lease of pool "p"
    Then the answer is 200
    And the answer has
      | field         | value |
      | active_leases | 0     |
    And pool "p" has 0 active leases

  Scenario: An anonymous release takes no lease that has an owner
    Given pool "p" is ready
    When I take a lease of pool "p" with
      | field | value            |
      | owner | "orchestratord"  |
    And I release an anonymous lease of pool "p"
    Then the answer is 200
    And pool "p" has 1 active lease
    When I release lease 1 of pool "p"
    Then the answer is 200
    And pool "p" has 0 active leases

  @B-REG-096
  Scenario: A pool that is not known has no leases, and asking for one makes no pool
    When I take a lease of pool "nobody"
    Then the answer is the error 404 "POOL_NOT_FOUND"
    When I release an anonymous lease of pool "nobody"
    Then the answer is the error 404 "POOL_NOT_FOUND"
    And there are no pools

  @B-REG-095 @B-REG-096
  Scenario: A pool that comes anew has none of the old leases
    Given pool "p" is ready
    And 2 leases of pool "p" are out
    When I deregister pool "p" by force
    And I register pool "p"
    Then pool "p" has 0 active leases

  Scenario: Pools count apart
    Given pool "one" is ready
    And pool "two" is ready
    And 2 leases of pool "one" are out
    And 1 leases of pool "two" are out
    When I release lease 1 of pool "one"
    Then pool "one" has 1 active lease
    And pool "two" has 1 active lease
    When I release lease 2 of pool "one" as one of pool "two"
    Then the answer is the error 404 "LEASE_NOT_FOUND"
    And pool "one" has 1 active lease
    And pool "two" has 1 active lease

  Scenario Outline: Only a ready pool grants leases
    Given <pool>
    When I take a lease of pool "p"
    Then the answer is the error 409 "NOT_READY"
    And the error text contains "pool is not ready"
    And the answer has
      | field     | value |
      | retriable | true  |
      | pool_id   | "p"   |
    And pool "p" has 0 active leases

    Examples:
      | pool                                                               |
      | pool "p" is registered                                             |
      | a preload of pool "p" waits for its engine, which answers 503      |
      | the preload of pool "p" has failed                                 |

  Scenario: All slots taken is no reason to refuse, unless it was asked for
    When I preload pool "p" with
      | field       | value |
      | slots_total | 2     |
    Given 2 leases of pool "p" are out
    When I take a lease of pool "p" unless all slots are taken
    Then the answer is the error 429 "NO_SLOT"
    And the answer has
      | field     | value |
      | retriable | true  |
    And pool "p" has 2 active leases
    When I take a lease of pool "p"
    Then the answer is 201
    And pool "p" has 3 active leases
    When I release lease 1 of pool "p"
    And I release lease 2 of pool "p"
    And I take a lease of pool "p" unless all slots are taken
    Then the answer is 201

  Scenario: Where nobody knows the slots, none is missing
    Given pool "p" is ready
    And 5 leases of pool "p" are out
    When I take a lease of pool "p" unless all slots are taken
    Then the answer is 201

  Scenario Outline: A lease that cannot be
    Given pool "p" is ready
    When I take a lease of pool "p" with "<field>" set to <value>
    Then the answer is the error 400 "INVALID_FIELD" for "<field>"
    And pool "p" has 0 active leases

    Examples:
      | field  | value                |
      | ttl_ms | 0                    |
      | ttl_ms | -5                   |
      | ttl_ms | "60000"              |
      | ttl_ms | 1.5                  |
      | owner  | 7                    |
      | owner  | ""                   |
      | owner  | "\u0007"             |

  Scenario Outline: A lease id that is none
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    When I release the lease "<id>" of pool "p"
    Then the answer is an error from 400 to 404
    And pool "p" has 1 active lease

    Examples:
      | id                    |
      | 1                     |
      | 0.1                   |
      | 1.0                   |
      | 2.1                   |
      | 1.2                   |
      | 01.1                  |
      | 1.1x                  |
      | 1.18446744073709551617 |
      | %00                   |
