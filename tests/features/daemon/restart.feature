# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Engines outlive the daemon
  Whatever happens to the daemon, no engine is started twice, none is lost and none is reloaded.

  Background:
    Given the daemon runs
    And pool "p" is ready
    And I remember the status of pool "p"

  Scenario Outline: The daemon goes and comes back, the engine stays
    When the daemon <goes>
    Then the status of pool "p" still has the same
      | field         |
      | pid           |
      | unit          |
      | invocation_id |
      | generation    |
      | url           |
    And the status of pool "p" has
      | field      | value   |
      | state      | "ready" |
      | live       | true    |
      | ready      | true    |
      | last_error | null    |
    And there is a file "engines/p-r0.json"
    And the file "p.pid" holds the pid of the engine of pool "p"
    When I stop pool "p"
    Then the answer is 200
    And the remembered engine of pool "p" is gone
    And nothing is left in pools.slice

    Examples:
      | goes                           |
      | is killed by SIGKILL           |
      | is restarted by systemctl      |
      | is stopped and started again   |

  Scenario: A stopped daemon leaves its engines at work
    When the daemon is stopped
    Then the remembered engine of pool "p" still runs
    And the engine of pool "p" answers
    And the unit "pool-managerd.service" has
      | property | value   |
      | Result   | success |

  Scenario: An engine that dies while the daemon is away is reported afterwards
    When the daemon is stopped
    And the engine of pool "p" is killed
    And the daemon is started with
      """
      [Backoff]
      InitialSec=1h
      MaxSec=1h
      """
    Then the status of pool "p" has
      | field            | value            |
      | state            | "backoff"        |
      | live             | false            |
      | ready            | false            |
      | last_error       | contains SIGKILL |
      | last_error_class | "signal"         |
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"
    And no unit has failed

  Scenario: An engine that turned unhealthy while the daemon was away is not ready
    When the daemon is stopped
    And the engine of pool "p" turns unhealthy
    And the daemon is started
    Then the status of pool "p" has
      | field | value |
      | ready | false |

  Scenario: An engine that was still starting becomes ready under the new daemon
    Given a preload of pool "late" is under way and its engine gets "--never-healthy"
    And the engine of pool "late" has had 1 health check
    And I remember the status of pool "late"
    When the daemon is killed by SIGKILL
    And the engine of pool "late" becomes healthy
    Then pool "late" becomes "ready"
    And the status of pool "late" still has the same
      | field      |
      | pid        |
      | generation |
    And there is a file "engines/late-r0.json"

  Scenario: A stop that was under way is finished by the new daemon
    When I preload pool "stubborn" with
      | field         | value            |
      | stop_grace_ms | 2000             |
      | flags         | --ignore-sigterm |
    And I remember the status of pool "stubborn"
    And a stop of pool "stubborn" is under way
    And the daemon is killed by SIGKILL
    Then pool "stubborn" becomes "off"
    And the remembered engine of pool "stubborn" is gone
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |

  Scenario: A generation is never used twice
    When I stop pool "p"
    And the daemon is restarted by systemctl
    And I preload pool "p"
    Then the answer is 200
    And the answer has
      | field      | value |
      | generation | 2     |

  Scenario: A damaged state file is set aside and harms no other pool
    When the daemon is stopped
    And the file "state/other.json" is written with "{\"half"
    And the daemon is started
    Then the status of pool "p" has
      | field | value   |
      | state | "ready" |
    And there is a file "state/other.json.bad"

  Scenario: An engine that no state file knows is stopped after a grace
    When the daemon is stopped
    And the file "state/p.json" is removed
    And the daemon is started with
      """
      [Manager]
      UnknownUnitGraceSec=200ms
      """
    Then the remembered engine of pool "p" is gone
    And the daemon has logged a line that contains "pool@p:r0:g1.service"

  Scenario: The daemon hangs, the watchdog ends it, the engine stays
    Given the watchdog of the daemon is set to 1 second
    When the daemon hangs
    Then systemd has started another daemon
    And the status of pool "p" still has the same
      | field |
      | pid   |
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |

  Scenario: A daemon-reload of systemd harms nobody
    Given a preload of pool "late" waits for its engine, which answers 503
    When systemd reloads its units
    And the engine of pool "late" becomes healthy
    Then the preload of pool "late" is answered with 200
    And the status of pool "p" still has the same
      | field         |
      | pid           |
      | invocation_id |
    When I stop pool "p"
    Then the answer is 200
    When I stop pool "late"
    Then the answer is 200
    And nothing is left in pools.slice
