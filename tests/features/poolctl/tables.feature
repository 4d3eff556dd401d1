# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: What poolctl shows fits where it is shown
  On a terminal tables have colours and at most its width; elsewhere they are plain and whole.

  Background:
    Given the daemon runs

  Scenario Outline: The list fits the terminal
    Given pool "a-pool-with-quite-a-long-name-indeed" is ready
    And the preload of pool "two" has failed
    When I run "poolctl list" on a terminal of <columns> columns
    Then it exits with 0
    And no line is wider than <columns> columns
    And it prints colours
    And it prints a line with "two", "failed", "no"
    And it prints "2 pools."

    Examples:
      | columns |
      | 80      |
      | 100     |
      | 200     |

  Scenario: Where it is no terminal nothing is cut and nothing coloured
    Given pool "a-pool-with-quite-a-long-name-indeed" is ready
    When I run "poolctl list"
    Then it exits with 0
    And it prints no colours
    And it prints a line with "a-pool-with-quite-a-long-name-indeed", "ready", "yes", "0"

  Scenario: NO_COLOR is heeded
    Given pool "p" is ready
    When I run "env NO_COLOR=1 poolctl list" on a terminal of 80 columns
    Then it exits with 0
    And it prints no colours

  Scenario: Leases and slots
    When I preload pool "p" with
      | field       | value |
      | slots_total | 4     |
    And I take a lease of pool "p"
    And I run "poolctl list"
    Then it prints a line with "p", "ready", "1/4"
    When I run "poolctl status p"
    Then it prints "Leases: 1"
    And it prints "Slots: 3 of 4 free"

  Scenario: Status tells of an error with its class, and of the heartbeat
    Given the preload of pool "p" has failed
    When I run "poolctl heartbeat p"
    And I run "poolctl status p"
    Then it exits with 0
    And it prints "Last error: "
    And it prints "exited with status 1"
    And it prints "(process_exit)"
    And it prints "Heartbeat: "

  Scenario: Status of several, one of which is not there
    Given pool "one" is registered
    And pool "two" is registered
    When I run "poolctl status one nobody two"
    Then it exits with 4
    And it prints "one - off"
    And it prints "two - off"
    And it complains of "pool nobody not found"
    When I run "poolctl status --json=short one two"
    Then it exits with 0
    And it prints JSON with
      | field     | value |
      | 0.pool_id | "one" |
      | 1.state   | "off" |
