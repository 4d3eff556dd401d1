# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A pool drains only when it was told to

  Background:
    Given the daemon runs

  @B-REG-073
  Scenario: A new pool does not drain
    Given pool "p" is registered
    Then the status of pool "p" has
      | field    | value |
      | draining | false |
    And the health of pool "p" has
      | field    | value |
      | draining | false |

  @B-REG-073
  Scenario: A ready pool does not drain, and grants leases
    Given pool "p" is ready
    Then the health of pool "p" has
      | field    | value |
      | draining | false |
    When I take a lease of pool "p"
    Then the answer is 201

  @B-REG-072
  Scenario: A pool that is not known does not drain: it is unknown, not draining
    When I take a lease of pool "nobody"
    Then the answer is the error 404 "POOL_NOT_FOUND"
    When I send GET "/pools/nobody/health"
    Then the answer is the error 404 "POOL_NOT_FOUND"
    And there are no pools

  @B-REG-070 @B-REG-071
  Scenario: A pool that was told to drain does, and everybody is told so
    Given pool "p" is ready
    And pool "other" is ready
    And 1 leases of pool "p" are out
    When I drain pool "p"
    Then the answer is 202
    And the status of pool "p" has
      | field    | value      |
      | state    | "draining" |
      | draining | true       |
    And the health of pool "p" has
      | field    | value |
      | draining | true  |
    And the bus properties of pool "p" have
      | field    | value |
      | Draining | true  |
    When I send GET "/pools"
    Then the entry of pool "p" in the answer is its status
    And the status of pool "other" has
      | field    | value |
      | draining | false |

  @B-REG-070
  Scenario: That a pool drains is not forgotten with the daemon
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    When I drain pool "p"
    And the daemon is killed by SIGKILL
    Then the status of pool "p" has
      | field    | value |
      | draining | true  |

  @B-REG-071
  Scenario: A pool that has been drained does not drain any more
    Given pool "p" is ready
    When I drain pool "p" and wait
    Then the answer is 200
    And the status of pool "p" has
      | field    | value |
      | state    | "off" |
      | draining | false |

  Scenario: Draining is nothing that an update can set
    Given pool "p" is ready
    When I set "draining" of pool "p" to true
    Then the answer is 200
    And the answer's warnings name "draining"
    And the status of pool "p" has
      | field    | value |
      | draining | false |
