# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The log says what happened to which pool, in the journal or as JSON lines

  @B-LOG-001 @B-LOG-002 @B-LOG-003 @B-LOG-004
  Scenario: Each line about a pool says what it runs
    Given the daemon runs
    When I preload pool "p" with
      | field       | value        |
      | engine      | "llamacpp"   |
      | model_id    | "tiny-chat"  |
      | device_mask | "GPU1,GPU0"  |
    Then the answer is 200
    And the journal has an entry "ready engine" of pool "p" with
      | field       | value     |
      | DURATION_MS | a number  |
      | PRIORITY    | 5         |
    And each line of the daemon about pool "p" has
      | field           | value        |
      | POOL_ID         | "p"          |
      | ENGINE          | "llamacpp"   |
      | ENGINE_VERSION  | "fake-1.0"   |
      | DEVICE_MASK     | "GPU1,GPU0"  |
      | MODEL_ID        | "tiny-chat"  |
      | POOL_GENERATION | 1            |
      | MESSAGE_ID      | a string     |
    And no line of the daemon about pool "p" has the field "EXIT_CODE"

  @B-LOG-005 @B-LOG-006 @B-LOG-007
  Scenario: A crash, the pause after it and the restart
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MinSec=0
      """
    And pool "p" is ready
    When the engine of pool "p" is killed, and is back
    Then the journal has an entry "crash" of pool "p" with
      | field            | value                 |
      | LAST_ERROR       | contains SIGKILL      |
      | LAST_ERROR_CLASS | "signal"              |
      | SIGNAL           | "SIGKILL"             |
      | UPTIME_SECONDS   | at least 0            |
      | CRASH_COUNT      | 1                     |
      | PRIORITY         | 3                     |
    And the journal has an entry "restart to come" of pool "p" with
      | field           | value            |
      | BACKOFF_MS      | at least 18      |
      | NEXT_RESTART_AT | a number         |
      | LAST_ERROR      | contains SIGKILL |
    And the journal has an entry "restart" of pool "p" with
      | field         | value |
      | RESTART_COUNT | 1     |

  Scenario: Want of memory is critical
    Given the daemon runs
    When I preload pool "p" with an engine that exits with 1 after the words
      """
      ggml_cuda: CUDA error: out of memory
      """
    Then the answer is 500
    And the journal has an entry "failed start" of pool "p" with
      | field            | value                  |
      | PRIORITY         | 2                      |
      | LAST_ERROR_CLASS | "vram_oom"             |
      | EXIT_CODE        | 1                      |
      | ENGINE_OUTPUT    | contains out of memory |

  @B-LOG-008
  Scenario Outline: Off the journal each line is a JSON object, <how>
    Given the unit of the daemon writes its errors to a file
    And the daemon runs with
      """
      [Manager]
      LogFormat=<format>
      [Backoff]
      InitialSec=20ms
      MinSec=0
      """
    When I preload pool "p" with the correlation id "night-shift-9"
    And the engine of pool "p" is killed, and is back
    Then each line of that file is a JSON object
    And a line of that file with the message_id "f1e2d3c4b5a64798897a6b5c4d3e2707" has
      | field            | value                       |
      | message          | contains killed by          |
      | priority         | 3                           |
      | level            | "err"                       |
      | timestamp        | contains Z                  |
      | pool_id          | "p"                         |
      | engine_version   | "fake-1.0"                  |
      | crash_count      | 1                           |
      | signal           | "SIGKILL"                   |
      | last_error       | contains SIGKILL            |
      | correlation_id   | "night-shift-9"             |

    Examples:
      | how                 | format |
      | where that is found | auto   |
      | where that is asked | json   |

  Scenario: One id leads from the request to all that it has caused
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MinSec=0
      """
    When I preload pool "p", whose engine prints "good morning", with the correlation id "night-shift-7"
    And the daemon is stopped and started again
    And the engine of pool "p" is killed, and is back
    Then the journal tells with the correlation id "night-shift-7"
      | what                                   |
      | Pool p: preload begins                 |
      | Pool p: engine started                 |
      | good morning                           |
      | Pool p: ready at                       |
      | Pool p: preload is done                |
      | Pool p: found again                    |
      | Pool p: the engine was killed          |
      | Pool p: restart 1 in                   |
      | Pool p: restart 1 of the engine        |
      | Pool p: engine started                 |
      | good morning                           |
      | Pool p: ready at                       |

  Scenario: A request that is refused does not give its name to what goes on
    Given the daemon runs
    When I preload pool "p" with the correlation id "night-shift-7"
    And I preload pool "p" differently with the correlation id "day-shift-1"
    Then the answer is 409
    When I stop pool "p" with the correlation id "day-shift-2"
    Then the journal tells with the correlation id "day-shift-2"
      | what                        |
      | Pool p: stopping the engine |
      | Pool p: engine stopped      |
      | Pool p: stop is done        |
    And the journal tells nothing with the correlation id "day-shift-1"

  Scenario: A call on the bus has an id, too
    Given the daemon runs
    And pool "p" is ready
    When I run "poolctl stop p"
    Then the journal has an entry "ended operation" of pool "p" with
      | field          | value     |
      | CORRELATION_ID | a string  |
      | OPERATION      | "preload" |
    And the last line of the daemon about pool "p" has
      | field          | value      |
      | CORRELATION_ID | contains / |
      | OPERATION      | "stop"     |
      | DURATION_MS    | at least 0 |

  Scenario Outline: Nobody finds a secret in the log, as <format>
    Given the unit of the daemon has the setting "Environment=LLORCH_API_TOKEN=tok-3c8a1f"
    And the daemon runs with
      """
      [Manager]
      LogLevel=debug
      LogFormat=<format>
      [Backoff]
      InitialSec=20ms
      MinSec=0
      """
    When clients use the token "tok-3c8a1f" and the wrong token "tok-9d2b7e" for engines with secrets
    Then nothing in the journal contains
      | secret              | what it is                               |
      | tok-3c8a1f          | the API token                            |
      | tok-9d2b7e          | a wrong one                              |
      | env-5e9c04          | the value of an environment variable     |
      | env-refused-77      | of one in a body that was refused        |
      | credential-b61d20   | the content of a credential              |

    Examples:
      | format  |
      | journal |
      | json    |

  Scenario: Nobody forges lines or fields
    Given the daemon runs
    And a handoff file whose name has two lines, "MESSAGE=forged" and a control character
    When I preload pool "p" with an engine that exits with 1 after the words
      """
      <0>MESSAGE=forged
      PRIORITY=0
      """
    Then the journal has an entry "failed start" of pool "p" with
      | field         | value                    |
      | PRIORITY      | 3                        |
      | ENGINE_OUTPUT | contains <0>MESSAGE=forged |
    And the daemon has logged a line that contains "\nMESSAGE=forged"
    And no line in the journal is forged

  Scenario: What is said too often is counted
    Given 8 handoff files that are none
    When the daemon runs with
      """
      [Manager]
      LogRateLimitBurst=3
      """
    And the daemon is stopped
    Then the daemon has logged 3 times that a handoff file is ignored
    And the daemon has logged that 5 more were suppressed

  Scenario: An engine that floods the journal is held back alone
    Given the daemon runs with
      """
      [Engine]
      LogRateLimitIntervalSec=1h
      LogRateLimitBurst=10
      """
    When I preload pool "p" and its engine gets "--flood"
    Then the unit "pool@p:r0:g1.service" has
      | property                 | value |
      | LogRateLimitIntervalUSec | 1h    |
      | LogRateLimitBurst        | 10    |
      | SyslogLevelPrefix        | no    |
    When I stop pool "p"
    Then the answer is 200
    And the journal has some, but not more than 200 lines of the engine of pool "p"

  Scenario: journalctl explains the lines
    Given the daemon runs
    And pool "p" is ready
    When the catalog of the journal is brought up to date
    Then journalctl explains the line "Pool p: ready at" of the daemon by "Subject: Pool p: ready"
