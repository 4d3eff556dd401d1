# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: An engine that fails again and again is left alone for a while

  Background:
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=3
      OpenSec=1h
      """

  @B-SUPER-020
  Scenario: The breaker opens after so many failures in a row
    Given pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    Then pool "p" becomes "tripped"
    And the status of pool "p" has
      | field                  | value             |
      | live                   | false             |
      | ready                  | false             |
      | pid                    | null              |
      | generation             | 3                 |
      | restart_count          | 2                 |
      | circuit_state          | "open"            |
      | circuit_opens_until_ms | a number          |
      | next_restart_at_ms     | a number          |
      | backoff_ms             | null              |
      | last_error             | contains status 3 |
      | last_error_class       | "process_exit"    |
    And nothing is left in pools.slice

  @B-SUPER-020
  Scenario Outline: How many failures can be configured
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=<failures>
      """
    And pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    Then pool "p" becomes "tripped"
    And the status of pool "p" has
      | field         | value      |
      | restart_count | <restarts> |

    Examples:
      | failures | restarts |
      | 1        | 0        |
      | 2        | 1        |
      | 6        | 5        |

  @B-SUPER-020
  Scenario: It is five where nothing is configured
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      """
    And pool "p" is ready
    When the engine of pool "p" is killed 4 times, and is back each time
    And the engine of pool "p" is killed
    Then pool "p" becomes "tripped"

  @B-SUPER-020
  Scenario: A stable run ends what is in a row
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=3
      StableSec=500ms
      [Restart]
      CounterResetSec=700ms
      """
    And pool "p" is ready
    When the engine of pool "p" is killed 2 times, and is back each time
    And pool "p" comes to have had 0 restarts
    And the engine of pool "p" is killed 2 times, and is back each time
    Then the journal has no entry "open breaker" of pool "p"

  @B-SUPER-021
  Scenario: Nothing is started while it is open
    Given pool "p" is ready with an engine that can break
    And pool "other" is ready
    When the engine of pool "p" breaks
    And pool "p" becomes "tripped"
    And the engine of pool "p" is mended
    Then pool "p" stays "tripped" while that of pool "other" crashes and is restarted
    And the journal has 2 entries "restart" of pool "p"
    When I take a lease of pool "p"
    Then the answer is the error 409 "NOT_READY"

  @B-SUPER-022 @B-SUPER-023 @B-SUPER-024
  Scenario: After the open time there is a trial, and when that goes well the breaker closes
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=3
      OpenSec=1s
      StableSec=1500ms
      """
    And pool "p" is ready with an engine that can break
    And I follow the events of pool "p"
    When the engine of pool "p" breaks
    Then pool "p" goes through "backoff, tripped"
    When the engine of pool "p" is mended
    Then an event tells that pool "p" is "ready"
    And the breaker of pool "p" was open for
      | from ms | to ms |
      | 1000    | 2500  |
    And pool "p" has the circuit "half_open", then "closed"
    And the status of pool "p" has
      | field                  | value   |
      | state                  | "ready" |
      | generation             | 4       |
      | restart_count          | 3       |
      | circuit_opens_until_ms | null    |
    And the journal has an entry "closed breaker" of pool "p" with
      | field         | value |
      | PRIORITY      | 5     |
      | RESTART_COUNT | 3     |

  @B-SUPER-022 @B-SUPER-023 @B-SUPER-025
  Scenario: A trial that fails opens the breaker again, for longer
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=2
      OpenSec=400ms
      Factor=3
      """
    And pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    Then the breaker of pool "p" was open for
      | from ms | to ms |
      | 400     | 1100  |
      | 1200    | 3000  |
    And pool "p" becomes "tripped"
    And between the first 3 openings of the breaker of pool "p" there was 1 restart each

  @B-SUPER-024
  Scenario: One crash during the trial's run opens it again
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=2
      OpenSec=1s
      StableSec=1h
      """
    And pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    And pool "p" becomes "tripped"
    And the engine of pool "p" is mended
    And pool "p" becomes "ready"
    Then the status of pool "p" has
      | field         | value       |
      | circuit_state | "half_open" |
    When the engine of pool "p" is killed
    Then pool "p" becomes "tripped"
    And the journal has 2 entries "open breaker" of pool "p"

  Scenario: The journal tells of each change
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=2
      OpenSec=300ms
      """
    And pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    Then the journal has an entry "open breaker" of pool "p" with
      | field           | value             |
      | PRIORITY        | 3                 |
      | RESTART_COUNT   | 1                 |
      | NEXT_RESTART_AT | a number          |
      | LAST_ERROR      | contains status 3 |
      | MESSAGE         | contains open: no restart until a trial in 300 ms |
    And the journal has an entry "half-open breaker" of pool "p" with
      | field    | value              |
      | PRIORITY | 5                  |
      | MESSAGE  | contains half-open |

  # By hand

  Scenario: The breaker is closed by hand, and the engine started at once
    Given pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    And pool "p" becomes "tripped"
    And the engine of pool "p" is mended
    And I send POST "/pools/p/breaker/reset"
    Then the answer is 200
    And pool "p" becomes ready with generation 4
    And the status of pool "p" has
      | field                  | value    |
      | circuit_state          | "closed" |
      | circuit_opens_until_ms | null     |
      | restart_count          | 3        |
    And the journal has 1 entry "closed breaker" of pool "p"

  Scenario: After that it takes as many failures as at first to open it
    Given pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    And pool "p" becomes "tripped"
    And I send POST "/pools/p/breaker/reset"
    Then the journal has 2 entries "open breaker" of pool "p"
    And pool "p" becomes "tripped"
    And the status of pool "p" has
      | field         | value |
      | restart_count | 5     |

  Scenario: One restart is allowed, and goes well
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=3
      OpenSec=1h
      StableSec=1s
      """
    And pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    And pool "p" becomes "tripped"
    And the engine of pool "p" is mended
    And I send POST "/pools/p/breaker/allow"
    Then the answer is 200
    And pool "p" becomes ready with generation 4
    And pool "p" has the circuit "half_open", then "closed"

  Scenario: One restart is allowed, and fails: the breaker stays open as it was
    Given pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    And pool "p" becomes "tripped"
    And I remember what is to come of pool "p"
    And I send POST "/pools/p/breaker/allow"
    Then the answer is 200
    And the journal has 3 entries "restart" of pool "p"
    And pool "p" becomes "tripped"
    And the status of pool "p" has
      | field         | value  |
      | generation    | 4      |
      | circuit_state | "open" |
    And the status of pool "p" still has the same
      | field                  |
      | circuit_opens_until_ms |
      | next_restart_at_ms     |

  Scenario Outline: There is nothing to allow
    Given <pool>
    When I send POST "/pools/p/breaker/allow"
    Then the answer is the error 409 "BREAKER_CLOSED"

    Examples:
      | pool                   |
      | pool "p" is ready      |
      | pool "p" is registered |

  Scenario Outline: A tripped pool can be started by hand
    Given pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    And pool "p" becomes "tripped"
    And the engine of pool "p" is mended
    And <by hand>
    Then the answer is 200
    And pool "p" becomes ready with generation 4
    And the status of pool "p" has
      | field              | value |
      | restart_count      | 2     |
      | next_restart_at_ms | null  |

    Examples:
      | by hand                                  |
      | I preload pool "p" again in the same way |
      | I restart pool "p"                       |

  Scenario: A tripped pool can be stopped
    Given pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    And pool "p" becomes "tripped"
    And I stop pool "p"
    Then the answer is 200
    And the status of pool "p" has
      | field              | value |
      | state              | "off" |
      | next_restart_at_ms | null  |

  Scenario: A tripped pool can be handed the engine of somebody else
    Given pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    And pool "p" becomes "tripped"
    And somebody else runs an engine for pool "p"
    And I hand over pool "p"
    Then the answer is 200
    And pool "p" becomes "external"
    And the status of pool "p" has
      | field              | value |
      | next_restart_at_ms | null  |

  # The daemon

  Scenario: A daemon that is killed meanwhile forgets nothing and starts nothing early
    Given pool "p" is ready with an engine that can break
    And pool "other" is ready
    When the engine of pool "p" breaks
    And pool "p" becomes "tripped"
    And I remember what is to come of pool "p"
    And the daemon is killed by SIGKILL
    Then the status of pool "p" still has the same
      | field                  |
      | state                  |
      | generation             |
      | restart_count          |
      | crash_count            |
      | circuit_state          |
      | circuit_opens_until_ms |
      | next_restart_at_ms     |
      | last_error             |
      | last_error_class       |
    And pool "p" stays "tripped" while that of pool "other" crashes and is restarted
    When the engine of pool "p" is mended
    And I send POST "/pools/p/breaker/allow"
    Then pool "p" becomes ready with generation 4

  @B-SUPER-022
  Scenario: The open time goes on while the daemon is away
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=2
      OpenSec=2s
      """
    And pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    And pool "p" becomes "tripped"
    And the engine of pool "p" is mended
    And the daemon is killed by SIGKILL
    Then pool "p" becomes ready with generation 3
    And the breaker of pool "p" was open for
      | from ms | to ms |
      | 2000    | 3500  |

  Scenario: A trial that runs is still one for the next daemon
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=2
      OpenSec=400ms
      StableSec=1h
      """
    And pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    And pool "p" becomes "tripped"
    And the engine of pool "p" is mended
    And pool "p" becomes "ready"
    And the daemon is killed by SIGKILL
    Then the status of pool "p" has
      | field         | value       |
      | circuit_state | "half_open" |
    When the engine of pool "p" is killed
    Then pool "p" becomes "tripped"
