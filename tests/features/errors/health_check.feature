# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: An engine that never gets healthy is ended and reported

  Background:
    Given the daemon runs

  @B-PRELOAD-013 @B-PRELOAD-030 @B-PRELOAD-031 @B-PRELOAD-032 @B-PRELOAD-033 @B-PRELOAD-034
  @B-ERROR-020 @B-ERROR-021 @B-ERROR-022
  Scenario Outline: An engine that never gets healthy is killed and reported
    Given the daemon runs with
      """
      [Health]
      TimeoutSec=1
      TryTimeoutSec=300ms
      [Engine]
      StopGraceSec=300ms
      """
    And a preload of pool "p" is under way and its engine gets "<flags>"
    When the engine of pool "p" runs
    And I remember the status of pool "p"
    Then the preload of pool "p" is answered with 500
    And the error text contains "preload failed: "
    And the error text contains "<reason>"
    And the answer came within 5000 ms
    And the answer took at least 900 ms
    And the remembered engine of pool "p" is gone
    And the status of pool "p" has
      | field            | value             |
      | state            | "failed"          |
      | ready            | false             |
      | live             | false             |
      | last_error       | contains <reason> |
      | last_error_class | "start_timeout"   |
    And the daemon has logged a problem of pool "p" that contains "<reason>"
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"
    And nothing is left in pools.slice
    And no unit has failed

    Examples:
      | flags                  | reason |
      | --never-healthy        | 503    |
      | --hang-health          | health |
      | --never-healthy --ignore-sigterm --setsid-child | 503 |

  @long @B-PRELOAD-013
  Scenario: The deadline is 120 seconds unless it is configured
    Given a preload of pool "p" is under way and its engine gets "--never-healthy"
    When the preload of pool "p" is answered with 500 within 150 seconds
    Then the answer took at least 119000 ms
    And the answer came within 130000 ms

  Scenario: A preload may bring its own deadline
    When I preload pool "p" with
      | field  | value                |
      | health | {"timeout_ms": 600}  |
      | flags  | --never-healthy      |
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the answer came within 4000 ms
