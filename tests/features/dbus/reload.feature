# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A pool is reloaded over D-Bus
  The number 18446744073709551615 is no deadline given; empty texts are no engine and no strategy given.

  Background:
    Given the daemon runs with a model provisioner
    And there are the models
      | model | kind |
      | a     | good |
      | b     | good |
      | bad   | bad  |
    And pool "p" is ready with the model "a"

  Scenario: A reload that waits
    When I call "ReloadAndWait" over the bus with ["p", "b", 18446744073709551615, "", ""]
    Then the call answered JSON with
      | field              | value      |
      | pool_id            | "p"        |
      | success            | true       |
      | rolled_back        | false      |
      | new_engine_version | "fake-1.0" |
      | duration_ms        | a number   |
    And pool "p" serves the model "b"

  Scenario: A reload that does not wait tells its end
    Given I watch the daemon's signals
    When I call "Reload" over the bus with ["p", "b", 60000, "", "drain"]
    Then a signal said that "State" of pool "p" became "draining"
    And the operation ended with
      | field      | value                    |
      | kind       | "reload"                 |
      | pool_id    | "p"                      |
      | error_code | ""                       |
      | answer     | contains "success":true  |

  Scenario: A reload that fails
    When I try "ReloadAndWait" over the bus with ["p", "bad", 60000, "", ""]
    Then the call failed with "ReloadFailed"
    And the error over the bus contains "this model is bad"
    And pool "p" serves the model "a"
    Given I watch the daemon's signals
    When I call "Reload" over the bus with ["p", "bad", 60000, "", ""]
    Then the operation ended with
      | field      | value                       |
      | error_code | "RELOAD_FAILED"             |
      | answer     | contains "rolled_back":true |

  Scenario Outline: What cannot be is refused: <arguments>
    When I try "Reload" over the bus with ["p", <arguments>]
    Then the call failed with "<error>"
    And the error over the bus contains "<says>"
    And pool "p" serves the model "a"

    Examples:
      | arguments                 | error        | says              |
      | "", 0, "", ""             | InvalidField | new_model_ref     |
      | "-b", 0, "", ""           | InvalidField | new_model_ref     |
      | "b", 86400001, "", ""     | InvalidField | drain_deadline_ms |
      | "b", 0, "{}", ""          | InvalidField | pool_id           |
      | "b", 0, "{", ""           | InvalidJson  | JSON              |
      | "b", 0, "", "green"       | InvalidField | strategy          |

  Scenario: Somebody else needs to be allowed to
    When somebody else tries "Reload" over the bus with ["p", "b", 0, "", ""]
    Then the call failed with "Forbidden"
    And the error over the bus contains "org.llamaorch.PoolManager1.reload"
    Given polkit's rules allow somebody else the verb "reload" for pool "p"
    When somebody else tries "ReloadAndWait" over the bus with ["p", "b", 0, "", ""]
    Then the call succeeded
    And pool "p" serves the model "b"
