# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The version of a registry entry and that of its engine are two things

  Background:
    Given the daemon runs

  @B-REG-030 @B-REG-031
  Scenario: The version of the entry is what the control plane gave
    Given pool "p" is registered
    Then the status of pool "p" has
      | field   | value |
      | version | null  |
    When I update pool "p" with
      | field   | value  |
      | version | "42-a" |
    Then the answer is 200
    And the status of pool "p" has
      | field   | value  |
      | version | "42-a" |
    When I update pool "p" with
      | field   | value  |
      | version | "43"   |
    Then the status of pool "p" has
      | field   | value  |
      | version | "43"   |

  @B-REG-032 @B-REG-033
  Scenario: The version of the engine is kept apart from it
    Given pool "p" has been updated with
      | field          | value    |
      | version        | "7"      |
      | engine_version | "b4567"  |
    Then the status of pool "p" has
      | field          | value    |
      | version        | "7"      |
      | engine_version | "b4567"  |
    When I update pool "p" with
      | field          | value    |
      | engine_version | "b4568"  |
    Then the status of pool "p" has
      | field          | value    |
      | version        | "7"      |
      | engine_version | "b4568"  |

  @B-REG-032 @B-REG-033
  Scenario: A preload sets the version of the engine and leaves that of the entry
    Given pool "p" has been updated with
      | field          | value    |
      | version        | "7"      |
      | engine_version | "old"    |
    When I preload pool "p" with
      | field          | value    |
      | engine_version | "b5000"  |
    Then the answer is 200
    And the status of pool "p" has
      | field          | value    |
      | version        | "7"      |
      | engine_version | "b5000"  |
