# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: An engine that cannot fit is not started, and starts on one GPU come one after the other

  Background:
    Given the host has two NVIDIA GPUs of unequal size

  @B-PRELOAD-034
  Scenario: What was given is believed, and refused with the numbers
    Given the daemon runs
    When I preload pool "p" with
      | field       | value      |
      | device_mask | "1"        |
      | vram_bytes  | 1073741824 |
    Then the answer is the error 500 "DOES_NOT_FIT" for "vram_bytes"
    And the error text contains "preload failed: vram_bytes: the engine needs 1024 MiB of GPU memory, and 460 MiB of it can be used after headroom"
    And the error text contains "OC-POOL-3002"
    And nothing is left in pools.slice
    And the status of pool "p" has
      | field            | value                 |
      | state            | "failed"              |
      | last_error       | contains OC-POOL-3002 |
      | last_error_class | "preflight"           |
      | generation       | null                  |
    # Each start looks anew.
    When 2000 MiB of GPU 1 are free from now on
    And I restart pool "p"
    Then the answer is 200

  Scenario: An estimate warns, unless the files alone are too large
    Given the model "large" has 1536 MiB in 3 parts
    And the host has two NVIDIA GPUs of unequal size, and nvidia-smi
    And the daemon runs with
      """
      [GPU]
      Policy=required
      """
    When I preload pool "p" with
      | field       | value                                                    |
      | device_mask | "1"                                                      |
      | model_path  | "/var/lib/pool-managerd-tests/large-00001-of-00003.gguf" |
    Then the answer is the error 500 "DOES_NOT_FIT" for "model_path"
    And the error text contains "the model's files have 1536 MiB, and 1024 MiB of GPU memory are free"
    When 1800 MiB of GPU 1 are free from now on
    And I preload pool "p" with
      | field       | value                                                    |
      | device_mask | "1"                                                      |
      | model_path  | "/var/lib/pool-managerd-tests/large-00001-of-00003.gguf" |
    Then the answer is 200
    And the answer's warnings name "may need about 1946 MiB of GPU memory"
    And the daemon has logged a line that contains "may need about 1946 MiB of GPU memory"

  Scenario: Where two engines of a pool may not fit beside each other, the old one goes first
    Given there are the models
      | model | kind |
      | a     | good |
      | b     | good |
    And the daemon runs
    And pool "p" is ready with the model "a" and
      | field       | value |
      | device_mask | "1"   |
      | slots_total | 1     |
    When I reload pool "p" blue-green to a prepared engine with the model "b" and
      | field       | value |
      | slots_total | 4     |
    Then the answer is 200
    And the answer's warnings name "strategy: the new engine cannot run beside the old one"
    And the answer's warnings name "may need about 1025 MiB of GPU memory"
    And pool "p" serves the model "b"

  Scenario: The headroom is a setting
    Given the daemon runs with
      """
      [Placement]
      HeadroomMiB=0
      HeadroomPercent=0
      """
    When I preload pool "p" with
      | field       | value      |
      | device_mask | "1"        |
      | vram_bytes  | 1073741824 |
    Then the answer is 200

  Scenario: What does not fit is tried again where that is wanted
    Given the daemon runs
    When I preload pool "p" with
      | field       | value                                              |
      | device_mask | "1"                                                |
      | vram_bytes  | 1073741824                                         |
      | policy      | {"retry_no_fit": true, "backoff_initial_ms": 1000} |
    Then the answer is the error 500 "DOES_NOT_FIT" for "vram_bytes"
    And the status of pool "p" has
      | field              | value     |
      | state              | "backoff" |
      | next_restart_at_ms | a number  |
    When 2000 MiB of GPU 1 are free from now on
    Then pool "p" becomes "ready"

  Scenario: Starts on one GPU come one after the other, others do not wait
    Given the daemon runs
    And a preload of pool "a" waits for its engine, which answers 503
    When I begin a preload of pool "b" with
      | field       | value |
      | device_mask | "0"   |
    Then that operation comes to have
      | field     | value     |
      | phase     | "waiting" |
      | waits_for | "a"       |
    When I run "poolctl operation {operation}" with that operation
    Then it prints "waits for the engine of pool a"
    And pool "b" has no unit yet
    And the daemon has logged a line that contains "Pool b waits until the engine of pool a"
    When I plan pool "c" with
      | field       | value |
      | device_mask | "0"   |
    Then the answer has
      | field     | value |
      | waits_for | "a"   |
    When the engine of pool "a" becomes healthy
    Then the preload of pool "a" is answered with 200
    And pool "b" becomes "ready"
    And that operation comes to have
      | field | value  |
      | phase | "done" |

  Scenario: A wait ends with a stop, and outlives the daemon
    Given the daemon runs
    And a preload of pool "a" waits for its engine, which answers 503
    When I begin a preload of pool "b" with
      | field       | value |
      | device_mask | "0"   |
    And that operation comes to have
      | field     | value     |
      | phase     | "waiting" |
    And I begin a preload of pool "c" with
      | field       | value |
      | device_mask | "0"   |
    And I stop pool "b"
    Then the answer is 200
    And pool "b" becomes "off"
    When the daemon is stopped and started again
    Then that operation comes to have
      | field     | value     |
      | phase     | "waiting" |
      | waits_for | "a"       |
    When I stop pool "a"
    Then pool "c" becomes "ready"
    And that operation comes to have
      | field | value  |
      | phase | "done" |
