# SPDX-License-Identifier: LGPL-2.1-or-later
@vm
Feature: The kernel holds engines to their limits
  Only where all control groups are: in a virtual machine, tests/vm/run.

  Scenario: An engine that wants more than its memory_max is killed, and comes back by the policy
    Given the daemon runs
    When I preload pool "p" with
      | field     | value                     |
      | resources | {"memory_max": 134217728} |
    Then the answer is 200
    And the control group of pool "p" has
      | file       | value     |
      | memory.max | 134217728 |
    And the engine of pool "p" can allocate "32"
    When the engine of pool "p" allocates 256 MiB, which is too much
    Then pool "p" becomes ready with generation 2
    And the status of pool "p" has
      | field         | value |
      | crash_count   | 1     |
      | restart_count | 1     |
    And the journal has an entry "crash" of pool "p" with
      | field            | value           |
      | SIGNAL           | "SIGKILL"       |
      | LAST_ERROR_CLASS | "out_of_memory" |
    And the kernel has logged that it killed a process in the control group of pool "p"
    And no unit has failed

  Scenario: A child that is killed for its memory takes the engine along
    Given the daemon runs
    When I preload pool "p" with
      | field     | value                     |
      | resources | {"memory_max": 134217728} |
      | flags     | --setsid-child            |
    Then the answer is 200
    When I remember the child of the engine of pool "p"
    And the engine of pool "p" allocates 256 MiB, which is too much
    Then pool "p" becomes ready with generation 2
    And the remembered child of pool "p" is gone

  Scenario: Limits that are changed bite at once
    Given the daemon runs
    And pool "p" is ready
    And I remember the status of pool "p"
    Then the control group of pool "p" has
      | file       | value |
      | memory.max | max   |
    And the engine of pool "p" can allocate "128"
    When I run "poolctl set-property p memory_max=256M memory_high=192M cpu_weight=300 tasks_max=50"
    Then it exits with 0
    And the control group of pool "p" comes to have
      | file        | value     |
      | memory.max  | 268435456 |
      | memory.high | 201326592 |
      | cpu.weight  | 300       |
      | pids.max    | 50        |
    And the remembered engine of pool "p" still runs
    When I run "poolctl set-property p memory_high="
    And the engine of pool "p" allocates 256 MiB, which is too much
    Then pool "p" becomes ready with generation 2
    And the control group of pool "p" has
      | file        | value     |
      | memory.max  | 268435456 |
      | memory.high | max       |
      | cpu.weight  | 300       |
      | pids.max    | 50        |

  # At once, or when it wants more: how the service manager writes the limit (O_NONBLOCK) tells
  # newer kernels not to look for memory then.
  Scenario: A limit below what an engine has already ends it
    Given the daemon runs
    And pool "p" is ready
    And the engine of pool "p" can allocate "128"
    When I run "poolctl set-property p memory_max=64M"
    Then it exits with 0
    When the engine of pool "p" asks for 1 MiB more, unless it has ended
    Then pool "p" becomes ready with generation 2
    And the journal has an entry "crash" of pool "p" with
      | field            | value           |
      | LAST_ERROR_CLASS | "out_of_memory" |

  Scenario: An engine has no more tasks than tasks_max
    Given the daemon runs
    When I preload pool "p" with
      | field     | value             |
      | resources | {"tasks_max": 20} |
    Then the answer is 200
    And the engine of pool "p" can spawn "10"
    And the engine of pool "p" cannot spawn "15"
    When I run "poolctl set-property p tasks_max=40"
    Then it exits with 0
    And the control group of pool "p" comes to have
      | file     | value |
      | pids.max | 40    |
    And the engine of pool "p" can spawn "10"

  Scenario: Engines that want all processors share them by their weight
    Given the daemon runs
    And I preload pool "light" with
      | field     | value              |
      | resources | {"cpu_weight": 100} |
    And I preload pool "heavy" with
      | field     | value              |
      | resources | {"cpu_weight": 900} |
    And the engine of pool "light" can burn "4"
    And the engine of pool "heavy" can burn "4"
    Then pool "heavy" gets at least 2 times as much processor time as pool "light"

  Scenario: Weights of input and output reach the kernel
    Given the daemon runs
    When I preload pool "p" with
      | field     | value             |
      | resources | {"io_weight": 50} |
    Then the answer is 200
    And the control group of pool "p" has
      | file      | value      |
      | io.weight | default 50 |
