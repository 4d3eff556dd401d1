# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: poolctl for people who are not root
  Everybody may look. Who may act polkit says; on a terminal it may ask for a password first.

  Background:
    Given the daemon runs
    And pool "p" is ready

  Scenario Outline: Looking is free
    When somebody else runs "poolctl <words>"
    Then it exits with 0

    Examples:
      | words      |
      | list       |
      | status p   |
      | --complete stop p |

  Scenario Outline: Acting is not
    When somebody else runs "poolctl <words>"
    Then it exits with 3
    And the status of pool "p" has
      | field   | value   |
      | state   | "ready" |
      | version | null    |

    Examples:
      | words            |
      | stop p           |
      | restart p        |
      | deregister p     |
      | register q       |
      | set p version=v2 |

  Scenario: On a terminal the password is asked for
    Given the password of root is "open-sesame"
    And "poolctl stop p" runs on a terminal of somebody else
    Then the terminal shows "Password:"
    When "open-sesame" is typed where nothing is shown
    Then the terminal shows "p: stopped in"
    And it ends with 0

  Scenario: A wrong password
    Given the password of root is "open-sesame"
    And "poolctl stop p" runs on a terminal of somebody else
    Then the terminal shows "Password:"
    When "open-barley" is typed where nothing is shown
    Then it ends with 3
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |
