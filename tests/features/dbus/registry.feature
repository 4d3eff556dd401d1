# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The registry over D-Bus

  Background:
    Given the daemon runs

  Scenario: A pool comes and goes
    Given I watch the daemon's signals
    When I call "Register" over the bus with ["a.b"]
    Then the bus replied [true]
    And a signal "PoolAdded" told of pool "a.b"
    When I call "Register" over the bus with ["a.b"]
    Then the bus replied [false]
    And the property "PoolCount" of the manager is 1
    When I call "Deregister" over the bus with ["a.b", false]
    Then the operation ended with
      | field      | value        |
      | kind       | "deregister" |
      | pool_id    | "a.b"        |
      | error_code | ""           |
    And the property "PoolCount" of the manager is 0
    And there are no pools

  Scenario: The object of a pool goes with it
    Given I call "Register" over the bus with ["p"]
    And I watch the daemon's signals
    When I call "DeregisterAndWait" over the bus with ["p", false]
    Then a signal said that the object of pool "p" is gone
    And a signal "PoolRemoved" told of pool "p"
    And a signal said that "PoolCount" of the manager became 0

  Scenario: A pool whose engine runs goes by force only
    Given pool "p" is ready
    When I try "Deregister" over the bus with ["p", false]
    Then the call failed with "AlreadyRunning"
    When I call "DeregisterAndWait" over the bus with ["p", true]
    Then the call answered JSON with
      | field   | value |
      | pool_id | "p"   |
    And nothing is left in pools.slice
    And there are no pools

  Scenario: An update
    Given I call "Register" over the bus with ["p"]
    And I watch the daemon's signals
    When I call "Update" over the bus with ["p", "{\"slots_total\": 4, \"version\": \"7\", \"colour\": \"red\"}"]
    Then the reply of the bus warns about "colour"
    And the bus properties of pool "p" have
      | field           | value |
      | SlotsTotal      | 4     |
      | RegistryVersion | "7"   |
    And a signal said that "RegistryVersion" of pool "p" became "7"
    When I call "Update" over the bus with ["q", "{\"version\": \"1\"}"]
    Then the bus replied [true, []]

  Scenario: A handoff
    Given somebody else runs an engine for pool "p"
    When I call "RegisterHandoff" over the bus with ["p", "{\"url\": \"{url of p}\", \"slots_total\": 2}"]
    Then the bus replied [true, []]
    And the bus properties of pool "p" have
      | field      | value      |
      | State      | "external" |
      | Ready      | true       |
      | SlotsTotal | 2          |

  Scenario: A heartbeat
    Given I call "Register" over the bus with ["p"]
    When I call "Heartbeat" over the bus with ["p", 1234567]
    Then the bus replied [1234567]
    And the bus properties of pool "p" have
      | field           | value   |
      | LastHeartbeatMs | 1234567 |
    When I try "Heartbeat" over the bus with ["nobody", 1]
    Then the call failed with "PoolNotFound"

  Scenario: Health and status
    Given pool "p" is ready
    When I call "GetHealth" over the bus with ["p"]
    Then the call answered JSON with
      | field    | value |
      | live     | true  |
      | ready    | true  |
      | draining | false |
    When I call "DescribePool" over the bus with ["p"]
    Then the call answered JSON with
      | field   | value   |
      | pool_id | "p"     |
      | state   | "ready" |

  Scenario: A restart
    Given pool "p" is ready
    When I call "RestartAndWait" over the bus with ["p"]
    Then the call answered JSON with
      | field      | value |
      | pool_id    | "p"   |
      | generation | 2     |
    When I try "Restart" over the bus with ["nobody"]
    Then the call failed with "PoolNotFound"

  Scenario: The circuit breaker of a pool that has none open
    Given pool "p" is ready
    When I call "ResetBreaker" over the bus with ["p"]
    Then the bus replied []
    When I try "AllowRestart" over the bus with ["p"]
    Then the call failed with "BreakerClosed"

  Scenario: Events
    Given I watch the daemon's signals
    When I call "Register" over the bus with ["p"]
    Then an event "pool" of pool "p" was told, and is in the list
    When I call "DeregisterAndWait" over the bus with ["p", false]
    Then an event "pool_removed" of pool "p" was told, and is in the list

  Scenario: A restarted daemon counts its events anew, and says so
    Given I remember the property "RunId" of the manager
    When the daemon is stopped and started again
    Then the property "RunId" of the manager is another one than before

  Scenario: An operation that nobody began
    When I try "GetOperation" over the bus with [99]
    Then the call failed with "OperationNotFound"

  Scenario: The output of an engine
    Given I preload pool "p" and its engine gets "--print hello"
    Then the pipe of "OpenLogs" for pool "p" gives the line "hello"
    When I try "OpenLogs" over the bus with ["nobody", 5, 0, false, false]
    Then the call failed with "PoolNotFound"
