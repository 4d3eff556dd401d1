# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Several things at once

  Background:
    Given the daemon runs

  Scenario: Two pools at once
    Given a preload of pool "one" waits for its engine, which answers 503
    And a preload of pool "two" waits for its engine, which answers 503
    When the engine of pool "two" becomes healthy
    Then the preload of pool "two" is answered with 200
    And the preload of pool "one" still waits
    When the engine of pool "one" becomes healthy
    Then the preload of pool "one" is answered with 200
    And the engines of pool "one" and pool "two" are different processes
    When I stop pool "one"
    Then the status of pool "one" has
      | field | value |
      | state | "off" |
    And the status of pool "two" has
      | field | value   |
      | state | "ready" |

  Scenario: A second preload while one is under way
    Given a preload of pool "p" waits for its engine, which answers 503
    When I preload pool "p"
    Then the answer is the error 409 "OPERATION_IN_PROGRESS"
    And the answer has
      | field     | value |
      | pool_id   | "p"   |
      | retriable | true  |
    And the preload of pool "p" still waits

  Scenario: A preload of something else while an engine runs
    Given pool "p" is ready
    And I remember the status of pool "p"
    When I preload pool "p" with "engine_version" set to "fake-2.0"
    Then the answer is the error 409 "ALREADY_RUNNING"
    And the status of pool "p" still has the same
      | field          |
      | pid            |
      | engine_version |
      | state          |

  Scenario: A stop ends a preload
    Given a preload of pool "p" waits for its engine, which answers 503
    When I stop pool "p"
    Then the answer is 200
    And the preload of pool "p" is answered with 409
    And the answer is the error 409 "CANCELLED"
    And the status of pool "p" has
      | field | value |
      | state | "off" |
    And nothing is left in pools.slice

  Scenario: A client that hangs up does not end its preload
    When a client asks for a preload of pool "p" whose engine answers 503, and hangs up
    And the engine of pool "p" has had 2 health checks
    And the engine of pool "p" becomes healthy
    Then pool "p" becomes "ready"
    And the daemon still answers

  Scenario: A client that only stopped sending gets its answer
    When a client asks for a preload of pool "p" whose engine answers 503, and stops sending
    And the engine of pool "p" has had 2 health checks
    And the engine of pool "p" becomes healthy
    Then that client gets the answer 200

  Scenario: Ten pools at once become ready and stop
    When I preload 10 pools at once
    Then the preloads of the 10 pools are answered with 200
    When I stop the 10 pools at once
    Then nothing is left in pools.slice
    And no unit has failed
