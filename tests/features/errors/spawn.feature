# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: An engine that does not start, or ends before it is healthy, is noticed at once
  The answer says why, and nothing is left behind.

  Background:
    Given the daemon runs

  @B-API-012 @B-PRELOAD-031 @B-PRELOAD-034
  Scenario Outline: An engine that dies before it is healthy is noticed at once
    When I preload pool "p" and its engine gets "<flags>"
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the error text contains "preload failed: "
    And the error text contains "<reason>"
    And the answer came within 5000 ms
    And the status of pool "p" has
      | field            | value             |
      | state            | "failed"          |
      | live             | false             |
      | ready            | false             |
      | pid              | null              |
      | last_error       | contains <reason> |
      | last_error_class | "<class>"         |
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"
    And nothing is left in pools.slice
    And no unit has failed

    Examples:
      | flags                                | reason  | class        |
      | --exit-at-once 1                     | status 1  | process_exit |
      | --exit-at-once 3                     | status 3  | process_exit |
      | --exit-after-ms 300 --exit-status 9 --never-healthy | status 9 | process_exit |
      | --abort                              | SIGABRT | signal       |

  Scenario: An engine that ends well before it is healthy has not become ready either
    When I preload pool "p" and its engine gets "--exit-at-once 0"
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the status of pool "p" has
      | field | value |
      | live  | false |
      | ready | false |
    And nothing is left in pools.slice

  @B-ERROR-010 @B-ERROR-011 @B-ERROR-012 @B-API-012
  Scenario Outline: A program that cannot be executed
    When I preload pool "p" with "binary_path" set to "<path>"
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the answer came within 5000 ms
    And the status of pool "p" has
      | field            | value        |
      | state            | "failed"     |
      | last_error       | a string     |
      | last_error_class | "exec_setup" |
    And the daemon has logged a problem of pool "p" that contains "could not be executed"
    And there is no file "p.pid"
    And nothing is left in pools.slice
    And no unit has failed

    Examples:
      | path                  |
      | /usr/bin/no-such-file |
      | /etc/hostname         |
      | /usr                  |
