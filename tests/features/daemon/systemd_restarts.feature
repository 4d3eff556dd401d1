# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Engines outlive what the daemon stands on
  systemd, the journal and the bus may be restarted at any time. The daemon stays, or is started again
  when it has lost the bus; no engine notices, and nothing that was under way is lost.

  Background:
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=2s
      JitterPercent=0
      """

  Scenario Outline: A pool is ready and has leases when <what>
    Given pool "p" is ready
    And 2 leases of pool "p" are out
    And I remember the status of pool "p"
    When <what>
    Then the status of pool "p" still has the same
      | field         |
      | state         |
      | live          |
      | ready         |
      | pid           |
      | unit          |
      | invocation_id |
      | generation    |
      | url           |
      | active_leases |
      | crash_count   |
      | last_error    |
    And the engine of pool "p" answers
    And there is a file "engines/p-r0.json"
    When I release lease 1 of pool "p"
    Then the answer is 200
    When I preload pool "other"
    Then the answer is 200
    When the engine of pool "other" is killed
    Then pool "other" becomes "backoff"
    When I stop pool "p"
    Then the answer is 200
    And the remembered engine of pool "p" is gone
    And the journal has a line "asked to stop" of the engine of pool "p"
    And the daemon has logged for pool "other" with the field "CRASH_COUNT"
    When I stop pool "other"
    Then nothing is left in pools.slice

    Examples:
      | what                      |
      | systemd reloads its units |
      | systemd is executed anew  |
      | journald is restarted     |
      | the bus is restarted      |
      | the bus dies              |

  Scenario Outline: A pool waits for its restart when <what>
    Given pool "p" is ready
    When the engine of pool "p" is killed
    And pool "p" becomes "backoff"
    And I remember what is to come of pool "p"
    And <what>
    Then the status of pool "p" still has the same
      | field              |
      | state              |
      | generation         |
      | restart_count      |
      | crash_count        |
      | backoff_ms         |
      | next_restart_at_ms |
      | last_error         |
      | last_error_class   |
    And pool "p" becomes ready with generation 2
    And pool "p" was restarted when that had been announced, not before

    Examples:
      | what                      |
      | systemd reloads its units |
      | systemd is executed anew  |
      | journald is restarted     |
      | the bus is restarted      |

  Scenario Outline: A pool is drained when <what>
    Given pool "p" is ready
    And 2 leases of pool "p" are out
    And I remember the status of pool "p"
    When I drain pool "p"
    And I remember the operation in the answer
    And I release lease 1 of pool "p"
    And <what>
    Then the status of pool "p" still has the same
      | field         |
      | pid           |
      | invocation_id |
      | generation    |
    And the status of pool "p" has
      | field         | value      |
      | state         | "draining" |
      | draining      | true       |
      | active_leases | 1          |
    When I take a lease of pool "p"
    Then the answer is the error 409 "DRAINING"
    When I release lease 2 of pool "p"
    Then the remembered operation ends with
      | field             | value |
      | force_stopped     | false |
      | final_lease_count | 0     |
    And the remembered engine of pool "p" is gone
    And pool "p" becomes "off"
    And nothing is left in pools.slice

    Examples:
      | what                      |
      | systemd reloads its units |
      | systemd is executed anew  |
      | journald is restarted     |
      | the bus is restarted      |

  Scenario Outline: An engine is starting when <what>
    Given a preload of pool "late" is under way and its engine gets "--never-healthy"
    And the engine of pool "late" has had 1 health check
    And I remember the status of pool "late"
    When <what>
    And the engine of pool "late" becomes healthy
    Then pool "late" becomes "ready"
    And the status of pool "late" still has the same
      | field      |
      | pid        |
      | generation |

    Examples:
      | what                      |
      | systemd is executed anew  |
      | journald is restarted     |
      | the bus is restarted      |

  Scenario Outline: A stop is under way when <what>
    When I preload pool "stubborn" with
      | field         | value            |
      | stop_grace_ms | 1500             |
      | flags         | --ignore-sigterm |
    And I remember the status of pool "stubborn"
    And a stop of pool "stubborn" is under way
    And <what>
    Then pool "stubborn" becomes "off"
    And the remembered engine of pool "stubborn" is gone
    And the status of pool "stubborn" has
      | field      | value |
      | last_error | null  |
    And nothing is left in pools.slice

    Examples:
      | what                      |
      | systemd reloads its units |
      | systemd is executed anew  |
      | the bus is restarted      |
