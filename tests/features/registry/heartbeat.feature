# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The registry keeps when a pool was last heard of

  Background:
    Given the daemon runs

  @B-REG-020 @B-REG-021
  Scenario: A heartbeat records its timestamp
    Given pool "p" is registered
    When I send a heartbeat of pool "p" with the timestamp 1700000000123
    Then the answer is 200
    And the answer has
      | field             | value         |
      | pool_id           | "p"           |
      | last_heartbeat_ms | 1700000000123 |
    And the status of pool "p" has
      | field             | value         |
      | last_heartbeat_ms | 1700000000123 |

  @B-REG-020 @B-REG-021
  Scenario: A later heartbeat takes the place of an earlier one
    Given pool "p" is registered
    When I send a heartbeat of pool "p" with the timestamp 1700000000123
    And I send a heartbeat of pool "p" with the timestamp 1700000005000
    Then the status of pool "p" has
      | field             | value         |
      | last_heartbeat_ms | 1700000005000 |

  @B-REG-020 @B-REG-021
  Scenario: A heartbeat without a timestamp is one of now
    Given pool "p" is registered
    When I send a heartbeat of pool "p"
    Then the answer is 200
    And the last heartbeat of pool "p" was when I sent it

  @B-REG-022
  Scenario: A pool that was never heard of has none
    Given pool "p" is registered
    Then the status of pool "p" has
      | field             | value |
      | last_heartbeat_ms | null  |

  Scenario: A ready engine was heard of when it passed its health check
    Given pool "p" is ready
    Then the status of pool "p" has
      | field             | value    |
      | last_heartbeat_ms | a number |

  Scenario: A heartbeat of a pool that is not known registers nothing
    When I send a heartbeat of pool "nobody"
    Then the answer is the error 404 "POOL_NOT_FOUND"
    And there are no pools

  Scenario Outline: A timestamp that is none
    Given pool "p" is registered
    When I send a heartbeat of pool "p" with the timestamp <timestamp>
    Then the answer is the error 400 "INVALID_FIELD" for "timestamp_ms"
    And the status of pool "p" has
      | field             | value |
      | last_heartbeat_ms | null  |

    Examples:
      | timestamp |
      | -1        |
      | "now"     |
      | 1.5       |
      | true      |
      | [1]       |
