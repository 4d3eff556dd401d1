# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The daemon is a good service

  Scenario: Started means listening
    When the daemon is started
    Then the first request is answered

  Scenario: The status line counts the pools
    Given the daemon runs
    And pool "one" is ready
    And the preload of pool "two" has failed
    Then the status line of the daemon becomes "2 pools, 1 ready"

  Scenario: The status line is told when it changes, not whenever a pool does
    Given the daemon runs with
      """
      [Liveness]
      IntervalSec=600ms
      """
    And the service manager logs what it is notified of
    And pool "one" is ready
    Then the status line of the daemon becomes "1 pool, 1 ready"
    When the engine of pool "one" has had 2 more health checks
    Then the service manager was told "STATUS=1 pool, 1 ready" once

  Scenario: The watchdog is on
    Given the daemon runs
    Then the unit "pool-managerd.service" has
      | property     | value  |
      | Type         | notify |
      | WatchdogUSec | 30s    |
      | NotifyAccess | main   |

  Scenario: A reload reads the configuration again and leaves engines alone
    Given the daemon runs
    And pool "p" is ready
    And I remember the status of pool "p"
    When the daemon is reloaded with
      """
      [Health]
      TimeoutSec=500ms
      """
    Then the daemon is the same process
    And the status of pool "p" still has the same
      | field |
      | pid   |
      | state |
    When I preload pool "late" and its engine gets "--never-healthy"
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the answer came within 5000 ms

  Scenario: A reload of a configuration that cannot be used changes nothing
    Given the daemon runs
    And pool "p" is ready
    When the daemon is reloaded with
      """
      [Health]
      TimeoutSec=soon
      """
    Then the daemon is the same process
    And the daemon has logged a line that contains "TimeoutSec"
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |

  Scenario Outline: A configuration that cannot be used is refused with file, line and key
    When the daemon is started with
      """
      [<section>]
      <key>=<value>
      """
    Then it does not start
    And the daemon has logged a line that contains "50-test.conf:2"
    And the daemon has logged a line that contains "<key>"

    Examples:
      | section  | key         | value      |
      | Health   | IntervalSec | fast       |
      | Health   | TimeoutSec  | -1         |
      | Health   | Ramp        | maybe      |
      | Liveness | Failures    | 0          |
      | Engine   | EngineLog   | printer    |

  Scenario: A key that nobody knows is a warning that names the nearest one
    Given the daemon runs with
      """
      [Health]
      TimeOutSec=1
      """
    Then the daemon has logged a line that contains "TimeoutSec"

  Scenario: Somewhere else to listen
    Given the daemon runs with
      """
      [Manager]
      Listen=127.0.0.1:9311 unix:/run/pool-managerd/second.sock
      """
    Then GET "/health" on port 9311 is answered
    And GET "/health" over the socket "second.sock" is answered

  @B-CONFIG-001
  Scenario: The environment says where to listen
    Given the unit of the daemon has the setting "Environment=POOL_MANAGERD_ADDR=127.0.0.1:9312"
    When the daemon is started without waiting for port 9200
    Then GET "/health" on port 9312 is answered

  @B-CONFIG-002
  Scenario: Without a word about it the daemon listens on 127.0.0.1:9200
    Given the daemon runs
    Then the daemon listens on "127.0.0.1:9200" and nowhere else

  @B-CONFIG-003
  Scenario Outline: An address that is none
    When the daemon is started with
      """
      [Manager]
      Listen=<address>
      """
    Then it does not start
    And the daemon has logged a line that contains "<address>"

    Examples:
      | address          |
      | 127.0.0.1        |
      | 127.0.0.1:99999  |
      | 300.0.0.1:9200   |
      | nowhere          |

  Scenario: Open to other hosts without a token is refused
    When the daemon is started with
      """
      [Manager]
      Listen=0.0.0.0:9200
      """
    Then it does not start
    And the daemon has logged a line that contains "LLORCH_API_TOKEN"

  Scenario: With a token every path but the health check needs it
    Given the unit of the daemon has the setting "Environment=LLORCH_API_TOKEN=correct-horse"
    And the daemon runs
    When I send GET "/health"
    Then the answer is 200
    When I send GET "/pools"
    Then the answer is the error 401 "UNAUTHORIZED"
    When I send GET "/pools" with the token "wrong-horse"
    Then the answer is the error 401 "UNAUTHORIZED"
    When I send GET "/pools" with the token "correct-horse"
    Then the answer is 200
    And the journal does not contain "correct-horse"

  Scenario: A port that somebody else has
    Given port 9200 is taken
    When the daemon is started
    Then it does not start
    And the daemon has logged a line that contains "9200"

  Scenario: The sockets of a socket unit are used
    Given the socket unit is started
    When I send GET "/health"
    Then the answer is 200
    And the status line of the daemon becomes "0 pools, 0 ready"
    And the unit "pool-managerd.service" has
      | property    | value  |
      | ActiveState | active |
    When I send GET "/health" over the socket "http.sock"
    Then the answer is 200

  Scenario: With the socket unit a restart refuses nobody
    Given the socket unit is started
    And the daemon runs
    And pool "p" is ready
    When the daemon is restarted while a client asks for the status of pool "p" again and again
    Then no request was refused
