# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: How far an engine is with loading its model can be seen, without its help

  Background:
    Given the daemon runs

  Scenario: The percentage follows an engine that maps its model
    Given a preload of pool "p" is under way whose engine maps a model of 256 MiB
    Then the load of pool "p" becomes 0 to 5 %
    When the engine of pool "p" has taken 30 % of its model
    Then the load of pool "p" becomes 24 to 36 %
    And the status of pool "p" has
      | field        | value     |
      | state        | "warming" |
      | load.phase   | "warming" |
      | load.eta_ms  | a number  |
    When the engine of pool "p" has taken 60 % of its model
    Then the load of pool "p" becomes 54 to 66 %
    When the engine of pool "p" has taken 100 % of its model
    Then the preload of pool "p" is answered with 200
    And the percentage of pool "p" never fell, and was below 100 while it loaded
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |
      | load  | null    |

  Scenario: The percentage follows an engine that reads its model into its memory
    Given a preload of pool "p" is under way whose engine reads a model of 256 MiB
    When the engine of pool "p" has taken 50 % of its model
    Then the load of pool "p" becomes 30 to 55 %
    When the engine of pool "p" has taken 90 % of its model
    Then the load of pool "p" becomes 70 to 95 %
    When the engine of pool "p" has taken 100 % of its model
    Then the preload of pool "p" is answered with 200
    And the percentage of pool "p" never fell, and was below 100 while it loaded

  Scenario: What another process of the engine takes counts too
    Given a preload of pool "p" is under way whose engine delegates a model of 256 MiB
    When the engine of pool "p" has taken 50 % of its model
    Then the load of pool "p" becomes 40 to 56 %
    When the engine of pool "p" has taken 100 % of its model
    Then the preload of pool "p" is answered with 200

  Scenario: An engine that has read nothing of a small model has not loaded it
    Given a preload of pool "p" is under way whose engine maps a model of 1 MiB
    When the engine of pool "p" has taken 0 % of its model
    Then the load of pool "p" becomes 0 to 0 %

  Scenario: Where the model is no file there is a phase and no percentage
    Given a preload of pool "p" is under way whose model is only a name
    When the engine of pool "p" has had 5 health checks
    Then the status of pool "p" has
      | field        | value     |
      | load.phase   | "warming" |
      | load.percent | null      |
      | load.eta_ms  | null      |

  Scenario: Where nothing is loading nothing is said
    Given pool "p" is ready
    And the preload of pool "q" has failed
    Then the status of pool "p" has
      | field | value |
      | load  | null  |
    And the status of pool "q" has
      | field | value |
      | load  | null  |
    When I stop pool "p"
    Then the status of pool "p" has
      | field | value |
      | load  | null  |
