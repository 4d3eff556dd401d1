# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The status of a pool
  One record for each pool, the same fields always.

  Background:
    Given the daemon runs

  @B-API-020 @B-API-023 @B-PRELOAD-023 @B-PRELOAD-024
  Scenario: The status of a ready pool
    Given pool "p" is ready
    When I send GET "/pools/p/status"
    Then the answer is 200
    And the answer has
      | field            | value               |
      | pool_id          | "p"                 |
      | replica_id       | "r0"                |
      | state            | "ready"             |
      | live             | true                |
      | ready            | true                |
      | draining         | false               |
      | active_leases    | 0                   |
      | slots_total      | null                |
      | engine           | "llamacpp"          |
      | engine_version   | "fake-1.0"          |
      | device_mask      | null                |
      | generation       | 1                   |
      | unit             | "pool@p:r0:g1.service" |
      | invocation_id    | a string            |
      | pid              | a number            |
      | url              | contains http://127.0.0.1: |
      | last_error       | null                |
      | last_error_class | null                |
      | restart_count    | 0                   |
      | crash_count      | 0                   |
      | managed          | true                |
    And the answer has all the fields of a status and no others

  Scenario: Unset fields are null, never left out
    Given the preload of pool "broken" has failed
    When I send GET "/pools/broken/status"
    Then the answer is 200
    And the answer has
      | field         | value |
      | pid           | null  |
      | invocation_id | null  |
      | uptime_ms     | null  |
      | live          | false |
      | ready         | false |
    And the answer has all the fields of a status and no others

  Scenario: What the preload gave is in the status
    When I preload pool "p" with
      | field             | value      |
      | replica_id        | "r7"       |
      | engine            | "vllm"     |
      | engine_digest     | "sha256:1" |
      | engine_catalog_id | "cat-9"    |
      | model_id          | "tiny"     |
      | slots_total       | 4          |
    Then the status of pool "p" has
      | field             | value                  |
      | replica_id        | "r7"                   |
      | engine            | "vllm"                 |
      | engine_digest     | "sha256:1"             |
      | engine_catalog_id | "cat-9"                |
      | model_id          | "tiny"                 |
      | slots_total       | 4                      |
      | unit              | "pool@p:r7:g1.service" |

  Scenario: The status can be asked for by POST, as orchestratord does
    Given pool "p" is ready
    When I send POST "/pools/p/status"
    Then the answer is 200
    And the answer has
      | field | value |
      | ready | true  |

  @B-API-024
  Scenario: The status follows the pool from start to stop
    Given a preload of pool "p" waits for its engine, which answers 503
    Then the status of pool "p" has
      | field | value     |
      | state | "warming" |
      | live  | true      |
      | ready | false     |
    When the engine of pool "p" becomes healthy
    And the preload of pool "p" is answered with 200
    Then the status of pool "p" has
      | field | value   |
      | state | "ready" |
      | live  | true    |
      | ready | true    |
    When I stop pool "p"
    Then the status of pool "p" has
      | field | value |
      | state | "off" |
      | live  | false |
      | ready | false |
      | pid   | null  |

  @B-API-021
  Scenario: A pool that nobody knows
    When I send GET "/pools/nobody/status"
    Then the answer is the error 404 "POOL_NOT_FOUND"
    And the error text contains "pool nobody not found"

  @B-API-022
  Scenario: The status while another process holds the registry
    Given pool "p" is ready
    And another process holds the registry lock
    When I send GET "/pools/p/status"
    Then the answer is the error 500 "REGISTRY_LOCK"
    And the error text contains "registry lock failed: "
    When the registry lock is given up
    And I send GET "/pools/p/status"
    Then the answer is 200

  Scenario: No pools are an empty list
    When I send GET "/pools"
    Then the answer is 200
    And there are no pools

  Scenario: The list is sorted by pool
    Given pool "zeta" is ready
    And pool "alpha" is ready
    And pool "Beta" is ready
    When I send GET "/pools"
    Then the answer is 200
    And the answer lists the pools "Beta, alpha, zeta"
