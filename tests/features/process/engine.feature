# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The engine is a unit of its own, and gets what was asked for

  Background:
    Given the daemon runs

  @B-PRELOAD-001 @B-PROC-001
  Scenario: The program is the one that was named
    Given pool "p" is ready
    Then the program of the engine of pool "p" is the binary path

  @B-PRELOAD-002 @B-PROC-002
  Scenario: Every flag arrives as it was given
    When I preload pool "p" with the flags
      | flag                |
      | --                  |
      | plain               |
      | two words           |
      | $HOME ${PATH} $$    |
      | %n %i %% %h         |
      | a;b & c \| d > e    |
      | "double" 'single'   |
      | back\slash \n \x41  |
      | ümläut 模型         |
      | -                   |
      | *?[a-z]             |
      | {"json": [1, 2]}    |
      | =                   |
      | @/usr/bin/true      |
    Then the answer is 200
    And the command line of the engine of pool "p" is the binary path and those flags

  Scenario: An empty flag, and one with a line break
    When I preload pool "p" with "flags" set to ["--port", "{port}", "--", "", "a\nb", "\t"]
    Then the answer is 200
    And the command line of the engine of pool "p" is the binary path and those flags

  Scenario: The environment arrives, and only that
    When I preload pool "p" with
      | field | value                                                             |
      | env   | {"GREETING": "hello $USER %n", "EMPTY": "", "QUOTE": "a \"b\" 'c'"} |
    Then the answer is 200
    And the environment of the engine of pool "p" has
      | name     | value         |
      | GREETING | hello $USER %n |
      | EMPTY    |               |
      | QUOTE    | a "b" 'c'     |
    And the environment of the engine of pool "p" has no name that begins with "POOL_MANAGERD"

  Scenario: The unit is one that systemd never restarts, in the slice of the pools
    Given pool "p" is ready
    Then the unit of pool "p" has
      | property    | value         |
      | ActiveState | active        |
      | SubState    | running       |
      | Type        | exec          |
      | Slice       | pools.slice   |
      | Restart     | no            |
      | KillMode    | control-group |
      | Transient   | yes           |
    And the main pid of the unit of pool "p" is that of its engine

  Scenario: The engine does not run as root
    Given pool "p" is ready
    Then the engine of pool "p" does not run as root

  Scenario: The generation counts the starts
    Given pool "p" is ready
    When I stop pool "p"
    And I preload pool "p"
    Then the answer is 200
    And the answer has
      | field      | value                  |
      | generation | 2                      |
      | unit       | "pool@p:r0:g2.service" |

  Scenario Outline: Ids with every character that they may have
    When I preload pool "<pool>"
    Then the answer is 200
    And the status of pool "<pool>" has
      | field | value   |
      | state | "ready" |
    When I stop pool "<pool>"
    Then the answer is 200

    Examples:
      | pool                                                             |
      | 0                                                                |
      | a.b-c_d                                                          |
      | ABCxyz09.-_                                                      |
      | llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll |
