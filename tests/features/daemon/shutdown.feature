# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A shutdown of the host waits for leases
  While leases are out a delay inhibitor of logind is held; when the shutdown comes, pools are drained.

  Background:
    Given a host with logind
    And the daemon runs

  Scenario: It is held up while a lease is out, and not longer
    Given pool "p" is ready
    And pool "q" is ready
    Then the shutdown of the host is not inhibited
    Given 2 leases of pool "p" are out
    And 1 leases of pool "q" are out
    Then the shutdown of the host is inhibited
    When I release lease 1 of pool "p"
    And I release lease 1 of pool "q"
    Then the shutdown of the host is inhibited
    When I release lease 2 of pool "p"
    Then the shutdown of the host is not inhibited

  Scenario: Leases that end by themselves count no more
    Given pool "p" is ready
    And a lease of pool "p" is out for 400 ms
    Then the shutdown of the host is inhibited
    And the shutdown of the host is not inhibited
    Given 1 leases of pool "p" are out
    Then the shutdown of the host is inhibited
    When I stop pool "p"
    Then the shutdown of the host is not inhibited

  Scenario: The shutdown goes on with the last lease
    Given logind delays a shutdown for at most 60 s
    And pool "p" is ready
    And pool "idle" is ready
    And 2 leases of pool "p" are out
    And I remember the status of pool "p"
    And the shutdown of the host is inhibited
    When the host is shut down
    Then pool "p" becomes "draining"
    And pool "idle" becomes "off"
    And the daemon logs that the host shuts down with 2 leases out
    When I take a lease of pool "p"
    Then the answer is the error 409 "DRAINING"
    When I release lease 1 of pool "p"
    Then the engine of pool "p" answers
    And the host still runs
    When I release lease 2 of pool "p"
    Then the host goes down
    And pool "p" becomes "off"
    And the remembered engine of pool "p" is gone
    And there is no file "engines/p-r0.json"
    And the status of pool "p" has
      | field      | value |
      | last_error | null  |

  Scenario: Leases that do not come back do not hold it up for ever
    Given logind delays a shutdown for at most 3 s
    And pool "p" is ready
    And 1 leases of pool "p" are out
    And I remember the status of pool "p"
    And the shutdown of the host is inhibited
    When the host is shut down
    Then pool "p" becomes "draining"
    And pool "p" becomes "off"
    And the remembered engine of pool "p" is gone
    And the daemon has logged a problem of pool "p" that contains "deadline"
    And the host goes down

  Scenario: The configured deadline of a drain holds, too
    Given logind delays a shutdown for at most 60 s
    And the daemon runs with
      """
      [Drain]
      DeadlineSec=300ms
      """
    And pool "p" is ready
    And 1 leases of pool "p" are out
    And the shutdown of the host is inhibited
    When the host is shut down
    Then the host goes down
    And pool "p" becomes "off"

  Scenario: A pool that becomes ready while the host shuts down is drained, too
    Given logind delays a shutdown for at most 60 s
    And pool "p" is ready
    And 1 leases of pool "p" are out
    And the shutdown of the host is inhibited
    And a preload of pool "late" waits for its engine, which answers 503
    When the host is shut down
    And pool "p" becomes "draining"
    And the engine of pool "late" becomes healthy
    Then the preload of pool "late" is answered with 200
    And pool "late" becomes "off"
    When I release lease 1 of pool "p"
    Then the host goes down

  Scenario: A shutdown that does not come leaves the daemon at work
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And the shutdown of the host is inhibited
    When the host is shut down
    And pool "p" becomes "draining"
    And I release lease 1 of pool "p"
    Then the host goes down
    And the daemon logs that the host does not shut down after all
    And pool "p" becomes "off"
    When I preload pool "p"
    Then the answer is 200
    Given 1 leases of pool "p" are out
    Then the shutdown of the host is inhibited
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |

  Scenario Outline: logind <goes> and the inhibitor is there again
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And the shutdown of the host is inhibited
    When logind <goes>
    Then the shutdown of the host is inhibited
    When I release lease 1 of pool "p"
    Then the shutdown of the host is not inhibited

    Examples:
      | goes                                 |
      | is restarted                         |
      | is killed and forgets its inhibitors |

  Scenario: logind is not started for an inhibitor, and asked once it is there
    Given logind is stopped
    And pool "p" is ready
    And 1 leases of pool "p" are out
    Then logind does not run
    When logind is started
    Then the shutdown of the host is inhibited

  Scenario: Leases survive a restart of the daemon, and so does what they hold up
    Given pool "p" is ready
    And 1 leases of pool "p" are out
    And the shutdown of the host is inhibited
    When the daemon is restarted by systemctl
    Then the shutdown of the host is inhibited
    When I release lease 1 of pool "p"
    Then the shutdown of the host is not inhibited

  Scenario: Switched off, a shutdown waits for nobody
    Given the daemon runs with
      """
      [Drain]
      InhibitShutdown=off
      """
    And pool "p" is ready
    And 1 leases of pool "p" are out
    Then the shutdown of the host is not inhibited
    When the host is shut down
    Then the host goes down
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |
    When the daemon is reloaded with
      """
      [Drain]
      InhibitShutdown=on
      """
    Then the shutdown of the host is inhibited
