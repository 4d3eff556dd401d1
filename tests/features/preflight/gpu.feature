# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Without a GPU no engine is started, unless the host says that it may be

  @B-PREFLIGHT-001 @B-PREFLIGHT-002 @B-PREFLIGHT-004 @B-PREFLIGHT-010
  Scenario Outline: With <tool> on the PATH engines start
    Given the PATH of the daemon has the program "<tool>"
    And the daemon runs with
      """
      [GPU]
      Policy=required
      """
    When I preload pool "p"
    Then the answer is 200

    Examples:
      | tool       |
      | nvcc       |
      | nvidia-smi |

  @B-PREFLIGHT-003 @B-PREFLIGHT-011 @B-PREFLIGHT-012 @B-PREFLIGHT-013
  Scenario: With neither of them a preload fails, and the error says what to do
    Given the PATH of the daemon has neither nvcc nor nvidia-smi
    And the daemon runs with
      """
      [GPU]
      Policy=required
      """
    When I preload pool "p"
    Then the answer is the error 500 "GPU_REQUIRED"
    And the error text contains "GPU-only enforcement"
    And the error text contains "nvcc/nvidia-smi not found"
    And the error text contains "Policy=optional"
    And the error text contains "[GPU]"
    And the error text contains "POOL_MANAGERD_GPU_POLICY=optional"
    And the status of pool "p" has
      | field            | value                         |
      | state            | "failed"                      |
      | live             | false                         |
      | last_error       | contains GPU-only enforcement |
      | last_error_class | "preflight"                   |
    And nothing is left in pools.slice

  @B-PREFLIGHT-003 @B-PREFLIGHT-004 @B-PREFLIGHT-011
  Scenario: A tool that is not on the PATH of the daemon does not count
    Given the program "nvidia-smi" lies beside the PATH of the daemon
    And the daemon runs with
      """
      [GPU]
      Policy=required
      """
    When I preload pool "p"
    Then the answer is the error 500 "GPU_REQUIRED"

  @B-PREFLIGHT-003 @B-PREFLIGHT-011
  Scenario: A file that cannot be executed does not count
    Given the PATH of the daemon has a file "nvcc" that is no program
    And the daemon runs with
      """
      [GPU]
      Policy=required
      """
    When I preload pool "p"
    Then the answer is the error 500 "GPU_REQUIRED"

  @B-PREFLIGHT-011
  Scenario: A GPU is required where nothing is said about it
    Given the configuration of the machine says nothing about GPUs
    And the PATH of the daemon has neither nvcc nor nvidia-smi
    And the daemon runs
    When I preload pool "p"
    Then the answer is the error 500 "GPU_REQUIRED"

  @B-PREFLIGHT-010 @B-PREFLIGHT-011
  Scenario: Each start looks anew
    Given the PATH of the daemon has neither nvcc nor nvidia-smi
    And the daemon runs with
      """
      [GPU]
      Policy=required
      """
    When I preload pool "p"
    Then the answer is the error 500 "GPU_REQUIRED"
    When the program "nvidia-smi" is installed
    And I preload pool "p"
    Then the answer is 200

  Scenario: With Policy=optional engines run without a GPU
    Given the PATH of the daemon has neither nvcc nor nvidia-smi
    And the daemon runs with
      """
      [GPU]
      Policy=optional
      """
    When I preload pool "p"
    Then the answer is 200

  Scenario: With POOL_MANAGERD_GPU_POLICY=optional too, whatever the file says
    Given the unit of the daemon has the setting "Environment=PATH=/nonexistent POOL_MANAGERD_GPU_POLICY=optional"
    And the daemon runs with
      """
      [GPU]
      Policy=required
      """
    When I preload pool "p"
    Then the answer is 200
