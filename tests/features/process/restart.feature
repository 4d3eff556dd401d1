# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: An engine is restarted on demand

  Background:
    Given the daemon runs

  Scenario: A ready engine is stopped and started anew, as it was
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And I remember the status of pool "p"
    When I restart pool "p"
    Then the answer is 200
    And the answer has
      | field      | value                  |
      | pool_id    | "p"                    |
      | pid        | a number               |
      | generation | 2                      |
      | unit       | "pool@p:r0:g2.service" |
    And the remembered engine of pool "p" is gone
    And the status of pool "p" has
      | field         | value   |
      | state         | "ready" |
      | active_leases | 0       |
    And the status of pool "p" still has the same
      | field          |
      | url            |
      | engine_version |
      | model_path     |
    And the command line of the engine of pool "p" is the binary path and those flags
    And the file "p.pid" holds the pid of the engine of pool "p"
    And there is a file "engines/p-r0.json"

  Scenario Outline: An engine that does not run is started
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=1h
      MaxSec=1h
      """
    And pool "p" is ready
    And <ended>
    When I restart pool "p"
    Then the answer is 200
    And the status of pool "p" has
      | field      | value   |
      | state      | "ready" |
      | generation | 2       |
      | last_error | null    |

    Examples:
      | ended                                |
      | I stop pool "p"                      |
      | the engine of pool "p" has crashed   |

  Scenario: There is nothing to restart
    When I restart pool "nobody"
    Then the answer is the error 404 "POOL_NOT_FOUND"
    Given pool "p" is registered
    When I restart pool "p"
    Then the answer is the error 404 "NO_ENGINE"

  Scenario: Another operation holds the pool
    Given a preload of pool "p" waits for its engine, which answers 503
    When I restart pool "p"
    Then the answer is the error 409 "OPERATION_IN_PROGRESS"
    And the preload of pool "p" still waits

  Scenario: The daemon dies in the middle of a restart, which goes on
    When I preload pool "p" with
      | field         | value            |
      | stop_grace_ms | 1000             |
      | flags         | --ignore-sigterm |
    And I remember the status of pool "p"
    And POST "/pools/p/restart" is under way
    And pool "p" becomes "stopping"
    And the daemon is killed by SIGKILL
    Then pool "p" becomes "ready"
    And the remembered engine of pool "p" is gone
    And the status of pool "p" has
      | field      | value |
      | generation | 2     |
