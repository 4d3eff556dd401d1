# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A crash is seen at once, told from other ends, and told of
  What the status and the files say of a crash is also in process/crash.feature.

  Background:
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=1h
      MaxSec=1h
      JitterPercent=0
      """

  @B-SUPER-001 @B-SUPER-004
  Scenario Outline: An engine that is gone is no more offered
    Given pool "p" is ready
    And 2 leases of pool "p" are out
    When the engine of pool "p" <dies>
    Then pool "p" becomes "backoff"
    And the status of pool "p" has
      | field                 | value                          |
      | live                  | false                          |
      | ready                 | false                          |
      | pid                   | null                           |
      | active_leases         | 0                              |
      | last_error            | "the engine <how>" |
      | last_error_class      | "<class>"                      |
      | crash_count           | 1                              |
      | restart_count         | 0                              |
      | backoff_ms            | 3600000                        |
      | next_restart_at_ms    | a number                       |
      | circuit_state         | "closed"                       |
      | circuit_opens_until_ms | null                          |
    And there is no file "engines/p-r0.json"
    When I take a lease of pool "p"
    Then the answer is the error 409 "NOT_READY"

    Examples:
      | dies               | how                           | class        |
      | is killed          | was killed by signal SIGKILL  | signal       |
      | dies of signal 11  | was killed by signal SIGSEGV  | signal       |
      | dies of signal 6   | was killed by signal SIGABRT  | signal       |
      | dies of signal 7   | was killed by signal SIGBUS   | signal       |
      | dies of signal 15  | was killed by signal SIGTERM  | signal       |
      | exits with 1       | exited with status 1          | process_exit |

  @B-SUPER-001 @B-SUPER-004
  Scenario: The status says so at once
    Given pool "p" is ready
    And I follow the events of pool "p"
    When the engine of pool "p" is killed, and an event tells within 250 ms that it is not ready
    Then the status of pool "p" has
      | field | value     |
      | state | "backoff" |

  Scenario: The journal has the circumstances of a crash
    Given pool "p" is ready
    When the engine of pool "p" dies of signal 11
    Then the journal has an entry "crash" of pool "p" with
      | field           | value                                     |
      | PRIORITY        | 3                                         |
      | SIGNAL          | "SIGSEGV"                                 |
      | UPTIME_SECONDS  | at least 0                                |
      | CRASH_COUNT     | 1                                         |
      | LAST_ERROR      | "the engine was killed by signal SIGSEGV" |
      | POOL_GENERATION | 1                                         |
      | ENGINE          | "llamacpp"                                |
      | ENGINE_VERSION  | "fake-1.0"                                |
      | MESSAGE         | contains SIGSEGV                          |

  Scenario: The exit status is one of them
    Given pool "p" is ready
    When the engine of pool "p" exits with 3
    Then the journal has an entry "crash" of pool "p" with
      | field          | value                                |
      | EXIT_CODE      | 3                                    |
      | LAST_ERROR     | "the engine exited with status 3"    |

  @B-SUPER-002 @B-SUPER-004
  Scenario Outline: An engine that fails its health checks is ended and started again
    Given the daemon runs with
      """
      [Liveness]
      IntervalSec=100ms
      Failures=3
      [Health]
      TryTimeoutSec=200ms
      [Backoff]
      InitialSec=100ms
      MinSec=0
      """
    And pool "p" is ready
    And I remember the status of pool "p"
    And I follow the events of pool "p"
    When the engine of pool "p" <fails>
    Then pool "p" goes through "stopping, backoff, ready"
    And the remembered engine of pool "p" is gone
    And the status of pool "p" has
      | field         | value |
      | generation    | 2     |
      | restart_count | 1     |
      | crash_count   | 1     |
      | last_error    | null  |
    And the journal has an entry "restart to come" of pool "p" with
      | field      | value             |
      | LAST_ERROR | contains <reason> |

    Examples:
      | fails               | reason                          |
      | turns unhealthy     | 3 health checks in a row failed |
      | answers no checks   | 3 health checks in a row failed |

  Scenario: An engine that leaves by itself with status 0 is off
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=100ms
      MinSec=0
      """
    And pool "p" is ready
    And pool "other" is ready
    When the engine of pool "p" exits with 0
    Then pool "p" becomes "off"
    And pool "p" stays "off" while that of pool "other" crashes and is restarted
    And the status of pool "p" has
      | field              | value |
      | crash_count        | 0     |
      | restart_count      | 0     |
      | backoff_ms         | null  |
      | next_restart_at_ms | null  |
    And the journal has an entry "graceful end" of pool "p" with
      | field    | value |
      | PRIORITY | 5     |
    And the journal has no entry "crash" of pool "p"

  Scenario: An engine that is killed for want of memory
    Given pool "p" is ready
    When the engine of pool "p" is killed for want of memory
    Then pool "p" becomes "backoff"
    And the status of pool "p" has
      | field            | value                                                      |
      | last_error       | "the engine was killed because the host ran out of memory" |
      | last_error_class | "out_of_memory"                                            |
      | crash_count      | 1                                                          |
    And the journal has an entry "crash" of pool "p" with
      | field  | value     |
      | SIGNAL | "SIGKILL" |
    And no unit has failed

  Scenario: A program that cannot be executed any more is not tried again
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=300ms
      MinSec=0
      """
    And pool "p" is ready with a program of its own
    And pool "other" is ready
    And the program of pool "p" is replaced by one that cannot be executed
    When the engine of pool "p" is killed
    Then pool "p" becomes "failed"
    And the status of pool "p" has
      | field              | value               |
      | last_error         | contains status 203 |
      | last_error_class   | "exec_setup"        |
      | generation         | 2                   |
      | restart_count      | 1                   |
      | next_restart_at_ms | null                |
    And pool "p" stays "failed" while that of pool "other" crashes and is restarted
    And no unit has failed

  Scenario: An engine that crashes while it is drained is not started again
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=100ms
      MinSec=0
      """
    And pool "p" is ready
    And pool "other" is ready
    And 1 leases of pool "p" are out
    And POST "/pools/p/drain?wait=true" is under way
    And pool "p" becomes "draining"
    When the engine of pool "p" is killed
    Then it is answered with 200
    And pool "p" becomes "failed"
    And pool "p" stays "failed" while that of pool "other" crashes and is restarted
    And the status of pool "p" has
      | field         | value            |
      | last_error    | contains SIGKILL |
      | crash_count   | 1                |
      | restart_count | 0                |
      | active_leases | 0                |

  Scenario: An engine that crashes while it is stopped is off
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=100ms
      MinSec=0
      """
    And pool "other" is ready
    And I preload pool "p" and its engine gets "--stop-takes-ms 3000"
    And a stop of pool "p" is under way
    When the engine of pool "p" is killed
    Then the stop of pool "p" is answered with 200
    And pool "p" becomes "off"
    And pool "p" stays "off" while that of pool "other" crashes and is restarted
    And the status of pool "p" has
      | field         | value |
      | crash_count   | 0     |
      | restart_count | 0     |

  Scenario: A first start that fails is told to the one who waits for it, and not tried again
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=100ms
      MinSec=0
      """
    And pool "other" is ready
    And the preload of pool "p" has failed
    Then pool "p" stays "failed" while that of pool "other" crashes and is restarted

  @B-SUPER-001
  Scenario: An engine that dies while the daemon is away is started again
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=100ms
      MinSec=0
      """
    And pool "p" is ready
    When the daemon is stopped
    And the engine of pool "p" is killed
    And the daemon is started
    Then pool "p" becomes ready with generation 2
    And the status of pool "p" has
      | field         | value |
      | crash_count   | 1     |
      | restart_count | 1     |
