# SPDX-License-Identifier: LGPL-2.1-or-later
@user
Feature: The same daemon for a user, without root

  Background:
    Given the service manager of a user runs
    And the user's daemon runs

  Scenario: Preload and stop over HTTP
    When I preload pool "p"
    Then the answer is 200
    And the status of pool "p" has
      | field | value                  |
      | state | "ready"                |
      | ready | true                   |
      | unit  | "pool@p:r0:g1.service" |
    And the engine of pool "p" runs as that user
    And the unit of pool "p" belongs to the user's service manager
    And the file "p.pid" holds the pid of the engine of pool "p"
    And there is a file "engines/p-r0.json"
    When I remember the status of pool "p"
    And I stop pool "p"
    Then the answer is 200
    And the remembered engine of pool "p" is gone
    And there is no file "p.pid"

  Scenario: Preload and stop over the user's bus
    Given the file of a preload of pool "p"
    When the user runs "poolctl --user preload {file}"
    Then it exits with 0
    And it prints "p: ready at"
    When the user runs "poolctl --user list"
    Then it exits with 0
    And it prints a line with "p", "ready", "yes"
    When the user runs "poolctl --user logs p"
    Then it exits with 0
    When the user runs "poolctl --user stop p"
    Then it exits with 0
    And it prints "p: stopped"

  Scenario: The user's daemon is killed and finds its engine again
    Given pool "p" is ready
    And I remember the status of pool "p"
    When the user's daemon is killed by SIGKILL
    Then the status of pool "p" still has the same
      | field         |
      | pid           |
      | generation    |
      | invocation_id |
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |

  Scenario: An engine of the user that dies is reported
    Given pool "p" is ready
    When the engine of pool "p" is killed
    Then pool "p" becomes "backoff"
    And the status of pool "p" has
      | field      | value            |
      | last_error | contains SIGKILL |
