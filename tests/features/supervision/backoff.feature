# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: An engine that crashed is started again, later each time

  Background:
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=600ms
      MinSec=0
      JitterPercent=0
      """

  @B-SUPER-010
  Scenario: The first restart comes after the initial delay
    Given pool "p" is ready
    And I follow the events of pool "p"
    When the engine of pool "p" is killed
    Then pool "p" goes through "backoff, ready"
    And the delays chosen for pool "p" are
      | from ms | to ms |
      | 600     | 600   |
    And the first restart of pool "p" came when its delay was over
    And the status of pool "p" has
      | field              | value |
      | generation         | 2     |
      | restart_count      | 1     |
      | crash_count        | 1     |
      | backoff_ms         | null  |
      | next_restart_at_ms | null  |
      | last_error         | null  |
    And the file "p.pid" holds the pid of the engine of pool "p"
    And there is a file "engines/p-r0.json"
    And no unit has failed

  @B-SUPER-010 @B-SUPER-013
  Scenario: It is a second, more or less, where nothing is configured
    Given the daemon runs with
      """
      [Manager]
      LogLevel=info
      """
    And pool "p" is ready
    When the engine of pool "p" is killed
    Then pool "p" becomes "backoff"
    And the delays chosen for pool "p" are
      | from ms | to ms |
      | 900     | 1100  |

  @B-SUPER-011 @B-SUPER-012
  Scenario: Each delay is twice the one before, up to the maximum
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=100ms
      MaxSec=600ms
      MinSec=0
      JitterPercent=0
      [Breaker]
      Failures=100
      """
    And pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    Then the delays chosen for pool "p" are
      | from ms | to ms |
      | 100     | 100   |
      | 200     | 200   |
      | 400     | 400   |
      | 600     | 600   |
      | 600     | 600   |
    And the first 4 restarts of pool "p" came when their delays were over

  @B-SUPER-011
  Scenario: The factor can be configured
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      Factor=5
      MinSec=0
      JitterPercent=0
      """
    And pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    Then the delays chosen for pool "p" are
      | from ms | to ms |
      | 20      | 20    |
      | 100     | 100   |
      | 500     | 500   |

  @B-SUPER-013
  Scenario: Delays have a random part
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=200ms
      Factor=1
      MinSec=0
      JitterPercent=50
      [Breaker]
      Failures=100
      """
    And pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    Then the first 6 delays chosen for pool "p" are from 100 to 300 ms, and differ

  @B-SUPER-012 @B-SUPER-013
  Scenario: The random part does not lead over the maximum
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      JitterPercent=50
      [Breaker]
      Failures=100
      [Restart]
      Limit=60
      WindowSec=1s
      [Storm]
      BreakerWindowSec=1ms
      """
    And pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    Then the first 20 delays chosen for pool "p" are from 10 to 20 ms, and differ

  Scenario: No delay is shorter than the minimum
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=1ms
      MinSec=250ms
      """
    And pool "p" is ready
    When the engine of pool "p" is killed
    Then the delays chosen for pool "p" are
      | from ms | to ms |
      | 250     | 250   |
    And the first restart of pool "p" came when its delay was over

  @B-SUPER-014
  Scenario: After a stable run the first delay is the initial one again
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=100ms
      MinSec=0
      JitterPercent=0
      ResetSec=1s
      [Restart]
      CounterResetSec=1200ms
      """
    And pool "p" is ready
    When the engine of pool "p" is killed 2 times, and is back each time
    And pool "p" comes to have had 0 restarts
    And the engine of pool "p" is killed, and is back
    Then the delays chosen for pool "p" are
      | from ms | to ms |
      | 100     | 100   |
      | 200     | 200   |
      | 100     | 100   |

  Scenario: The journal says what was decided
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=1h
      MaxSec=1h
      JitterPercent=0
      """
    And pool "p" is ready
    When the engine of pool "p" is killed
    Then the journal has an entry "restart to come" of pool "p" with
      | field           | value              |
      | PRIORITY        | 5                  |
      | BACKOFF_MS      | 3600000            |
      | NEXT_RESTART_AT | a number           |
      | CRASH_COUNT     | 1                  |
      | LAST_ERROR      | contains SIGKILL   |
      | MESSAGE         | contains restart 1 |

  Scenario: Pools wait on their own
    Given pool "p" is ready
    And pool "q" is ready
    When the engine of pool "p" is killed 2 times, and is back each time
    And the engine of pool "q" is killed, and is back
    Then the delays chosen for pool "p" are
      | from ms | to ms |
      | 600     | 600   |
      | 1200    | 1200  |
    And the delays chosen for pool "q" are
      | from ms | to ms |
      | 600     | 600   |

  Scenario: What hinders the start of an engine again is waited for
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=500ms
      Factor=1
      MinSec=0
      [Breaker]
      Failures=100
      """
    And pool "p" is ready
    When the engine of pool "p" is killed
    And somebody else listens on the port of pool "p"
    Then the delays chosen for pool "p" are
      | from ms | to ms |
      | 450     | 550   |
      | 450     | 550   |
    When somebody else listens there no more
    Then pool "p" becomes "ready"
    And the status of pool "p" has
      | field       | value |
      | crash_count | 1     |
      | last_error  | null  |

  # By hand

  Scenario: A pool that waits can be stopped
    Given pool "p" is ready
    And pool "other" is ready
    When the engine of pool "p" is killed
    And pool "p" becomes "backoff"
    And I stop pool "p"
    Then the answer is 200
    And the status of pool "p" has
      | field              | value |
      | state              | "off" |
      | backoff_ms         | null  |
      | next_restart_at_ms | null  |
      | crash_count        | 1     |
    And pool "p" stays "off" while that of pool "other" crashes and is restarted

  Scenario: A pool that waits can be drained
    Given pool "p" is ready
    And pool "other" is ready
    When the engine of pool "p" is killed
    And pool "p" becomes "backoff"
    And I send POST "/pools/p/drain?wait=true"
    Then the answer is 200
    And the answer has
      | field             | value |
      | force_stopped     | false |
      | final_lease_count | 0     |
    And pool "p" stays "off" while that of pool "other" crashes and is restarted

  Scenario Outline: A pool that waits is started at once by hand
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=1h
      MaxSec=1h
      """
    And pool "p" is ready
    When the engine of pool "p" is killed
    And pool "p" becomes "backoff"
    And <by hand>
    Then the answer is 200
    And pool "p" becomes ready with generation 2
    And the status of pool "p" has
      | field              | value       |
      | restart_count      | <restarts>  |
      | backoff_ms         | null        |
      | next_restart_at_ms | null        |

    Examples:
      | by hand                                  | restarts |
      | I preload pool "p" again in the same way | 0        |
      | I restart pool "p"                       | 0        |
      | I send POST "/pools/p/breaker/reset"     | 1        |

  Scenario: A restart that waited is not made up for after a start by hand
    Given pool "p" is ready
    And pool "other" is ready
    When the engine of pool "p" is killed
    And pool "p" becomes "backoff"
    And I preload pool "p" again in the same way
    Then the answer is 200
    And pool "p" stays "ready" while that of pool "other" crashes and is restarted
    And the status of pool "p" has
      | field      | value |
      | generation | 2     |

  Scenario: A start by hand that fails ends the matter
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=600ms
      MinSec=0
      JitterPercent=0
      """
    And pool "p" is ready with an engine that can break
    And pool "other" is ready
    When the engine of pool "p" breaks
    And pool "p" becomes "backoff"
    And I restart pool "p"
    Then the answer is the error 500 "PRELOAD_FAILED"
    And pool "p" stays "failed" while that of pool "other" crashes and is restarted

  Scenario: A pool that waits can be removed
    Given pool "p" is ready
    When the engine of pool "p" is killed
    And pool "p" becomes "backoff"
    And I deregister pool "p"
    Then the answer is 200
    And pool "p" is not known

  # The daemon

  Scenario: A daemon that is killed meanwhile forgets nothing and starts nothing early
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=2s
      JitterPercent=0
      """
    And pool "p" is ready
    When the engine of pool "p" is killed
    And pool "p" becomes "backoff"
    And I remember what is to come of pool "p"
    And the daemon is killed by SIGKILL
    Then the status of pool "p" still has the same
      | field              |
      | state              |
      | generation         |
      | restart_count      |
      | crash_count        |
      | backoff_ms         |
      | next_restart_at_ms |
      | last_error         |
      | last_error_class   |
    And pool "p" becomes ready with generation 2
    And pool "p" was restarted when that had been announced, not before

  Scenario: The delays go on from where they were
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=100ms
      MinSec=0
      JitterPercent=0
      """
    And pool "p" is ready
    When the engine of pool "p" is killed 2 times, and is back each time
    And the daemon is killed by SIGKILL
    And the engine of pool "p" is killed, and is back
    Then the delays chosen for pool "p" are
      | from ms | to ms |
      | 100     | 100   |
      | 200     | 200   |
      | 400     | 400   |
    And the status of pool "p" has
      | field         | value |
      | restart_count | 3     |
      | crash_count   | 3     |

  Scenario: What was due while the daemon was away is done at once, and once
    Given pool "p" is ready
    And pool "other" is ready
    When the engine of pool "p" is killed
    And pool "p" becomes "backoff"
    And the daemon is stopped
    And the time at which pool "p" was to be restarted is over
    And the daemon is started
    Then pool "p" becomes ready with generation 2
    And pool "p" stays "ready" while that of pool "other" crashes and is restarted
    And the status of pool "p" has
      | field         | value |
      | restart_count | 1     |

  Scenario: An engine that was being started again still is
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=100ms
      MinSec=0
      """
    And I preload pool "p" and its engine gets "--healthy-after-ms 1500"
    And the answer is 200
    When the engine of pool "p" is killed
    And pool "p" becomes "warming"
    And the daemon is killed by SIGKILL
    And the warming engine of pool "p" is killed
    Then pool "p" becomes ready with generation 3
    And the status of pool "p" has
      | field         | value |
      | restart_count | 2     |

  # A restart that is under way

  Scenario: A restart that is under way can be stopped
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=100ms
      MinSec=0
      """
    And pool "other" is ready
    And I preload pool "p" and its engine gets "--healthy-after-ms 1500"
    And the answer is 200
    When the engine of pool "p" is killed
    And pool "p" becomes "warming"
    And I stop pool "p"
    Then the answer is 200
    And pool "p" stays "off" while that of pool "other" crashes and is restarted
    And the status of pool "p" has
      | field         | value |
      | generation    | 2     |
      | restart_count | 1     |

  Scenario: A restart that is under way is not disturbed by a preload
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=100ms
      MinSec=0
      """
    And I preload pool "p" and its engine gets "--healthy-after-ms 1500"
    And the answer is 200
    When the engine of pool "p" is killed
    And pool "p" becomes "warming"
    And I preload pool "p" again in the same way
    Then the answer is an error from 409 to 409
    And pool "p" becomes ready with generation 2

  @B-SUPER-002
  Scenario: A restarted engine that does not become healthy is ended, and started once more
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=100ms
      MinSec=0
      [Health]
      TimeoutSec=2s
      TryTimeoutSec=200ms
      """
    And I preload pool "p" and its engine gets "--healthy-after-ms 700"
    And the answer is 200
    And I follow the events of pool "p"
    When the engine of pool "p" is killed
    And pool "p" becomes "warming"
    And the warming engine of pool "p" hangs
    Then pool "p" goes through "stopping, backoff, stopping, backoff, ready"
    And the status of pool "p" has
      | field         | value |
      | generation    | 3     |
      | restart_count | 2     |
    And the daemon has logged a problem of pool "p" that contains "did not become healthy within 2000 ms"

  # The real thing

  @llama-server
  Scenario: A llama-server that is killed again and again is back and answers each time
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=1000
      [Restart]
      Limit=60
      WindowSec=1s
      [Storm]
      BreakerWindowSec=1ms
      """
    When I preload pool "p" with the real llama-server
    Then the answer is 200
    When the engine of pool "p" is killed 50 times, and completes "Once upon a time" after each
    Then the status of pool "p" has
      | field         | value    |
      | generation    | 51       |
      | restart_count | 50       |
      | crash_count   | 50       |
      | state         | "ready"  |
    And the journal has 50 entries "crash" of pool "p"
    And the journal has 50 entries "restart" of pool "p"
    And there is no unit of pool "p" but that of its engine
    When I take a lease of pool "p"
    And the engine of pool "p" is killed, and is back
    Then pool "p" has 0 active leases
    When I stop pool "p"
    Then the answer is 200
    And nothing is left in pools.slice
    And no unit has failed
    And there is no file "p.pid"
    And there is no file "engines/p-r0.json"
