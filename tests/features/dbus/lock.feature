# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The registry lock over D-Bus

  Background:
    Given the daemon runs
    And I call "Register" over the bus with ["p"]

  Scenario: Another process holds it
    Given another process holds the registry lock
    When I try "Register" over the bus with ["q"]
    Then the call failed with "RegistryLock"
    And the error over the bus contains "registry lock failed"
    When I try "DescribePool" over the bus with ["p"]
    Then the call failed with "RegistryLock"
    When I read the bus properties of pool "p"
    Then the call failed with "RegistryLock"
    When the registry lock is given up
    Then the pools on the bus are
      | id | state |
      | p  | off   |

  Scenario: Another process reads
    Given another process holds the registry lock to read
    When I call "DescribePool" over the bus with ["p"]
    Then the call answered JSON with
      | field   | value |
      | pool_id | "p"   |
    When I try "Register" over the bus with ["q"]
    Then the call failed with "RegistryLock"

  Scenario: Changes are told all the same
    Given pool "r" is ready
    And I watch the daemon's signals
    And another process holds the registry lock
    When the engine of pool "r" is killed
    Then a signal said that "State" of pool "r" became "backoff"
    And the registry lock is given up
