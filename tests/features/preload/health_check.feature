# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The health check that makes an engine ready

  Background:
    Given the daemon runs

  @B-PRELOAD-010
  Scenario Outline: An engine that answers anything but 200 is not healthy
    Given a preload of pool "p" waits for its engine, which answers <status>
    When the engine of pool "p" has had 5 health checks
    Then the preload of pool "p" still waits
    When the engine of pool "p" becomes healthy
    Then the preload of pool "p" is answered with 200

    Examples:
      | status |
      | 503    |
      | 500    |
      | 404    |
      | 302    |
      | 204    |
      | 201    |
      | 401    |

  @B-PRELOAD-014
  Scenario Outline: A 200 passes over HTTP/1.0 and HTTP/1.1
    When I preload pool "p" and its engine gets "<flags>"
    Then the answer is 200

    Examples:
      | flags    |
      | --http10 |
      |          |

  @B-PRELOAD-011
  Scenario: Without the ramp the pause between two checks is the interval of 500 ms
    Given the daemon runs with
      """
      [Health]
      Ramp=no
      """
    And a preload of pool "p" waits for its engine, which answers 503
    When the engine of pool "p" has had 5 health checks
    Then the pauses between the last 4 health checks of pool "p" are from 450 to 900 ms

  Scenario: With the ramp a quick engine is seen quickly
    When I preload pool "p" and its engine gets "--healthy-after-ms 100"
    Then the answer is 200
    And the first pauses between the health checks of pool "p" are under 100 ms
    And the answer came within 2000 ms

  Scenario: An engine that is healthy a little late becomes ready
    When I preload pool "p" and its engine gets "--healthy-after-ms 1500"
    Then the answer is 200

  Scenario: A preload may name another path for the health check
    When I preload pool "p" with
      | field  | value                                       |
      | health | {"path": "/v1/models"}                      |
      | flags  | --health-path /v1/models                    |
    Then the answer is 200

  Scenario: A health check that hangs is given up and tried again
    Given the daemon runs with
      """
      [Health]
      TryTimeoutSec=200ms
      """
    And a preload of pool "p" is under way and its engine gets "--hang-health"
    When the engine of pool "p" has had 3 health checks
    And the engine of pool "p" becomes healthy
    Then the preload of pool "p" is answered with 200

  Scenario Outline: Strange answers of an engine do no harm
    Given the daemon runs with
      """
      [Health]
      TryTimeoutSec=200ms
      TimeoutSec=2
      """
    When I preload pool "p" and its engine gets "<flags>"
    Then the daemon still answers
    And the pool "p" is <outcome>

    Examples:
      | flags                       | outcome   |
      | --slow-health-byte-ms 50    | not ready |
      | --big-headers --status 503  | not ready |
      | --status 0                  | not ready |
      | --status 999                | not ready |
