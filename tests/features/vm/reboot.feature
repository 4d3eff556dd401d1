# SPDX-License-Identifier: LGPL-2.1-or-later
@vm @reboot
Feature: A machine that is really rebooted
  tests/vm/reboot runs these one after the other, each in a boot of its own.

  @before-reboot
  Scenario: Pools are ready
    Given the daemon is started by every boot
    And pool "declared" is declared
    And the daemon runs
    And pool "p" is ready
    Then pool "declared" becomes "ready"

  @after-reboot
  Scenario: After a reboot declared pools are ready again, others are known
    When the machine has started the daemon
    Then pool "declared" becomes "ready"
    And the status of pool "p" has
      | field      | value |
      | state      | "off" |
      | generation | 1     |
    And the daemon has logged a line that contains "known from before a reboot"
    When I restart pool "p"
    Then the answer is 200
    And the status of pool "p" has
      | field      | value   |
      | state      | "ready" |
      | generation | 2       |

  @after-power-loss
  Scenario: After a loss of power, too
    When the machine has started the daemon
    Then pool "declared" becomes "ready"
    And the status of pool "p" has
      | field      | value |
      | state      | "off" |
      | generation | 2     |
