# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: An engine is gone when its memory of GPUs is free again, or the answer says what is not

  Background:
    Given the host has two NVIDIA GPUs of unequal size

  Scenario: The memory is back at once, and the answer has nothing to warn of
    Given the daemon runs
    And pool "chat" is ready, with 2048 MiB of GPU 1
    When the memory of pool "chat" is given back
    And I stop pool "chat"
    Then the answer is 200
    And the answer has
      | field    | value |
      | warnings | []    |
    And the answer came within 2 seconds
    And the status of pool "chat" has
      | field      | value |
      | state      | "off" |
      | last_error | null  |

  Scenario: A stop waits for memory that comes back a little later
    Given the daemon runs with
      """
      [GPU]
      ReleaseSec=1min
      """
    And pool "chat" is ready, with 2048 MiB of GPU 1
    And I remember the status of pool "chat"
    And a stop of pool "chat" is under way
    And the remembered engine of pool "chat" is gone
    When the memory of pool "chat" is given back
    Then the stop of pool "chat" is answered with 200
    And the answer has
      | field    | value |
      | warnings | []    |

  Scenario: Memory that does not come back is told of, with the GPU and the process
    Given the daemon runs with
      """
      [GPU]
      ReleaseSec=300ms
      """
    And pool "chat" is ready, with 2048 MiB of GPU 1
    When I stop pool "chat"
    Then the answer is 200
    And the answer warns that GPU 1 holds 2048 MiB of the remembered process
    And the status of pool "chat" has
      | field      | value                                              |
      | state      | "off"                                              |
      | last_error | contains GPU 1 has not given back                  |
    And the daemon has logged a line that contains "the engine has ended, but GPU 1 has not given back"
    And the metrics come to have
      | sample                                 | value |
      | gpu_memory_held_total{pool_id="chat"}  | 1     |
    # The next start is tried all the same.
    When I preload pool "chat"
    Then the answer is 200
    And the status of pool "chat" has
      | field      | value |
      | last_error | null  |
    # And what the last engine has left is not taken for this one's.
    When I run "poolctl stop chat"
    Then it exits with 0

  Scenario: A driver that does not answer keeps nobody waiting
    Given the daemon runs with
      """
      [GPU]
      AnswerSec=300ms
      """
    And pool "chat" is ready, with 2048 MiB of GPU 1
    When the driver hangs
    And I stop pool "chat"
    Then the answer is 200
    And the answer warns that "whether the engine's memory of the GPUs is free again is not known"
    And the daemon has logged a line that contains "the engine has ended, but whether"
    When the driver answers again
    Then the daemon still answers

  Scenario: An engine that dies is started again when its memory is free
    Given the daemon runs with
      """
      [GPU]
      ReleaseSec=1min
      [Backoff]
      InitialSec=10ms
      MinimumSec=10ms
      """
    And pool "chat" is ready, with 2048 MiB of GPU 1
    And I remember the status of pool "chat"
    When the engine of pool "chat" is killed
    Then pool "chat" becomes "stopping"
    And the remembered engine of pool "chat" is gone
    When the memory of pool "chat" is given back
    Then pool "chat" becomes ready with generation 2

  Scenario: The daemon dies while memory is waited for
    Given the daemon runs with
      """
      [GPU]
      ReleaseSec=1min
      """
    And pool "chat" is ready, with 2048 MiB of GPU 1
    And I remember the status of pool "chat"
    And a stop of pool "chat" is under way
    And the remembered engine of pool "chat" is gone
    And the state file of pool "chat" names who holds the memory
    When the daemon is killed by SIGKILL
    Then pool "chat" becomes "stopping"
    When the memory of pool "chat" is given back
    Then pool "chat" becomes "off"

  Scenario: Without a GPU nothing is waited for
    Given the driver hangs
    And the daemon runs
    And pool "chat" is ready
    When I stop pool "chat"
    Then the answer is 200
    And the answer came within 2 seconds
    And the answer has
      | field    | value |
      | warnings | []    |
