# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The host talks to the daemon over D-Bus

  Background:
    Given the daemon runs

  Scenario: The objects offer what the documentation says
    Given pool "p" is ready
    Then the object of the daemon offers what "org.llamaorch.PoolManager1.Manager.xml" says
    And the object of pool "p" offers what "org.llamaorch.PoolManager1.Pool.xml" says
    And the manager is an ObjectManager

  Scenario: A preload over the bus that waits
    When I call "PreloadAndWait" for pool "p"
    Then the call answered JSON with
      | field      | value                  |
      | pool_id    | "p"                    |
      | pid        | a number               |
      | generation | 1                      |
      | unit       | "pool@p:r0:g1.service" |
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |
    When I call "StopAndWait" for pool "p"
    Then the call answered JSON with
      | field         | value |
      | pool_id       | "p"   |
      | force_stopped | false |
    And nothing is left in pools.slice

  Scenario: A preload over the bus that does not wait tells its end
    Given I watch the daemon's signals
    When I call "Preload" for pool "p"
    Then the call answered an operation number
    And the signal "OperationEnded" came for that operation with
      | field      | value     |
      | kind       | "preload" |
      | pool_id    | "p"       |
      | error_code | ""        |
    When I call "Stop" for pool "p"
    Then the call answered an operation number
    And the signal "OperationEnded" came for that operation with
      | field      | value  |
      | kind       | "stop" |
      | pool_id    | "p"    |
      | error_code | ""     |

  Scenario: A preload that fails tells why
    Given I watch the daemon's signals
    When I call "Preload" for pool "p" whose engine gets "--exit-at-once 3"
    Then the signal "OperationEnded" came for that operation with
      | field      | value             |
      | kind       | "preload"         |
      | error_code | "PRELOAD_FAILED"  |
      | error_text | contains status 3 |

  Scenario: Pools can be listed and found
    Given pool "b-2" is ready
    And pool "a.1" is ready
    Then the pools on the bus are
      | id  | state |
      | a.1 | ready |
      | b-2 | ready |
    And "GetPool" leads to the object of pool "a.1"
    And the property "PoolCount" of the manager is 2
    And the property "Version" of the manager is that of "pool-managerd --version"

  Scenario: A pool's properties
    Given pool "p" is ready
    Then the bus properties of pool "p" have
      | field         | value                  |
      | PoolId        | "p"                    |
      | State         | "ready"                |
      | Live          | true                   |
      | Ready         | true                   |
      | EngineVersion | "fake-1.0"             |
      | Generation    | 1                      |
      | Unit          | "pool@p:r0:g1.service" |
      | Pid           | a number               |
      | LastError     | ""                     |
    And the bus description of pool "p" is its status over HTTP

  Scenario: A new pool and its changes are announced
    Given I watch the daemon's signals
    When I preload pool "p"
    Then a signal announced the object of pool "p"
    And a signal said that "State" of pool "p" became "ready"
    When the engine of pool "p" is killed
    Then a signal said that "State" of pool "p" became "backoff"

  Scenario: A pool's own object can be asked to stop it
    Given pool "p" is ready
    When I call "StopAndWait" of the object of pool "p"
    Then the call answered JSON with
      | field   | value |
      | pool_id | "p"   |
    And pool "p" becomes "off"

  Scenario: What the bus starts is seen over HTTP, and the other way round
    When I call "PreloadAndWait" for pool "bus"
    And I preload pool "http"
    Then the pools on the bus are
      | id   | state |
      | bus  | ready |
      | http | ready |
    When I send GET "/pools"
    Then the answer lists the pools "bus, http"
