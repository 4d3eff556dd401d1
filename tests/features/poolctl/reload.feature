# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: poolctl reload
  Another model, or another engine, takes the place of the one that serves.

  Background:
    Given the daemon runs with a model provisioner
    And there are the models
      | model | kind |
      | a     | good |
      | b     | good |
      | slow  | slow |
      | bad   | bad  |
    And pool "p" is ready with the model "a"

  Scenario: Another model
    When I run "poolctl reload p b"
    Then it exits with 0
    And it prints "p: reloaded in "
    And it prints "engine version fake-1.0"
    And pool "p" serves the model "b"

  Scenario: What fails is rolled back, and it says so
    When I run "poolctl reload p bad"
    Then it exits with 6
    And it complains of "this model is bad"
    And it complains of "rolled back: the engine from before serves p again"
    And it does not print "reloaded"
    And pool "p" serves the model "a"

  Scenario: For programs it is the answer that HTTP gives
    When I run "poolctl reload --json=short p bad"
    Then it exits with 6
    And it prints JSON with
      | field              | value           |
      | pool_id            | "p"             |
      | success            | false           |
      | rolled_back        | true            |
      | new_engine_version | null            |
      | code               | "RELOAD_FAILED" |
    When I run "poolctl reload --json=short p b"
    Then it exits with 0
    And it prints JSON with
      | field              | value      |
      | success            | true       |
      | rolled_back        | false      |
      | new_engine_version | "fake-1.0" |
      | duration_ms        | a number   |

  Scenario: Another engine, from the file of a preload
    Given the file of a preload of pool "p"
    When I run "poolctl reload p its-model --prepared={file} --strategy=drain"
    Then it exits with 0
    And the status of pool "p" has
      | field      | value                                       |
      | state      | "ready"                                     |
      | model_path | "/var/lib/pool-managerd-tests/model.gguf"   |
    And the provisioner was not asked
    Given the file of a preload of pool "p" whose engine gets "--exit-at-once 3"
    When I run "poolctl reload p another --prepared=-" with the file as input
    Then it exits with 6
    And it complains of "rolled back"

  Scenario: It shows how much of the model is there
    Given "poolctl reload p later:b" runs on a terminal
    Then the terminal shows "p: staging, 40 % of the model provided"
    When the model "b" may go on
    Then the terminal shows "p: reloaded in "
    And it ends with 0
    And pool "p" serves the model "b"

  Scenario: Without a terminal it tells of each phase
    Given "poolctl reload p later:b" runs
    Then it goes on to complain of "poolctl: p: staging"
    When the model "b" may go on
    Then it ends with 0
    Given "poolctl reload p slow" runs
    Then it goes on to complain of "poolctl: p: warming"
    When the model "slow" may go on
    Then it ends with 0

  Scenario: It need not be waited for
    Given "poolctl reload --no-wait p later:b" has begun an operation
    And "poolctl operation --wait {operation}" with that operation runs
    Then it goes on to complain of "poolctl: p: staging"
    When the model "b" may go on
    Then it ends with 0
    And it prints a line with "reload", "p", "done"

  Scenario: Ctrl-C leaves the reload alone
    Given "poolctl reload p later:b" runs on a terminal
    Then the terminal shows "p: staging"
    When the key Ctrl-C is pressed
    Then the terminal shows "the reload of p goes on without this command; see: poolctl operation"
    And it ends with 130
    When the model "b" may go on
    Then pool "p" becomes "ready"

  Scenario: At the deadline it gives up, and the leases stay
    Given 1 leases of pool "p" are out
    When I run "poolctl reload --deadline=200ms p b"
    Then it exits with 6
    And it complains of "still out"
    And pool "p" has 1 active lease
    And pool "p" serves the model "a"

  Scenario Outline: What cannot be is refused
    When I run "poolctl <words>"
    Then it exits with <status>
    And it complains of "<says>"
    And pool "p" serves the model "a"

    Examples:
      | words                             | status | says                             |
      | reload p                          | 2      | too few words                    |
      | reload p b c                      | 2      | too many words                   |
      | reload p -- --help                | 2      | new_model_ref                    |
      | reload p ''                       | 2      | new_model_ref                    |
      | reload --deadline=25h p b         | 2      | drain_deadline_ms                |
      | reload --strategy=green p b       | 2      | must be drain or blue-green      |
      | reload --prepared=/dev/null p b   | 2      | /dev/null                        |
      | reload --prepared=/no/where p b   | 2      | cannot open /no/where            |
      | reload nobody b                   | 4      | pool nobody not found            |
      | restart --strategy=drain p        | 2      | --strategy means nothing         |

  Scenario: Its help, and what a tab makes of it
    When I run "poolctl help reload"
    Then it exits with 0
    And it prints "--prepared=FILE"
    And bash offers for "poolctl reload p --strategy="
      | word       |
      | drain      |
      | blue-green |
    And bash offers for "poolctl reload --pre"
      | word        |
      | --prepared= |
