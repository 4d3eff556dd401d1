# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The registry knows whether an engine runs and whether it takes work

  Background:
    Given the daemon runs

  @B-REG-004
  Scenario: A pool that was only registered is neither live nor ready
    Given pool "p" is registered
    When I send GET "/pools/p/health"
    Then the answer is 200
    And the answer has
      | field      | value     |
      | live       | false     |
      | ready      | false     |
      | draining   | false     |
      | last_error | null      |
      | metrics    | an object |

  @B-REG-001 @B-REG-002
  Scenario: The health follows the engine from its start to its end
    Given a preload of pool "p" waits for its engine, which answers 503
    Then the health of pool "p" has
      | field | value |
      | live  | true  |
      | ready | false |
    When the engine of pool "p" becomes healthy
    And the preload of pool "p" is answered with 200
    Then the health of pool "p" has
      | field | value |
      | live  | true  |
      | ready | true  |
    When I stop pool "p"
    Then the health of pool "p" has
      | field | value |
      | live  | false |
      | ready | false |

  @B-REG-001 @B-REG-002
  Scenario: An engine that dies is not live any more
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=1h
      MaxSec=1h
      """
    And pool "p" is ready
    When the engine of pool "p" is killed
    Then pool "p" becomes "backoff"
    And the health of pool "p" has
      | field      | value            |
      | live       | false            |
      | ready      | false            |
      | last_error | contains SIGKILL |

  @B-REG-002
  Scenario: The health and the status say the same
    Given pool "p" is ready
    Then the health of pool "p" has
      | field      | value |
      | live       | true  |
      | ready      | true  |
      | draining   | false |
      | last_error | null  |
    And the status of pool "p" has
      | field      | value |
      | live       | true  |
      | ready      | true  |
      | draining   | false |
      | last_error | null  |

  @B-REG-003
  Scenario: A pool that is not known has no health
    When I send GET "/pools/nobody/health"
    Then the answer is the error 404 "POOL_NOT_FOUND"
    And the answer has
      | field   | value    |
      | pool_id | "nobody" |

  @B-REG-003
  Scenario: A pool that is gone has no health
    Given pool "p" is registered
    When I deregister pool "p"
    And I send GET "/pools/p/health"
    Then the answer is the error 404 "POOL_NOT_FOUND"
