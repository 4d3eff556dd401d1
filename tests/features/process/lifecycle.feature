# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The life of an engine's process
  Its pid is known from the start, and a stop is done when nothing of it is left.

  Background:
    Given the daemon runs

  @B-PROC-020 @B-PROC-021 @B-PROC-022
  Scenario: The pid is known, and stands in plain text in its file
    Given pool "p" is ready
    Then the main pid of the unit of pool "p" is that of its engine
    And the file "p.pid" holds the pid of the engine of pool "p"

  @B-PROC-021
  Scenario: The file of the pid follows the engine
    Given pool "p" is ready
    And I stop pool "p"
    And pool "p" is ready
    Then the file "p.pid" holds the pid of the engine of pool "p"

  @B-PROC-010 @B-PROC-014
  Scenario: The process that the file names is the one that a stop ends
    Given pool "p" is ready
    And I remember the status of pool "p"
    And the file "p.pid" holds the pid of the engine of pool "p"
    When I stop pool "p"
    Then the answer is 200
    And the remembered engine of pool "p" is gone
    And there is no file "p.pid"

  @B-PROC-011 @B-PROC-014
  Scenario: An engine that obeys is stopped gently
    Given pool "p" is ready
    And I remember the status of pool "p"
    When I stop pool "p"
    Then the answer is 200
    And the answer has
      | field        | value         |
      | pool_id      | "p"           |
      | force_stopped | false        |
      | duration_ms  | at most 4000  |
    And the remembered engine of pool "p" is gone
    And the journal has a line "asked to stop" of the engine of pool "p"
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"
    And there is no file "engines/engine.json"
    And nothing is left in pools.slice
    And no unit has failed
    And the status of pool "p" has
      | field | value |
      | state | "off" |
      | live  | false |
      | ready | false |

  @B-PROC-013
  Scenario: An engine that ignores SIGTERM is killed
    When I preload pool "p" with
      | field         | value            |
      | stop_grace_ms | 300              |
      | flags         | --ignore-sigterm |
    And I remember the status of pool "p"
    And I stop pool "p"
    Then the answer is 200
    And the answer has
      | field         | value         |
      | force_stopped | true          |
      | duration_ms   | at least 250  |
    And the remembered engine of pool "p" is gone
    And the journal has a line "asked to stop, does not care" of the engine of pool "p"
    And nothing is left in pools.slice
    And no unit has failed
    And the status of pool "p" has
      | field | value |
      | state | "off" |

  @B-PROC-011 @B-PROC-012 @B-PROC-013
  Scenario: Without a word about it an engine is asked first, and killed after five seconds
    Given pool "p" is ready
    Then the unit of pool "p" has
      | property        | value         |
      | KillSignal      | 15            |
      | TimeoutStopUSec | 5s            |
      | SendSIGKILL     | yes           |
      | FinalKillSignal | 9             |
      | KillMode        | control-group |

  @B-PROC-012
  Scenario: The grace is five seconds
    When I preload pool "p" and its engine gets "--ignore-sigterm"
    And I stop pool "p"
    Then the answer is 200
    And the answer has
      | field         | value         |
      | force_stopped | true          |
      | duration_ms   | at least 4900 |
    And the answer came within 8000 ms

  @B-PROC-012
  Scenario: An engine that needs a part of its grace gets it
    When I preload pool "p" and its engine gets "--stop-takes-ms 1500"
    And I stop pool "p"
    Then the answer is 200
    And the answer has
      | field         | value         |
      | force_stopped | false         |
      | duration_ms   | at least 1450 |

  Scenario: The grace can be configured
    Given the daemon runs with
      """
      [Engine]
      StopGraceSec=200ms
      """
    When I preload pool "p" and its engine gets "--ignore-sigterm"
    And I stop pool "p"
    Then the answer has
      | field         | value        |
      | force_stopped | true         |
      | duration_ms   | at most 3000 |

  Scenario: A child that left the session is killed too
    When I preload pool "p" with
      | field         | value          |
      | stop_grace_ms | 500            |
      | flags         | --setsid-child |
    And I remember the child of the engine of pool "p"
    And I remember the status of pool "p"
    And I stop pool "p"
    Then the answer is 200
    And the answer has
      | field         | value |
      | force_stopped | true  |
    And the remembered engine of pool "p" is gone
    And the remembered child of pool "p" is gone
    And nothing is left in pools.slice
    And no unit has failed

  @B-PROC-015
  Scenario: There is nothing to stop
    When I send POST "/pools/nobody/stop"
    Then the answer is the error 404 "POOL_NOT_FOUND"
    Given pool "p" is ready
    When I stop pool "p"
    Then there is no file "p.pid"
    When I stop pool "p"
    Then the answer is the error 404 "NO_ENGINE"

  Scenario: The handoff is withdrawn before the engine is stopped
    When I preload pool "p" with
      | field         | value            |
      | stop_grace_ms | 1500             |
      | flags         | --ignore-sigterm |
    And a stop of pool "p" is under way
    Then the engine of pool "p" still runs and there is no file "engines/p-r0.json"
    And the status of pool "p" has
      | field | value      |
      | state | "stopping" |
      | ready | false      |
    And the stop of pool "p" is answered with 200

  Scenario: Two stops at once end together
    When I preload pool "p" with
      | field         | value            |
      | stop_grace_ms | 500              |
      | flags         | --ignore-sigterm |
    And a stop of pool "p" is under way
    And I stop pool "p"
    Then the answer is 200
    And the stop of pool "p" is answered with 200

  Scenario: A preload while the pool is being stopped
    When I preload pool "p" with
      | field         | value            |
      | stop_grace_ms | 1000             |
      | flags         | --ignore-sigterm |
    And a stop of pool "p" is under way
    And I preload pool "p"
    Then the answer is the error 409 "OPERATION_IN_PROGRESS"
    And the stop of pool "p" is answered with 200

  Scenario: Somebody stops the unit with systemctl
    Given pool "p" is ready
    When "systemctl stop" is run on the unit of pool "p"
    Then pool "p" becomes "off"
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"
    And no unit has failed
