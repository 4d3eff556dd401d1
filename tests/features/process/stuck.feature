# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A stop is over when nothing of the engine is left
  What hangs in the kernel still has its memory, of the host and of the GPU, and the service manager gives it up.

  Background:
    Given the daemon runs with
      """
      [Engine]
      StopGraceSec=200ms
      """
    And I preload pool "p" with
      | field         | value          |
      | flags         | --setsid-child |
    And I remember the child of the engine of pool "p"

  Scenario: A child that not even SIGKILL ends
    Given the remembered child of pool "p" hangs in the kernel
    When I stop pool "p"
    Then the answer is the error 500 "STOP_FAILED"
    And the error text contains "hangs in the kernel"
    And the error names the remembered child of pool "p"
    And the status of pool "p" has
      | field | value      |
      | state | "stopping" |
    When I preload pool "p"
    Then the answer is the error 409 "OPERATION_IN_PROGRESS"
    When the remembered child of pool "p" hangs no more
    Then pool "p" becomes "off"
    And the remembered child of pool "p" is gone
    And nothing is left in pools.slice
    And no unit has failed

  Scenario: The daemon is restarted while it hangs
    Given the remembered child of pool "p" hangs in the kernel
    When I stop pool "p"
    Then the answer is the error 500 "STOP_FAILED"
    When the daemon is killed by SIGKILL
    Then the status of pool "p" has
      | field | value      |
      | state | "stopping" |
    When the remembered child of pool "p" hangs no more
    Then pool "p" becomes "off"
    And the remembered child of pool "p" is gone
