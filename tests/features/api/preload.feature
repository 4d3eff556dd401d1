# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A preload over HTTP starts an engine and says what came of it

  Background:
    Given the daemon runs

  @B-API-010 @B-API-011
  Scenario: A PreparedEngine becomes a process
    When I preload pool "p"
    Then the answer is 200
    And the answer has
      | field        | value                                  |
      | pool_id      | "p"                                    |
      | pid          | a number                               |
      | handoff_path | "/run/pool-managerd/engines/p-r0.json" |
      | generation   | 1                                      |
      | unit         | "pool@p:r0:g1.service"                 |
      | warnings     | []                                     |
    And the pid in the answer is that of the engine of pool "p"
    And the engine of pool "p" runs

  @B-API-012
  Scenario: An engine that does not start is an error that says why
    When I preload pool "p" and its engine gets "--exit-at-once 3"
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the error text contains "preload failed: "
    And the answer has
      | field     | value |
      | pool_id   | "p"   |
      | retriable | true  |

  @B-API-013
  Scenario: Nothing is started while another process holds the registry
    Given another process holds the registry lock
    When I preload pool "p"
    Then the answer is the error 500 "REGISTRY_LOCK"
    And the error text contains "registry lock failed: "
    When the registry lock is given up
    Then nothing has happened

  @B-API-014
  Scenario: What the engine writes goes to its log file where that is wanted
    Given the daemon runs with
      """
      [Engine]
      EngineLog=file
      """
    When I preload pool "p" and its engine gets "--print first --print-stderr second"
    Then the answer is 200
    And the file "engine-p.log" contains the lines
      | line   |
      | first  |
      | second |

  @B-API-015 @B-API-016
  Scenario: The files that a preload leaves
    When I preload pool "p"
    Then the answer is 200
    And the file "p.pid" holds the pid of the engine of pool "p"
    And the file "engines/engine.json" is a link to the file "engines/p-r0.json"
    And the file "engines/engine.json" has
      | field          | value      |
      | pool_id        | "p"        |
      | engine_version | "fake-1.0" |
