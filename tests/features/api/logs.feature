# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: What engines write can be read over HTTP
  From the journal, without an account on the host. The journal outlives a scenario, so each pool has a name of its own.

  Background:
    Given the daemon runs

  Scenario: The lines of an engine, as text
    When I preload pool "text-log" and its engine gets "--print first --print-stderr second"
    And I ask for the logs "/pools/text-log/logs"
    Then the answer is 200
    And the answer has the content type "text/plain; charset=utf-8"
    And the answer has the line "first"
    And the answer has the line "second"

  Scenario: The lines of an engine, as JSON
    When I preload pool "json-log" and its engine gets "--print first"
    And I ask for the logs "/pools/json-log/logs" as "application/json"
    Then the answer is 200
    And the answer has the content type "application/x-ndjson"
    And the answer has the line "first"
    And each line of the answer is JSON with
      | field      | value    |
      | time_ms    | a number |
      | generation | 1        |
      | pid        | a number |
      | message    | a string |

  Scenario: The last lines only
    When I preload pool "last-log" and its engine gets "--exit-at-once 3 --print first --print-stderr second"
    And I ask for the logs "/pools/last-log/logs?lines=1"
    Then the lines of the answer are
      | line   |
      | second |
    When I ask for the logs "/pools/last-log/logs?lines=0"
    Then the answer is 200
    And the answer has no body

  Scenario: Of one start of the engine
    When I preload pool "starts-log" and its engine gets "--exit-at-once 3 --print first"
    And I preload pool "starts-log" and its engine gets "--exit-at-once 3 --print second"
    And I ask for the logs "/pools/starts-log/logs?generation=1"
    Then the lines of the answer are
      | line  |
      | first |
    When I ask for the logs "/pools/starts-log/logs?generation=2"
    Then the lines of the answer are
      | line   |
      | second |
    When I ask for the logs "/pools/starts-log/logs?generation=3"
    Then the answer is 200
    And the answer has no body

  Scenario: Another pool's lines are not among them
    When I preload pool "mine-log" and its engine gets "--print first"
    And I preload pool "q" and its engine gets "--print second"
    And I ask for the logs "/pools/mine-log/logs"
    Then the answer has the line "first"
    And the answer has no line "second"

  Scenario: Following goes on over a restart of the engine
    Given I preload pool "followed-log" and its engine gets "--print hello"
    When I follow the logs "/pools/followed-log/logs?follow=true"
    Then the line "hello" comes
    When I send POST "/pools/followed-log/restart"
    Then the line "hello" comes

  Scenario: Clients that follow and go away leave nothing open
    Given I preload pool "left-log" and its engine gets "--print hello"
    When 100 clients follow the logs "/pools/left-log/logs?follow=true" one after the other and go away
    And I follow the logs "/pools/left-log/logs?follow=true"
    Then the line "hello" comes

  Scenario: The daemon ends the streams when it ends
    Given I preload pool "ended-log" and its engine gets "--print hello"
    And I follow the logs "/pools/ended-log/logs?follow=true"
    And the line "hello" comes
    When the daemon is stopped
    Then the stream has ended

  Scenario: A pool that is not known
    When I send GET "/pools/nobody/logs"
    Then the answer is the error 404 "POOL_NOT_FOUND"

  Scenario Outline: A query that cannot be understood
    Given pool "p" is ready
    When I send GET "/pools/p/logs?<query>"
    Then the answer is the error 400 "<code>" for "<field>"
    And the error text contains "<says>"

    Examples:
      | query           | code          | field      | says                  |
      | lines=many      | INVALID_FIELD | lines      | from 0 to             |
      | lines=-1        | INVALID_FIELD | lines      | from 0 to             |
      | lines=          | INVALID_FIELD | lines      | from 0 to             |
      | follow=perhaps  | INVALID_FIELD | follow     | true or false         |
      | generation=1.5  | INVALID_FIELD | generation | from 0 to             |
      | line=5          | BAD_REQUEST   | line       | did you mean lines    |
      | lines=5&lines=6 | BAD_REQUEST   | lines      | more than once        |
      | colour=blue     | BAD_REQUEST   | colour     | not known             |

  Scenario: HEAD says what it would be
    Given pool "p" is ready
    When I send HEAD "/pools/p/logs"
    Then the answer is 200
    And the answer has the content type "text/plain; charset=utf-8"
    And the answer has no body

  Scenario: Where the lines are when engines write to files
    Given the daemon runs with
      """
      [Engine]
      EngineLog=file
      """
    And pool "p" is ready
    When I send GET "/pools/p/logs"
    Then the answer is the error 409 "LOG_IN_FILE"
    And the error text contains "engine-p.log"
