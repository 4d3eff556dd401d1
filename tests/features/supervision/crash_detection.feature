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
    Then pool "p" becomes "backoff"

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
      | field            | value                                                                        |
      | last_error       | "the engine was killed because memory ran out, its memory_max or the host's" |
      | last_error_class | "out_of_memory"                                                              |
      | crash_count      | 1                                                                            |
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

  @B-SUPER-003
  Scenario: An engine that dies of its GPU says so itself
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=1h
      MaxSec=3h
      JitterPercent=0
      """
    And pool "p" is ready with an engine whose last words are
      """
      slot 3 is at work
      ggml-cuda.cu:88: CUDA error: an illegal memory access was encountered
        current device: 0, in function ggml_backend_cuda_synchronize
      """
    When the engine of pool "p" exits with 1
    Then pool "p" becomes "backoff"
    And the status of pool "p" has
      | field            | value                                                              |
      | last_error       | contains CUDA error: an illegal memory access was encountered      |
      | last_error_class | "cuda_error"                                                       |
      | backoff_ms       | 7200000                                                            |
      | crash_count      | 1                                                                  |
    And the journal has an entry "crash" of pool "p" with
      | field          | value                                                            |
      | PRIORITY       | 3                                                                |
      | EXIT_CODE      | 1                                                                |
      | UPTIME_SECONDS | at least 0                                                       |
      | LAST_ERROR     | contains CUDA error: an illegal memory access was encountered    |
    And the output in the entry "crash" of pool "p" ends with
      """
      slot 3 is at work
      ggml-cuda.cu:88: CUDA error: an illegal memory access was encountered
        current device: 0, in function ggml_backend_cuda_synchronize
      """

  @B-SUPER-003
  Scenario: Failures of the GPU open a circuit breaker of their own
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=100ms
      MinSec=0
      [Breaker]
      Failures=2
      OpenSec=1h
      """
    And pool "p" is ready with an engine whose last words are
      """
      CUDA error: unspecified launch failure
      """
    When the engine of pool "p" dies of signal 9
    Then pool "p" becomes ready with generation 2
    When the engine of pool "p" exits with 1
    Then pool "p" becomes "tripped"
    And the status of pool "p" has
      | field            | value        |
      | last_error_class | "cuda_error" |
    And the journal has an entry "open breaker" of pool "p" with
      | field         | value    |
      | FAILURE_COUNT | 2        |
      | OLD_STATE     | "closed" |
      | NEW_STATE     | "open"   |

  @B-SUPER-003
  Scenario Outline: A preload that fails tells what the engine said of it
    When I preload pool "p" with an engine that exits with 1 after the words
      """
      load_tensors: loading model tensors, this can take a while...
      <line>
      main: exiting due to model loading error
      """
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the status of pool "p" has
      | field            | value           |
      | last_error       | contains <said> |
      | last_error_class | "<class>"       |
    And the output in the entry "failed preload" of pool "p" is
      """
      load_tensors: loading model tensors, this can take a while...
      <line>
      main: exiting due to model loading error
      """

    Examples:
      | line                                                                      | class         | said                                     |
      | ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9866.00 MiB on device 1: cudaMalloc failed: out of memory | vram_oom | cudaMalloc failed: out of memory |
      | llama_model_load: error loading model: mmap failed: Cannot allocate memory | out_of_memory | mmap failed: Cannot allocate memory     |
      | Failed to initialize NVML: Driver/library version mismatch                | driver_reset  | Driver/library version mismatch          |
      | llama_model_load: error loading model: missing tensor                     | process_exit  | error loading model: missing tensor      |

  @B-SUPER-003
  Scenario: The log file of an engine tells the same, and only of this engine
    Given the daemon runs with
      """
      [Engine]
      EngineLog=file
      """
    When I preload pool "p" with an engine that exits with 1 after the words
      """
      CUDA error: out of memory
      """
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the status of pool "p" has
      | field            | value                              |
      | last_error       | contains CUDA error: out of memory |
      | last_error_class | "vram_oom"                         |
    And the output in the entry "failed preload" of pool "p" is
      """
      CUDA error: out of memory
      """
    When I preload pool "p" with an engine that exits with 1 after the words
      """
      it was something else
      """
    Then the status of pool "p" has
      | field            | value                          |
      | last_error       | contains it was something else |
      | last_error_class | "process_exit"                 |

  @B-SUPER-003
  Scenario: A GPU that fails takes its engines with it, and the driver says so first
    Given the daemon reads the log of a kernel that we write, and runs with
      """
      [Backoff]
      InitialSec=1h
      MaxSec=3h
      JitterPercent=0
      """
    And pool "p" with the device mask "0" is ready
    And I remember the status of pool "p"
    When the driver logs "NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
    Then pool "p" becomes "backoff"
    And the remembered engine of pool "p" is gone
    And the status of pool "p" has
      | field            | value           |
      | ready            | false           |
      | last_error       | contains Xid 79 |
      | last_error_class | "driver_reset"  |
      | backoff_ms       | 7200000         |
    And the daemon has logged that Xid 79 of "0000:01:00.0"

  @B-SUPER-003
  Scenario: What a process did wrong on a GPU concerns no other
    Given the daemon reads the log of a kernel that we write, and runs with
      """
      [Backoff]
      InitialSec=1h
      """
    And pool "p" is ready
    And I remember the status of pool "p"
    When the driver logs "NVRM: Xid (PCI:0000:01:00): 13, pid=4, name=other, Graphics SM Warp Exception"
    Then the daemon has logged that Xid 13 of "0000:01:00.0"
    And the remembered engine of pool "p" still runs
    And the status of pool "p" has
      | field      | value   |
      | state      | "ready" |
      | last_error | null    |
