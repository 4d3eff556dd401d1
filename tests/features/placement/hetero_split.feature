# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A model is split over unequal GPUs as the memory is that they have free

  Background:
    Given the host has two NVIDIA GPUs of unequal size
    And the driver says from now on
      """
      gpu 0000:c2:00.0 GPU-33333333-cccc 24576 12288 NVIDIA RTX 4090
      gpu 0000:c3:00.0 GPU-44444444-dddd 8192 4096 NVIDIA RTX 2070
      """
    And the daemon runs with
      """
      [Placement]
      HeadroomMiB=0
      HeadroomPercent=0
      """

  @B-HETERO-001 @B-HETERO-002
  Scenario: By the memory that is free
    When I plan pool "p" with
      | field       | value      |
      | device_mask | "2,3"      |
      | split       | "auto"     |
      | vram_bytes  | 8589934592 |
    Then the answer has
      | field              | value               |
      | would_start        | true                |
      | split.mode         | "auto"              |
      | split.tensor_split | "0.750000,0.250000" |
      | gpus.0.share_bytes | 6442450944          |
      | gpus.1.share_bytes | 2147483648          |
    And the shares of the plan sum to 1
    When I preload pool "p" with
      | field       | value      |
      | device_mask | "2,3"      |
      | split       | "auto"     |
      | vram_bytes  | 8589934592 |
      | flags       | --         |
    Then the answer is 200
    And the engine of pool "p" was started with "--tensor-split 0.750000,0.250000" behind its flags
    # It is worked out anew by each start.
    When 4096 MiB of GPU 2 are free from now on
    And the daemon is stopped and started again
    And I restart pool "p"
    Then the answer is 200
    And the engine of pool "p" was started with "--tensor-split 0.500000,0.500000" behind its flags

  @B-HETERO-002 @B-HETERO-003 @B-HETERO-004
  Scenario: By given proportions, as far as the smallest GPU allows
    When I plan pool "p" with
      | field       | value       |
      | device_mask | "2,3"       |
      | split       | [1, 1]      |
      | vram_bytes  | 12884901888 |
    Then the answer has
      | field               | value               |
      | split.mode          | "ratios"            |
      | split.tensor_split  | "0.666667,0.333333" |
      | gpus.1.usable_bytes | 4294967296          |
      | gpus.1.share_bytes  | at most 4294967296  |
    And the shares of the plan sum to 1

  @B-HETERO-005
  Scenario: What does not fit is refused with the numbers
    When I preload pool "p" with
      | field       | value       |
      | device_mask | "2,3"       |
      | split       | "auto"      |
      | vram_bytes  | 18253611008 |
    Then the answer is the error 500 "DOES_NOT_FIT" for "split"
    And the error text contains "needs 17408 MiB with its KV cache, but the devices of the mask have 16384 MiB to use after headroom (12288 + 4096)"
    And the error text contains "OC-POOL-3002"
    And nothing is left in pools.slice

  @B-HETERO-006
  Scenario: Without being asked for, nothing is split
    When I plan pool "p" with
      | field       | value      |
      | device_mask | "2,3"      |
      | vram_bytes  | 8589934592 |
    Then the answer has
      | field              | value      |
      | split.mode         | "none"     |
      | split.tensor_split | null       |
      | gpus.0.share_ppm   | 1000000    |
      | gpus.1.share_bytes | 0          |
      | warnings           | []         |
    When I plan pool "p" with
      | field       | value       |
      | device_mask | "2,3"       |
      | vram_bytes  | 13958643712 |
    Then the answer has
      | field            | value                              |
      | would_start      | true                               |
      | fit.vram.verdict | "doubtful"                         |
      | warnings.0       | contains without "split" it is not |
    When I preload pool "p" with
      | field       | value      |
      | device_mask | "2,3"      |
      | vram_bytes  | 8589934592 |
    Then the answer is 200
    And the command line of the engine of pool "p" is the binary path and those flags

  Scenario Outline: A split that makes no sense: <split>, <engine>, <flags>
    When I preload pool "p" with
      | field       | value    |
      | device_mask | "2,3"    |
      | split       | <split>  |
      | engine      | <engine> |
      | flags       | <flags>  |
    Then the answer is the error 400 "INVALID_FIELD" for "<field>"
    And nothing has happened

    Examples:
      | split     | engine     | flags              | field    |
      | "even"    | "llamacpp" |                    | split    |
      | [1, -1]   | "llamacpp" |                    | split[1] |
      | [0, 0]    | "llamacpp" |                    | split    |
      | [1, 1, 1] | "llamacpp" |                    | split    |
      | "auto"    | "vllm"     |                    | split    |
      | "auto"    | "llamacpp" | --tensor-split 1,1 | split    |
