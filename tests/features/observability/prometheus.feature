# SPDX-License-Identifier: LGPL-2.1-or-later
@prometheus
Feature: Prometheus scrapes the daemon, and the shipped rules and dashboard find what they need

  Scenario: The format and the names are as promtool wants them
    Given the daemon runs
    And pool "p" is ready
    And I update pool "p" with
      | field       | value |
      | slots_total | 4     |
    When I send GET "/health"
    Then promtool finds fault with nothing but names that are given

  Scenario: The alert rules fire when they are to
    Then promtool accepts the alert rules, and their tests

  @B-METRICS-001 @B-METRICS-006
  Scenario: Rules and dashboard have data of everything that they ask for
    Given the host has two NVIDIA GPUs of unequal size
    And the daemon reads the log of a kernel that we write, and runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=3
      OpenSec=1h
      """
    And pool "p" is ready
    And I update pool "p" with
      | field       | value |
      | slots_total | 1     |
    And Prometheus scrapes the daemon
    When 1 leases of pool "p" are out
    And I preload pool "q" and its engine gets "--exit-at-once 3"
    And pool "r" is ready with an engine that can break
    And the engine of pool "r" breaks
    Then the scrapes of Prometheus are "up"
    And Prometheus has for "preload_success_total{pool_id='p'}" the value 1
    And Prometheus has for "active_leases{pool_id='p'}" the value 1
    And Prometheus has for "sum(preload_failure_total{pool_id='q'})" the value 1
    And Prometheus has for "circuit_breaker_state{pool_id='r'}" the value 1
    And the expression of each alert has data
    And each query of the dashboard has data
    And the alert "PoolBreakerOpen" is pending for pool "r"
    And the alert "PoolFailed" is pending for pool "q"
    And the alert "PoolFull" is pending for pool "p"

  Scenario: A drain that is forced is alerted of at once
    Given the daemon runs
    And pool "p" is ready
    And 1 leases of pool "p" are out
    And Prometheus scrapes the daemon
    When I drain pool "p" within 10 ms and wait
    Then the alert "PoolDrainsForced" is firing for pool "p"

  Scenario: With an API token Prometheus needs it, too
    Given the unit of the daemon has the setting "Environment=LLORCH_API_TOKEN=correct-horse"
    And the daemon runs
    When Prometheus scrapes the daemon with the token "correct-horse"
    Then the scrapes of Prometheus are "up"

  Scenario: A wrong token does not let it in
    Given the unit of the daemon has the setting "Environment=LLORCH_API_TOKEN=correct-horse"
    And the daemon runs
    When Prometheus scrapes the daemon with the token "wrong"
    Then the scrapes of Prometheus are "down"
