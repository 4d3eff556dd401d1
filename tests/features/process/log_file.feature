# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: With EngineLog=file what an engine writes is in a file, and rotating it loses no line

  Background:
    Given the daemon runs with
      """
      [Engine]
      EngineLog=file
      """

  @B-PROC-003 @B-PROC-004 @B-PROC-005
  Scenario: Both streams are in one file, line by line as they were written
    When I preload pool "p" with an engine that numbers its lines
    And the file "engine-p.log" has grown
    And I stop pool "p"
    Then each numbered line of 1 start is there once and in order, in "engine-p.log"

  @B-PROC-006
  Scenario: The next engine writes on where the last one ended
    When I preload pool "p" with an engine that numbers its lines
    And the file "engine-p.log" has grown
    And I stop pool "p"
    And I preload pool "p" with an engine that numbers its lines
    And the file "engine-p.log" has grown
    And I stop pool "p"
    Then each numbered line of 2 starts is there once and in order, in "engine-p.log"

  Scenario: A restart of the daemon does not come between an engine and its file
    When I preload pool "p" with an engine that numbers its lines
    And the daemon is restarted by systemctl
    And the file "engine-p.log" has grown
    And I stop pool "p"
    Then each numbered line of 1 start is there once and in order, in "engine-p.log"

  Scenario: A file that is renamed takes what its engine still writes, and the next engine starts a new one
    When I preload pool "p" with an engine that numbers its lines
    And the file "engine-p.log" is renamed to "engine-p.log.1" while it grows
    Then there is no file "engine-p.log"
    When I stop pool "p"
    And I preload pool "p" with an engine that numbers its lines
    And the file "engine-p.log" has grown
    And I stop pool "p"
    Then each numbered line of 1 start is there once and in order, in "engine-p.log.1"
    And each numbered line of 1 start is there once and in order, in "engine-p.log"
    And each numbered line of 2 starts is there once and in order, in "engine-p.log.1, engine-p.log"

  Scenario: A file that is emptied is written from its start, whole lines and no holes
    When I preload pool "p" with an engine that numbers its lines
    And the file "engine-p.log" is emptied while it grows
    And I stop pool "p"
    Then the numbered lines in the file "engine-p.log" are without a gap up to the last

  Scenario: Each pool has a file of its own
    When I preload pool "p" with an engine that numbers its lines
    And I preload pool "q" with an engine that numbers its lines
    And the file "engine-p.log" has grown
    And the file "engine-q.log" has grown
    And I stop pool "p"
    And I stop pool "q"
    Then each numbered line of 1 start is there once and in order, in "engine-p.log"
    And each numbered line of 1 start is there once and in order, in "engine-q.log"
