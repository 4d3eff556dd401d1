# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The limits of an engine can be changed while it runs

  Scenario: They hold at once and for the engines after it
    Given the daemon runs
    When I preload pool "p" with
      | field     | value                                   |
      | resources | {"tasks_max": 100, "memory_max": 1073741824} |
    Then the answer is 200
    When I run "poolctl set-property p memory_max=2G cpu_weight=300 tasks_max="
    Then it exits with 0
    And it prints "p: its limits are changed"
    And the unit of pool "p" comes to have
      | property  | value      |
      | MemoryMax | 2147483648 |
      | CPUWeight | 300        |
      | TasksMax  | infinity   |
    When the daemon is killed by SIGKILL
    And I restart pool "p"
    Then the status of pool "p" has
      | field      | value |
      | generation | 2     |
    And the unit of pool "p" comes to have
      | property  | value      |
      | MemoryMax | 2147483648 |
      | CPUWeight | 300        |

  Scenario: What cannot be is refused, and changes nothing
    Given the daemon runs
    When I run "poolctl set-property p cpu_weight=1"
    Then it exits with 4
    Given pool "p" is ready
    When I run "poolctl set-property p cpu_weight=0"
    Then it exits with 2
    And it complains of "cpu_weight: must be an integer from 1 to 10000"
    When I run "poolctl set-property p memory_mx=1G"
    Then it exits with 2
    And it complains of "did you mean memory_max"
