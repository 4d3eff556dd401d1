# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: What outlives a reboot
  The engines go with the boot, and nobody has asked for them in the next one: none is started by itself. What ran,
  and what kept failing, is not forgotten.

  Scenario: A pool that was ready is known after a reboot, and starts as it was
    Given the daemon runs
    And I preload pool "p" with
      | field          | value   |
      | engine_version | "b4711" |
      | slots_total    | 3       |
    And I remember the status of pool "p"
    When the host is rebooted
    And the daemon is started
    Then the status of pool "p" has
      | field          | value    |
      | state          | "off"    |
      | live           | false    |
      | ready          | false    |
      | pid            | null     |
      | generation     | 1        |
      | engine_version | "b4711"  |
      | slots_total    | 3        |
      | circuit_state  | "closed" |
    And nothing is left in pools.slice
    And there is no file "engines/p-r0.json"
    And the daemon has logged a line that contains "1 pool(s) are known from before a reboot"
    When I restart pool "p"
    Then the answer is 200
    And the status of pool "p" has
      | field      | value   |
      | state      | "ready" |
      | generation | 2       |
    And the status of pool "p" still has the same
      | field          |
      | url            |
      | engine_version |
      | slots_total    |
    And the flags in the file "engines/p-r0.json" are those of the preload of pool "p"

  Scenario: It is known after every further reboot, too
    Given the daemon runs
    And pool "p" is ready
    When the host is rebooted
    And the daemon is started
    And the daemon is killed by SIGKILL
    Then the status of pool "p" has
      | field | value |
      | state | "off" |
    When the host is rebooted
    And the daemon is started
    Then the status of pool "p" has
      | field      | value |
      | state      | "off" |
      | generation | 1     |

  Scenario: An open breaker stays open for the rest of its time
    Given the daemon runs with
      """
      [Breaker]
      Failures=1
      OpenSec=6s
      """
    And pool "p" is ready
    When the engine of pool "p" is killed
    Then pool "p" becomes "tripped"
    When I remember until when the breaker of pool "p" is open
    And the host is rebooted
    And the daemon is started
    Then the status of pool "p" has
      | field              | value  |
      | state              | "off"  |
      | circuit_state      | "open" |
      | next_restart_at_ms | null   |
    And the breaker of pool "p" is open as long as remembered
    And pool "p" has the circuit "open", then "half_open"
    And the status of pool "p" has
      | field | value |
      | state | "off" |

  Scenario: Whoever starts the pool by hand is not kept by its breaker
    Given the daemon runs with
      """
      [Breaker]
      Failures=1
      OpenSec=1h
      """
    And pool "p" is ready
    When the engine of pool "p" is killed
    Then pool "p" becomes "tripped"
    When the host is rebooted
    And the daemon is started
    And I restart pool "p"
    Then the answer is 200
    And the status of pool "p" has
      | field         | value   |
      | state         | "ready" |
      | circuit_state | "open"  |

  Scenario: What is known is the engine that was ready last, whatever was tried after it
    Given the daemon runs
    And I preload pool "p" with
      | field          | value |
      | engine_version | "b1"  |
    And I stop pool "p"
    When I preload pool "p" with
      | field          | value           |
      | engine_version | "b2"            |
      | binary_path    | "/nowhere/none" |
    Then the preload of pool "p" has failed
    When the host is rebooted
    And the daemon is started
    Then the status of pool "p" has
      | field          | value |
      | state          | "off" |
      | engine_version | "b1"  |
      | last_error     | null  |

  Scenario: A deregistered pool is not known any more
    Given the daemon runs
    And pool "p" is ready
    And I stop pool "p"
    And I deregister pool "p"
    And the daemon is killed by SIGKILL
    Then nothing is kept of pool "p"
    When the host is rebooted
    And the daemon is started
    Then pool "p" is not known

  Scenario: A pool whose engine was never ready is not known any more
    Given the daemon runs
    And a preload of pool "p" waits for its engine, which answers 503
    When the host is rebooted
    And the daemon is started
    Then pool "p" is not known

  Scenario: A damaged file is set aside and harms no other pool
    Given the daemon runs
    And pool "p" is ready
    And pool "q" is ready
    When the host is rebooted
    And what is kept of pool "q" is written with "{\"format\": 1, \"pool_id\": \"q\", \"boot"
    And what is kept of pool "newer" is written with "{\"format\": 2, \"pool_id\": \"newer\"}"
    And the daemon is started
    Then the status of pool "p" has
      | field | value |
      | state | "off" |
    And pool "q" is not known
    And pool "newer" is not known
    And what was kept of pool "q" is set aside
    And what was kept of pool "newer" is set aside
    And the daemon has logged a complaint that contains "pools/q.json.bad"

  Scenario: The runtime directory is lost in the middle of a boot
    Given the daemon runs with
      """
      [Manager]
      UnknownUnitGraceSec=200ms
      """
    And pool "p" is ready
    And I remember the status of pool "p"
    When the daemon is stopped
    And the runtime directory is emptied
    And the daemon is started
    Then the remembered engine of pool "p" is gone
    And the status of pool "p" has
      | field      | value |
      | state      | "off" |
      | generation | 1     |
    When I restart pool "p"
    Then the answer is 200
    And the answer has
      | field      | value |
      | generation | 2     |

  Scenario: What a killed daemon had not written yet is written by the next one
    Given the daemon runs
    And pool "p" is ready
    When the daemon is killed by SIGKILL
    And the host is rebooted
    And the daemon is started
    Then the status of pool "p" has
      | field | value |
      | state | "off" |

  Scenario Outline: Without a state directory everything else goes on
    Given the daemon runs with
      """
      [Manager]
      StateDirectory=<directory>
      """
    And pool "p" is ready
    When the daemon is restarted by systemctl
    Then the status of pool "p" has
      | field | value   |
      | state | "ready" |
    And nothing is kept of pool "p"
    And the daemon has complained <times> of the state directory

    Examples:
      | directory      | times   |
      | /dev/null/none | 2 times |
      |                | 0 times |

  @user
  Scenario: A user's daemon keeps it in the user's state directory
    Given the service manager of a user runs
    And the user's daemon runs
    And pool "p" is ready
    When the user's daemon is stopped
    Then the state directory of the user's daemon has the file "pools/p.json"
