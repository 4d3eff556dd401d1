# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Many restarts in a short time are limited, and told of

  Background:
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=1000
      """

  @B-SUPER-030
  Scenario: Each restart is counted
    Given pool "p" is ready
    When the engine of pool "p" is killed 3 times, and is back each time
    Then the status of pool "p" has
      | field         | value |
      | generation    | 4     |
      | restart_count | 3     |
      | crash_count   | 3     |

  @B-SUPER-030
  Scenario: Those by hand are not
    Given pool "p" is ready
    When the engine of pool "p" is killed, and is back
    And I restart pool "p"
    Then the status of pool "p" has
      | field         | value |
      | generation    | 3     |
      | restart_count | 1     |

  @B-SUPER-031
  Scenario: After a stable run counting begins anew
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Restart]
      CounterResetSec=1500ms
      """
    And pool "p" is ready
    When the engine of pool "p" is killed 2 times, and is back each time
    Then the status of pool "p" has
      | field         | value |
      | restart_count | 2     |
    And pool "p" comes to have had 0 restarts
    When the engine of pool "p" is killed, and is back
    Then the status of pool "p" has
      | field         | value |
      | restart_count | 1     |
      | crash_count   | 3     |

  @B-SUPER-030
  Scenario: A daemon that is killed counts on
    Given pool "p" is ready
    When the engine of pool "p" is killed 2 times, and is back each time
    And the daemon is killed by SIGKILL
    And the engine of pool "p" is killed, and is back
    Then the status of pool "p" has
      | field         | value |
      | restart_count | 3     |

  @B-SUPER-032
  Scenario: A storm is told of once, as something critical
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=1000
      [Storm]
      WarnRestarts=2
      """
    And pool "p" is ready
    When the engine of pool "p" is killed 3 times, and is back each time
    Then the journal has no entry "restart storm" of pool "p"
    When the engine of pool "p" is killed 2 times, and is back each time
    Then the journal has 1 entry "restart storm" of pool "p"
    And the journal has an entry "restart storm" of pool "p" with
      | field         | value             |
      | PRIORITY      | 2                 |
      | RESTART_COUNT | 3                 |
      | LAST_ERROR    | contains SIGKILL  |
      | MESSAGE       | contains 3 restarts |

  @B-SUPER-033
  Scenario: There are no more restarts in the window than the limit
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=1000
      [Restart]
      Limit=3
      WindowSec=1500ms
      """
    And pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    Then of the first 10 restarts of pool "p" no 4 are within 1500 ms

  @B-SUPER-033
  Scenario: The one that is over the limit waits, and says until when
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Restart]
      Limit=2
      WindowSec=1h
      """
    And pool "p" is ready
    And pool "other" is ready
    When the engine of pool "p" is killed 2 times, and is back each time
    And the engine of pool "p" is killed
    And pool "p" becomes "backoff"
    Then pool "p" is to be restarted in 3500 to 3600 seconds
    And the daemon has logged a line that contains "Pool p: restart 3 in 59 min"
    And pool "p" stays "backoff" while that of pool "other" crashes and is restarted
    When the daemon is killed by SIGKILL
    Then pool "p" is to be restarted in 3500 to 3600 seconds

  Scenario: It need not wait when somebody resets the breaker
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Restart]
      Limit=2
      WindowSec=1h
      """
    And pool "p" is ready
    When the engine of pool "p" is killed 2 times, and is back each time
    And the engine of pool "p" is killed
    And pool "p" becomes "backoff"
    And I send POST "/pools/p/breaker/reset"
    Then the answer is 200
    And pool "p" becomes ready with generation 4

  Scenario: A storm opens the breaker
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=1000
      [Storm]
      BreakerRestarts=4
      """
    And pool "p" is ready
    When the engine of pool "p" is killed 4 times, and is back each time
    And the engine of pool "p" is killed
    Then pool "p" becomes "tripped"
    And the status of pool "p" has
      | field         | value  |
      | circuit_state | "open" |
      | restart_count | 4      |
    And the journal has 1 entry "open breaker" of pool "p"

  Scenario: An engine that lacks memory again and again is told of, with a remedy
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Storm]
      OomCount=2
      """
    And pool "p" is ready
    When the engine of pool "p" is killed for want of memory
    And pool "p" becomes ready with generation 2
    And the engine of pool "p" is killed, and is back
    Then the journal has no entry "OOM storm" of pool "p"
    When the engine of pool "p" is killed for want of memory
    Then the journal has an entry "OOM storm" of pool "p" with
      | field      | value               |
      | PRIORITY   | 2                   |
      | LAST_ERROR | contains memory     |
      | MESSAGE    | contains memory_max |
    And the journal has no entry "restart storm" of pool "p"
