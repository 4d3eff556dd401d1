# SPDX-License-Identifier: LGPL-2.1-or-later
@vm
Feature: The host runs out of memory
  That the daemon was not killed meanwhile is checked after each scenario. Engines may be too slow for their health
  checks then.

  Scenario: An engine without a limit takes all of it
    Given the daemon runs with
      """
      [Liveness]
      Failures=1000
      """
    And pool "p" is ready
    And pool "q" is ready
    And I remember the status of pool "q"
    Then the kernel would kill the engine of pool "p" before the daemon
    When the engine of pool "p" allocates 8192 MiB, which is too much
    Then pool "p" becomes ready with generation 2
    And the journal has an entry "crash" of pool "p" with
      | field            | value           |
      | SIGNAL           | "SIGKILL"       |
      | LAST_ERROR_CLASS | "out_of_memory" |
    And the remembered engine of pool "q" still runs
    And the status of pool "q" still has the same
      | field      |
      | state      |
      | generation |
      | pid        |

  Scenario: Somebody else takes all of it
    Given the daemon runs with
      """
      [Liveness]
      Failures=1000
      """
    And pool "p" is ready
    And I remember the status of pool "p"
    When a process of the host takes all memory
    Then the daemon still answers
    And the remembered engine of pool "p" still runs
    And the status of pool "p" still has the same
      | field      |
      | state      |
      | generation |
      | pid        |
