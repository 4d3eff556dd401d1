# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Who is paged at night sees which GPUs there are, how full they are, and who has filled them

  Scenario: GPUs of unequal size
    Given the host has two NVIDIA GPUs of unequal size
    And the daemon runs
    When I send GET "/devices"
    Then the answer is 200
    And the answer tells of 2 devices
    And the answer has
      | field                        | value                   |
      | answers                      | true                    |
      | age_ms                       | at most 5000            |
      | source                       | "nvml"                  |
      | driver_version               | "550.54.15"             |
      | problem                      | null                    |
      | devices.0.vendor             | "nvidia"                |
      | devices.0.index              | 0                       |
      | devices.0.uuid               | "GPU-11111111-aaaa"     |
      | devices.0.pci_id             | "0000:41:00.0"          |
      | devices.0.name               | "NVIDIA H100 80GB HBM3" |
      | devices.0.compute_capability | "9.0"                   |
      | devices.0.memory_total_bytes | 85899345920             |
      | devices.0.memory_free_bytes  | 83886080000             |
      | devices.0.mig                | null                    |
      | devices.0.processes          | []                      |
      | devices.0.problem            | null                    |
      | devices.1.index              | 1                       |
      | devices.1.memory_total_bytes | 25769803776             |
      | devices.1.memory_free_bytes  | 1073741824              |

  Scenario: Processes, and the pools that they belong to
    Given the host has two NVIDIA GPUs of unequal size
    And the daemon runs
    And pool "chat" is ready
    When the engine of pool "chat" has 2048 MiB of GPU 1
    And process 1 has 300 MiB of GPU 1
    Then the devices have, within 10 seconds
      | field                              | value      |
      | devices.1.processes.0.pid          | a number   |
      | devices.1.processes.0.memory_bytes | 2147483648 |
      | devices.1.processes.0.pool_id      | "chat"     |
      | devices.1.processes.1.pid          | 1          |
      | devices.1.processes.1.memory_bytes | 314572800  |
      | devices.1.processes.1.pool_id      | null       |
    When I run "poolctl devices"
    Then it exits with 0
    And it prints "NVIDIA H100 80GB HBM3"
    And it prints "23.0 GiB  24.0 GiB"
    And it prints "chat (2.0 GiB), pid 1 (300 MiB)"
    And it prints "2 GPUs."
    When I run "poolctl devices --json=short"
    Then it prints ""pool_id":"chat""

  @B-METRICS-003 @B-METRICS-004
  Scenario: The memory of each GPU in numbers, as long as the driver tells
    Given the host has two NVIDIA GPUs of unequal size
    And the daemon runs with
      """
      [GPU]
      AnswerSec=300ms
      RefreshSec=1s
      """
    Then the metrics come to have
      | sample                       | value       |
      | vram_total_bytes{device="0"} | 85899345920 |
      | vram_free_bytes{device="0"}  | 83886080000 |
      | vram_total_bytes{device="1"} | 25769803776 |
      | vram_free_bytes{device="1"}  | 1073741824  |
    When the driver hangs
    Then the devices have, within 10 seconds
      | field   | value |
      | answers | false |
    And the metrics have no sample "vram_free_bytes"
    And each metric is explained in docs/monitoring

  Scenario: Everybody may look, over the bus too
    Given the host has two NVIDIA GPUs of unequal size
    And the daemon runs
    When somebody else calls "DescribeDevices"
    Then the call succeeded

  Scenario: A GPU that is divided
    Given the host has two NVIDIA GPUs of unequal size
    And the driver says from now on
      """
      instance 0 MIG-33333333 40960 40000
      instance 0 MIG-44444444 20480 20480
      """
    And the daemon runs
    Then the devices have
      | field                                        | value          |
      | devices.0.mig                                | "enabled"      |
      | devices.0.mig_instances.0.uuid               | "MIG-33333333" |
      | devices.0.mig_instances.0.memory_total_bytes | 42949672960    |
      | devices.0.mig_instances.1.uuid               | "MIG-44444444" |
      | devices.1.mig                                | "disabled"     |
      | devices.1.mig_instances                      | []             |
    When I run "poolctl devices"
    Then it exits with 0
    And it prints "MIG-33333333"
    And it prints "960 MiB  40.0 GiB"
    When I run "busctl call org.llamaorch.PoolManager1 /org/llamaorch/PoolManager1 org.llamaorch.PoolManager1.Manager DescribeDevices"
    Then it exits with 0
    And it prints "MIG-44444444"

  Scenario: A driver that hangs stops nobody
    Given the host has two NVIDIA GPUs of unequal size
    And the daemon runs with
      """
      [GPU]
      AnswerSec=300ms
      RefreshSec=1s
      """
    And the devices have
      | field   | value |
      | answers | true  |
    When the driver hangs
    Then the devices have, within 10 seconds
      | field                        | value       |
      | answers                      | false       |
      | age_ms                       | a number    |
      | devices.1.memory_total_bytes | 25769803776 |
    And the daemon has logged a line that contains "The driver of the GPUs does not answer"
    When I send GET "/devices"
    Then the answer is 200
    And the answer came within 1 seconds
    When I preload pool "p"
    Then the answer is 200
    When I run "poolctl devices"
    Then it exits with 0
    And it prints "NVIDIA RTX 4090"
    And it complains of "The driver of the GPUs does not answer: this is what was known"
    When the driver answers again
    Then the devices have, within 10 seconds
      | field   | value |
      | answers | true  |
    And the daemon has logged a line that contains "The driver of the GPUs answers again"

  Scenario: A driver that hangs from the beginning, and still at the end
    Given the host has two NVIDIA GPUs of unequal size
    And the driver hangs
    And the daemon runs with
      """
      [GPU]
      AnswerSec=300ms
      """
    When I send GET "/devices"
    Then the answer is 200
    And the answer has
      | field   | value |
      | answers | false |
      | age_ms  | null  |
      | devices | []    |
    When the daemon is stopped and started again
    Then the daemon still answers

  Scenario: A GPU that fell off the bus does not hide the others
    Given the host has two NVIDIA GPUs of unequal size
    And the driver says from now on
      """
      lost 0
      """
    And the daemon runs
    Then the devices have
      | field                        | value                                   |
      | answers                      | true                                    |
      | devices.0.index              | 0                                       |
      | devices.0.memory_free_bytes  | null                                    |
      | devices.0.problem            | "it cannot be used: NVML: GPU is lost"  |
      | devices.1.memory_total_bytes | 25769803776                             |
      | devices.1.problem            | null                                    |
    And the daemon has logged a line that contains "GPU 0 (PCI address not known): it cannot be used: NVML: GPU is lost"

  Scenario: A driver that is unloaded and comes back, as with an update
    Given the host has two NVIDIA GPUs of unequal size
    And the daemon runs
    When the driver of the GPUs is unloaded
    Then the devices have, within 10 seconds
      | field   | value                     |
      | answers | true                      |
      | devices | []                        |
      | problem | "NVML: Driver Not Loaded" |
    And the daemon has logged a line that contains "GPUs cannot be looked for: NVML: Driver Not Loaded"
    When the driver says from now on
      """
      """
    Then the devices have, within 10 seconds
      | field                        | value       |
      | problem                      | null        |
      | devices.1.memory_total_bytes | 25769803776 |

  Scenario: A library that is too old to know of MIG, where the configuration says
    Given the host has two NVIDIA GPUs of unequal size
    And the library "libold.so" is that of an old driver
    And the configuration names that library "libold.so"
    And process 1 has 300 MiB of GPU 0
    And the daemon is started
    Then the devices have
      | field                              | value     |
      | source                             | "nvml"    |
      | devices.0.mig                      | null      |
      | devices.0.processes.0.memory_bytes | 314572800 |
      | devices.0.problem                  | null      |

  Scenario: Without the library nvidia-smi is asked
    Given the PATH of the daemon has an nvidia-smi that prints
      """
      0, GPU-55555555, 00000000:41:00.0, Tesla P4, 6.1, 7680, 7000, [N/A]
      """
    And the daemon runs
    Then the devices have
      | field                        | value          |
      | source                       | "nvidia-smi"   |
      | devices.0.uuid               | "GPU-55555555" |
      | devices.0.memory_total_bytes | 8053063680     |
      | devices.0.processes          | []             |

  Scenario: What nvidia-smi should not print is not taken for a GPU
    Given the PATH of the daemon has an nvidia-smi that prints
      """
      0, GPU-55555555, 00000000:41:00.0, Tesla P4, 6.1, 7680, 7000, [N/A]
      NVIDIA-SMI has failed
      """
    And the daemon runs
    Then the devices have
      | field   | value                                                            |
      | source  | null                                                             |
      | devices | []                                                               |
      | problem | "line 2 of what nvidia-smi prints of the GPUs is not as expected" |

  Scenario: A host without a GPU has nothing to complain of
    Given the daemon runs
    When I send GET "/devices"
    Then the answer is 200
    And the answer has
      | field   | value |
      | answers | true  |
      | source  | null  |
      | problem | null  |
      | devices | []    |
    When I run "poolctl devices"
    Then it exits with 0
    And it prints "0 GPUs."

  Scenario: A library that is no file name
    When the daemon is started with
      """
      [GPU]
      NvmlLibrary=lib/nvml.so
      """
    Then it does not start
    And the daemon has logged a line that contains "NvmlLibrary=lib/nvml.so: must be a file name or an absolute path"
