# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The list of all pools is the whole registry

  Background:
    Given the daemon runs

  @B-REG-123
  Scenario: An empty registry is an empty list
    When I send GET "/pools"
    Then the answer is 200
    And there are no pools

  @B-REG-120 @B-REG-121
  Scenario: Every pool is in it once, sorted by its id
    Given pool "zeta" is registered
    And pool "alpha" is ready
    And pool "Beta" is registered
    And the preload of pool "alpha-2" has failed
    And pool "alpha.1" is registered
    When I send GET "/pools"
    Then the answer is 200
    And the answer lists the pools "Beta, alpha, alpha-2, alpha.1, zeta"

  @B-REG-122
  Scenario Outline: Each entry has every field, null where it is unset
    Given <pool>
    When I send GET "/pools/p/status"
    Then the answer has all the fields of a status and no others
    When I send GET "/pools"
    Then the entry of pool "p" in the answer is its status

    Examples:
      | pool                                |
      | pool "p" is registered              |
      | pool "p" is ready                   |
      | the preload of pool "p" has failed  |

  @B-REG-122
  Scenario: What was set is in the entry
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
    When I send GET "/pools"
    Then the answer has
      | field               | value         |
      | 0.pool_id           | "p"           |
      | 0.engine_version    | "v1"          |
      | 0.engine_digest     | "sha256:aa"   |
      | 0.engine_catalog_id | "cat-1"       |
      | 0.device_mask       | "0"           |
      | 0.slots_total       | 4             |
      | 0.slots_free        | 2             |
      | 0.perf_hints        | {"a": 1}      |
      | 0.version           | "1"           |
      | 0.last_heartbeat_ms | 1700000000123 |
      | 0.active_leases     | 0             |
      | 0.draining          | false         |
      | 0.live              | false         |
      | 0.ready             | false         |
      | 0.last_error        | null          |
      | 0.pid               | null          |

  @B-REG-123
  Scenario: When the last pool is gone the list is empty again
    Given pool "p" is registered
    When I deregister pool "p"
    Then there are no pools
