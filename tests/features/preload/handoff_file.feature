# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The handoff file tells others where the engine is

  Background:
    Given the daemon runs

  @B-PRELOAD-040 @B-PRELOAD-041 @B-PRELOAD-042 @B-PRELOAD-043 @B-PRELOAD-044 @B-API-016
  Scenario: The handoff file says how to reach the engine
    When I preload pool "p" with
      | field       | value          |
      | model_id    | "tiny"         |
      | slots_total | 2              |
      | flags       | -- one two     |
    Then the answer is 200
    And the file "engines/p-r0.json" has
      | field             | value                      |
      | engine            | "llamacpp"                 |
      | engine_version    | "fake-1.0"                 |
      | provisioning_mode | a string                   |
      | url               | contains http://127.0.0.1: |
      | pool_id           | "p"                        |
      | replica_id        | "r0"                       |
      | model.path        | contains model.gguf        |
      | model.id          | "tiny"                     |
      | device_mask       | null                       |
      | slots_total       | 2                          |
      | pid               | a number                   |
      | generation        | 1                          |
    And the flags in the file "engines/p-r0.json" are those of the preload of pool "p"
    And the file "engines/p-r0.json" is pretty JSON
    And the file "engines/engine.json" is a link to the file "engines/p-r0.json"

  @B-API-016
  Scenario: The link follows the handoff that was written last
    Given pool "one" is ready
    And pool "two" is ready
    Then the file "engines/engine.json" is a link to the file "engines/two-r0.json"
    When I stop pool "two"
    Then the file "engines/engine.json" does not lead to a file that is gone
