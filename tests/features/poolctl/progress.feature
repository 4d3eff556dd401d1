# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: poolctl shows how far a loading engine is

  Background:
    Given the daemon runs

  Scenario: On a terminal: phase, percent of the model read, time
    Given the file of a preload of pool "p" whose engine reads half of its model and waits
    And "poolctl preload {file}" runs on a terminal
    Then the terminal shows that from 40 to 60 % of the model of pool "p" are read
    And the terminal shows "p: warming"
    When I run "poolctl status p"
    Then it prints "Load: warming, "
    And it prints " % of the model read"
    When I run "poolctl stop p"
    Then it exits with 0
    And it ends with 5

  Scenario: Elsewhere: a line for each phase and no more
    Given the file of a preload of pool "p"
    When I run "poolctl preload {file}"
    Then it exits with 0
    And it complains of "poolctl: p: starting"
    And it complains of "poolctl: p: warming"
    And it prints 1 line

  Scenario: With JSON there is nothing but the answer
    Given the file of a preload of pool "p"
    When I run "poolctl preload --json=short {file}"
    Then it exits with 0
    And it complains of nothing
    And it prints 1 line

  Scenario: A restart on a terminal
    Given pool "p" is ready
    When I run "poolctl restart p" on a terminal of 60 columns
    Then it exits with 0
    And it prints "p: ready at"

  Scenario: The user's hand on Ctrl-C leaves the preload alone
    Given the file of a preload of pool "p" whose engine gets "--never-healthy"
    And "poolctl preload {file}" runs on a terminal
    Then the terminal shows "p: warming"
    When the key Ctrl-C is pressed
    Then the terminal shows "goes on"
    And it ends with 130
    When the engine of pool "p" becomes healthy
    Then pool "p" becomes "ready"

  Scenario: A stop that takes its time shows on a terminal
    When I preload pool "p" and its engine gets "--stop-takes-ms 1500"
    And "poolctl stop p" runs on a terminal
    Then the terminal shows "p: stopping"
    And the terminal shows "p: stopped in 1s"
    And it ends with 0
