# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Malformed calls over D-Bus change nothing

  Background:
    Given the daemon runs
    And I call "Update" over the bus with ["p", "{\"slots_total\": 4, \"version\": \"7\"}"]

  Scenario: A corpus of them
    Given I remember all that the daemon knows
    When each call of the corpus of malformed calls gets a clean error
    Then the daemon knows the same as before

  Scenario Outline: <method> says what was wrong
    When I try "<method>" over the bus with <arguments>
    Then the call failed with "<error>"
    And the error over the bus contains "<says>"

    Examples:
      | method          | arguments                            | error        | says         |
      | Register        | ["a b"]                              | InvalidId    | pool_id      |
      | Update          | ["p", "{\"slots_total\": \"x\"}"]    | InvalidField | slots_total  |
      | Update          | ["p", "{"]                           | InvalidJson  | line 1       |
      | RegisterHandoff | ["p", "{}"]                          | InvalidField | url          |
      | Heartbeat       | ["p", 0]                             | InvalidField | timestamp_ms |
      | AcquireLease    | ["p", "", 0, false]                  | InvalidField | ttl_ms       |
      | AcquireLease    | ["p", "a\nb", 5, false]              | InvalidField | owner        |
      | AllowRestart    | ["p"]                                | BreakerClosed | breaker     |
