# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The registry outlives the daemon, at whatever moment it ends

  Background:
    Given the daemon runs

  Scenario Outline: Every field of a registered pool is there again
    Given pool "p" has been updated with
      | field             | value       |
      | engine_version    | "v1"        |
      | engine_digest     | "sha256:aa" |
      | engine_catalog_id | "cat-1"     |
      | device_mask       | "0"         |
      | slots_total       | 4           |
      | slots_free        | 2           |
      | perf_hints        | {"a": 1}    |
      | version           | "1"         |
    And I send a heartbeat of pool "p" with the timestamp 1700000000123
    And pool "empty" is registered
    And I remember the registry entry of pool "p"
    And I remember the registry entry of pool "empty"
    When the daemon <goes>
    Then the registry entry of pool "p" is as remembered
    And the registry entry of pool "empty" is as remembered
    And the status of pool "p" has
      | field             | value         |
      | last_heartbeat_ms | 1700000000123 |

    Examples:
      | goes                         |
      | is killed by SIGKILL         |
      | is stopped and started again |

  Scenario: So is what was changed on a running pool
    Given pool "p" is ready
    And pool "p" has been updated with
      | field          | value       |
      | engine_digest  | "sha256:bb" |
      | slots_total    | 4           |
      | version        | "2"         |
    And I remember the registry entry of pool "p"
    When the daemon is killed by SIGKILL
    Then the registry entry of pool "p" is as remembered

  Scenario: Counters go on from where they were
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=1h
      MaxSec=1h
      """
    And pool "p" is ready
    When the engine of pool "p" is killed
    Then pool "p" becomes "backoff"
    When I preload pool "p"
    And the daemon is killed by SIGKILL
    Then the status of pool "p" has
      | field       | value |
      | generation  | 2     |
      | crash_count | 1     |
    When the engine of pool "p" is killed
    Then pool "p" becomes "backoff"
    And the status of pool "p" has
      | field       | value |
      | crash_count | 2     |

  Scenario: A pool that was deregistered does not come back
    Given pool "p" is registered
    And pool "other" is registered
    When I deregister pool "p"
    And the daemon is killed by SIGKILL
    Then pool "p" is not known
    And the status of pool "other" has
      | field | value |
      | state | "off" |

  Scenario: The generation of a deregistered pool is not used again either
    Given pool "p" is ready
    And I deregister pool "p" by force
    When the daemon is killed by SIGKILL
    And I preload pool "p"
    Then the answer is 200
    And the answer has
      | field      | value      |
      | generation | at least 2 |

  Scenario Outline: A state file that cannot be read is set aside with a word about it, the rest loads
    Given pool "p" has been updated with
      | field   | value |
      | version | "1"   |
    And pool "q" is registered
    When the daemon is stopped
    And the file "state/q.json" is written with <content>
    And the daemon is started
    Then there is a file "state/q.json.bad"
    And there is no file "state/q.json"
    And the daemon has complained once of "state/q.json"
    And the status of pool "p" has
      | field   | value |
      | version | "1"   |
    And pool "q" is not known
    When I register pool "q"
    Then the answer is 201

    Examples:
      | content                                              |
      | ""                                                   |
      | "{\"format\": 1, \"pool_id\": \"q\", \"sta"          |
      | "\x00\x00\x00\x00"                                   |
      | {"format": 99, "pool_id": "q"}                       |
      | {"format": 1, "pool_id": "p", "state": "off"}        |
      | []                                                   |

  Scenario: A state file that ends early is set aside, too
    Given pool "q" is registered
    And pool "p" is registered
    When the daemon is stopped
    And the file "state/q.json" loses its second half
    And the daemon is started
    Then there is a file "state/q.json.bad"
    And the daemon has complained once of "state/q.json"
    And pool "q" is not known
    And the status of pool "p" has
      | field | value |
      | state | "off" |

  Scenario Outline: Damaged leases are set aside, the pool and its engine stay
    Given pool "p" is ready
    And pool "other" is ready
    And 2 leases of pool "p" are out
    And 1 leases of pool "other" are out
    And I remember the status of pool "p"
    When the daemon is stopped
    And the file "leases/p.json" is written with <content>
    And the daemon is started
    Then there is a file "leases/p.json.bad"
    And the daemon has complained once of "leases/p.json"
    And the status of pool "p" still has the same
      | field      |
      | pid        |
      | state      |
      | generation |
    And pool "p" has 0 active leases
    And pool "other" has 1 active lease

    Examples:
      | content         |
      | "{\"half"       |
      | {"format": 99}  |

  Scenario: Damaged numbers of the registry are set aside
    Given pool "p" is ready
    When the daemon is stopped
    And the file "registry.json" is written with "{"
    And the daemon is started
    Then there is a file "registry.json.bad"
    And the daemon has complained once of "registry.json"
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |
