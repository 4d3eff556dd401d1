# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A GPU that fails is shown and counted until it is well again

  Background:
    Given the host has two NVIDIA GPUs of unequal size
    And the daemon reads the log of a kernel that we write, and runs with
      """
      RefreshSec=1s
      [Backoff]
      InitialSec=1h
      MaxSec=3h
      JitterPercent=0
      """
    And the devices have, within 10 seconds
      | field           | value |
      | devices.1.fault | null  |

  @B-METRICS-005 @B-SUPER-003
  Scenario: A fault of one GPU is counted once, and takes its engines with it and no others
    Given pool "good" with the device mask "0" is ready
    And pool "bad" with the device mask "1" is ready
    When the driver logs "NVRM: Xid (PCI:0000:c1:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
    And the driver logs "NVRM: Xid (PCI:0000:c1:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
    Then pool "bad" becomes "backoff"
    And the status of pool "bad" has
      | field            | value          |
      | ready            | false          |
      | last_error_class | "driver_reset" |
      | backoff_ms       | 7200000        |
    And the status of pool "good" has
      | field | value   |
      | state | "ready" |
    And the metrics have
      | sample                         | value |
      | driver_reset_total{device="0"} | 0     |
      | driver_reset_total{device="1"} | 1     |
    And each metric is explained in docs/monitoring
    And the devices have
      | field                   | value                                                                     |
      | devices.0.fault         | null                                                                      |
      | devices.1.fault.xid     | 79                                                                        |
      | devices.1.fault.time_ms | a number                                                                  |
      | devices.1.fault.text    | "GPU 1 at PCI 0000:c1:00.0: Xid 79 (the GPU has fallen off the bus)"      |
    When I run "poolctl devices"
    Then it exits with 0
    And it prints "Xid 79"
    # An engine that is ready on it shows that it is well.
    When I run "poolctl restart bad"
    Then it exits with 0
    And the devices have
      | field           | value |
      | devices.1.fault | null  |
    And the daemon has logged a line that contains "is well again after Xid 79: an engine is ready on it"

  Scenario: A GPU that was reset is well when the driver tells of it again
    When the driver logs "NVRM: Xid (PCI:0000:41:00): 119, pid=1, Timeout after 6s of waiting for RPC response"
    Then the devices have, within 10 seconds
      | field               | value |
      | devices.0.fault.xid | 119   |
    When the driver says from now on
      """
      lost 0
      """
    Then the devices have, within 10 seconds
      | field             | value                                  |
      | devices.0.problem | "it cannot be used: NVML: GPU is lost" |
    When the GPUs are as they were
    Then the devices have, within 10 seconds
      | field           | value |
      | devices.0.fault | null  |
