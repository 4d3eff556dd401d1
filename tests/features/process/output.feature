# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: What an engine writes can be found

  Scenario: Standard output and standard error are in the journal, by unit and by pool
    Given the daemon runs
    When I preload pool "p" and its engine gets "--print to-stdout --print-stderr to-stderr"
    Then the answer is 200
    And the journal has a line "to-stdout" of the engine of pool "p"
    And the journal has a line "to-stderr" of the engine of pool "p"
    And the lines of the engine of pool "p" carry
      | field           | value    |
      | POOL_ID         | p        |
      | REPLICA_ID      | r0       |
      | POOL_GENERATION | 1        |
      | ENGINE_VERSION  | fake-1.0 |

  Scenario: The daemon's own lines carry the pool
    Given the daemon runs
    When I preload pool "p"
    And I stop pool "p"
    Then the daemon has logged for pool "p" with the field "MESSAGE_ID"

  @B-API-014 @B-PRELOAD-003 @B-PROC-003 @B-PROC-004 @B-PROC-005
  Scenario: With EngineLog=file both are in a file
    Given the daemon runs with
      """
      [Engine]
      EngineLog=file
      """
    When I preload pool "p" and its engine gets "--print to-stdout --print-stderr to-stderr"
    Then the answer is 200
    And the file "engine-p.log" contains the lines
      | line      |
      | to-stdout |
      | to-stderr |

  @B-PROC-006
  Scenario: The file is appended to
    Given the daemon runs with
      """
      [Engine]
      EngineLog=file
      """
    When I preload pool "p" and its engine gets "--print first-start"
    And I stop pool "p"
    And I preload pool "p" and its engine gets "--print second-start"
    Then the answer is 200
    And the file "engine-p.log" contains the lines
      | line         |
      | first-start  |
      | second-start |

  Scenario: An engine that floods its output delays nobody
    Given the daemon runs
    When I preload pool "p" and its engine gets "--flood"
    Then the answer is 200
    When I send GET "/pools" 50 times
    Then each answer is 200 and came within 2000 ms
    When I stop pool "p"
    Then the answer is 200
