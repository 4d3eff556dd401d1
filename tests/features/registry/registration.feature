# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Pools are registered and deregistered

  Background:
    Given the daemon runs

  @B-REG-080 @B-REG-081
  Scenario: A pool that is new
    When I register pool "p"
    Then the answer is 201
    And the status of pool "p" has
      | field         | value |
      | pool_id       | "p"   |
      | state         | "off" |
      | live          | false |
      | ready         | false |
      | active_leases | 0     |
      | generation    | null  |
      | pid           | null  |
      | url           | null  |

  @B-REG-082
  Scenario: A pool that is there already stays as it is
    Given pool "p" has been updated with
      | field          | value |
      | engine_version | "v1"  |
    And I remember the registry entry of pool "p"
    When I register pool "p"
    Then the answer is 200
    And the registry entry of pool "p" is as remembered

  @B-REG-082
  Scenario: A pool that runs is there already, too
    Given pool "p" is ready
    And I remember the registry entry of pool "p"
    When I register pool "p"
    Then the answer is 200
    And the registry entry of pool "p" is as remembered

  @B-REG-083 @B-REG-084
  Scenario: A pool that is deregistered is gone
    Given pool "p" is registered
    And pool "other" is registered
    When I deregister pool "p"
    Then the answer is 200
    And the answer has
      | field        | value |
      | pool_id      | "p"   |
      | deregistered | true  |
    And pool "p" is not known
    When I send GET "/pools"
    Then the answer lists the pools "other"

  @B-REG-085
  Scenario: A pool that is not there cannot be deregistered
    When I deregister pool "nobody"
    Then the answer is the error 404 "POOL_NOT_FOUND"

  @B-REG-085
  Scenario: Not even a second time
    Given pool "p" is registered
    When I deregister pool "p"
    And I deregister pool "p"
    Then the answer is the error 404 "POOL_NOT_FOUND"

  Scenario: A pool with a running engine is not deregistered
    Given pool "p" is ready
    And I remember the registry entry of pool "p"
    When I deregister pool "p"
    Then the answer is the error 409 "ALREADY_RUNNING"
    And the error text contains "force"
    And the registry entry of pool "p" is as remembered
    And the engine of pool "p" answers

  @B-REG-083 @B-REG-084
  Scenario: By force it is, and takes the engine along
    Given pool "p" is ready
    And I remember the status of pool "p"
    When I deregister pool "p" by force
    Then the answer is 200
    And pool "p" is not known
    And the remembered engine of pool "p" is gone
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"
    And there is no file "state/p.json"
    And nothing is left in pools.slice
    And no unit has failed

  Scenario: By force also while it starts
    Given a preload of pool "p" waits for its engine, which answers 503
    When I deregister pool "p" by force
    Then the answer is 200
    And the preload of pool "p" is answered with 409
    And pool "p" is not known
    And nothing is left in pools.slice

  Scenario: A pool that is registered anew knows nothing of the old one
    Given pool "p" has been updated with
      | field          | value |
      | engine_version | "v1"  |
      | slots_total    | 4     |
    And I deregister pool "p"
    When I register pool "p"
    Then the answer is 201
    And the status of pool "p" has
      | field          | value |
      | engine_version | null  |
      | slots_total    | null  |

  Scenario: The generation of a pool's engine is not used again, even when the pool was gone
    Given pool "p" is ready
    And I deregister pool "p" by force
    When I preload pool "p"
    Then the answer is 200
    And the answer has
      | field      | value      |
      | generation | at least 2 |

  Scenario Outline: An id that no pool may have
    When I register pool "<id>"
    Then the answer is the error 400 "INVALID_ID"
    And there are no pools

    Examples:
      | id           |
      | .hidden      |
      | -p           |
      | a%20b        |
      | a:b          |
      | {65 letters} |
