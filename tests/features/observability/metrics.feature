# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: What happens to the pools is to be had in numbers

  Background:
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=600ms
      MinSec=0
      JitterPercent=0
      """

  @B-METRICS-001
  Scenario: Preloads that are good
    Given pool "p" is registered
    Then the metrics have
      | sample                                    | value |
      | preload_success_total{pool_id="p"}        | 0     |
      | pool_state{pool_id="p",state="off"}       | 1     |
    And the metrics have no sample "preload_failure_total"
    When pool "p" is ready
    Then the metrics have
      | sample                                                    | value     |
      | preload_success_total{pool_id="p"}                        | 1         |
      | preload_failure_total{pool_id="p",reason="process_exit"}  | 0         |
      | pool_state{pool_id="p",state="off"}                       | 0         |
      | pool_state{pool_id="p",state="ready"}                     | 1         |
      | engine_start_duration_ms_count{pool_id="p"}               | 1         |
      | engine_start_duration_ms_sum{pool_id="p"}                 | a number  |
      | engine_start_duration_ms_bucket{pool_id="p",le="300000"}  | 1         |
      | engine_start_duration_ms_bucket{pool_id="p",le="+Inf"}    | 1         |
    When I preload pool "p" again in the same way
    Then the answer is 200
    And the metrics have
      | sample                                      | value |
      | preload_success_total{pool_id="p"}          | 1     |
      | engine_start_duration_ms_count{pool_id="p"} | 1     |

  @B-METRICS-002
  Scenario: Preloads that fail, by reason
    When I preload pool "p" and its engine gets "--exit-at-once 3"
    Then the answer is 500
    And the metrics have
      | sample                                                   | value |
      | preload_success_total{pool_id="p"}                       | 0     |
      | preload_failure_total{pool_id="p",reason="process_exit"} | 1     |
      | preload_failure_total{pool_id="p",reason="cuda_error"}   | 0     |
      | pool_state{pool_id="p",state="failed"}                   | 1     |
    When I preload pool "p" with an engine that exits with 1 after the words
      """
      CUDA error: out of memory
      """
    Then the answer is 500
    And the metrics have
      | sample                                                   | value |
      | preload_failure_total{pool_id="p",reason="process_exit"} | 1     |
      | preload_failure_total{pool_id="p",reason="vram_oom"}     | 1     |
    Given a preload of pool "q" waits for its engine, which answers 503
    When I stop pool "q"
    Then the metrics have
      | sample                                                | value |
      | preload_failure_total{pool_id="q",reason="cancelled"} | 1     |

  @B-METRICS-006 @B-METRICS-007
  Scenario: Crashes, and the restarts that follow
    Given pool "p" is ready
    When the engine of pool "p" is killed
    Then the metrics come to have
      | sample                                               | value |
      | restart_total{pool_id="p"}                           | 1     |
      | restart_rate{pool_id="p"}                            | 1     |
      | restart_scheduled_total{pool_id="p",reason="signal"} | 1     |
      | engine_crash_total{pool_id="p",reason="signal"}      | 1     |
      | backoff_delay_ms_count{pool_id="p"}                  | 1     |
      | backoff_delay_ms_sum{pool_id="p"}                    | 600   |
      | backoff_delay_ms_bucket{pool_id="p",le="500"}        | 0     |
      | backoff_delay_ms_bucket{pool_id="p",le="1000"}       | 1     |
      | circuit_breaker_state{pool_id="p"}                   | 0     |
      | pool_state{pool_id="p",state="ready"}                | 1     |
      | engine_start_duration_ms_count{pool_id="p"}          | 2     |
      | preload_success_total{pool_id="p"}                   | 1     |
    When I restart pool "p"
    Then the metrics have
      | sample                                          | value |
      | restart_total{pool_id="p"}                      | 1     |
      | engine_crash_total{pool_id="p",reason="signal"} | 1     |

  Scenario: A breaker that opens, and a restart storm
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=20ms
      MaxSec=20ms
      MinSec=0
      [Breaker]
      Failures=3
      OpenSec=1h
      [Storm]
      WarnRestarts=1
      """
    And pool "p" is ready with an engine that can break
    When the engine of pool "p" breaks
    Then pool "p" becomes "tripped"
    And the metrics have
      | sample                                                     | value |
      | circuit_breaker_open_total{pool_id="p"}                    | 1     |
      | circuit_breaker_state{pool_id="p"}                         | 1     |
      | pool_state{pool_id="p",state="tripped"}                    | 1     |
      | restart_total{pool_id="p"}                                 | 2     |
      | restart_storm_total{pool_id="p"}                           | 1     |
      | restart_scheduled_total{pool_id="p",reason="signal"}       | 1     |
      | restart_scheduled_total{pool_id="p",reason="process_exit"} | 1     |
      | engine_crash_total{pool_id="p",reason="signal"}            | 1     |
    When I send POST "/pools/p/breaker/reset"
    Then the metrics come to have
      | sample                             | value |
      | circuit_breaker_state{pool_id="p"} | 0     |

  @B-METRICS-008 @B-METRICS-009 @B-METRICS-010
  Scenario: Slots and leases
    Given pool "p" is registered
    Then the metrics have
      | sample                     | value |
      | active_leases{pool_id="p"} | 0     |
    And the metrics have no sample "slots_total"
    And the metrics have no sample "slots_free"
    When I update pool "p" with
      | field       | value |
      | slots_total | 4     |
    And pool "p" is ready
    And 3 leases of pool "p" are out
    Then the metrics have
      | sample                     | value |
      | slots_total{pool_id="p"}   | 4     |
      | slots_free{pool_id="p"}    | 1     |
      | active_leases{pool_id="p"} | 3     |
    When I release lease 1 of pool "p"
    Then the metrics have
      | sample                     | value |
      | slots_free{pool_id="p"}    | 2     |
      | active_leases{pool_id="p"} | 2     |

  Scenario: Drains, by how they end
    Given pool "p" is ready
    When I drain pool "p" and wait
    Then the metrics have
      | sample                                            | value |
      | pool_drain_total{pool_id="p",outcome="completed"} | 1     |
      | pool_drain_total{pool_id="p",outcome="forced"}    | 0     |
      | pool_drain_force_stop_total{pool_id="p"}          | 0     |
      | pool_drain_duration_ms_count{pool_id="p"}         | 1     |
    Given I restart pool "p"
    And 1 leases of pool "p" are out
    When I drain pool "p" within 300 ms and wait
    Then the metrics have
      | sample                                            | value        |
      | pool_drain_total{pool_id="p",outcome="completed"} | 1            |
      | pool_drain_total{pool_id="p",outcome="forced"}    | 1            |
      | pool_drain_force_stop_total{pool_id="p"}          | 1            |
      | pool_drain_duration_ms_count{pool_id="p"}         | 2            |
      | pool_drain_duration_ms_sum{pool_id="p"}           | at least 300 |

  Scenario: Reloads, good and bad
    Given the daemon runs with a model provisioner
    And there are the models
      | model | kind |
      | a     | good |
      | b     | good |
      | bad   | bad  |
    And pool "p" is ready with the model "a"
    When I reload pool "p" to "b"
    Then the answer is 200
    When I reload pool "p" to "b"
    Then the answer is 200
    And the metrics have
      | sample                                                       | value |
      | pool_reload_success_total{pool_id="p"}                       | 1     |
      | pool_reload_failure_total{pool_id="p",reason="provision"}    | 0     |
      | pool_reload_duration_ms_count{pool_id="p"}                   | 1     |
    When I reload pool "p" to "nothing"
    Then the answer is 500
    When I reload pool "p" to "bad"
    Then the answer is 500
    And the metrics have
      | sample                                                       | value |
      | pool_reload_success_total{pool_id="p"}                       | 1     |
      | pool_reload_failure_total{pool_id="p",reason="provision"}    | 1     |
      | pool_reload_failure_total{pool_id="p",reason="process_exit"} | 1     |
      | pool_reload_duration_ms_count{pool_id="p"}                   | 3     |
      | engine_crash_total{pool_id="p",reason="process_exit"}        | 0     |
      | pool_state{pool_id="p",state="ready"}                        | 1     |

  Scenario: What is said of a pool goes with it
    Given pool "p" is ready
    And pool "q" is ready
    Then the samples of pool "p" that the metrics have are those of pool "q"
    When I deregister pool "p" by force
    Then the metrics say nothing of pool "p"
    And the metrics have
      | sample                             | value |
      | preload_success_total{pool_id="q"} | 1     |
    When pool "p" is registered
    Then the metrics have
      | sample                             | value |
      | preload_success_total{pool_id="p"} | 0     |

  Scenario: Each run of the daemon counts from 0, and knows what is
    Given pool "p" is ready
    And 2 leases of pool "p" are out
    When the daemon is restarted by systemctl
    Then the metrics come to have
      | sample                                      | value |
      | preload_success_total{pool_id="p"}          | 0     |
      | engine_start_duration_ms_count{pool_id="p"} | 0     |
      | active_leases{pool_id="p"}                  | 2     |
      | pool_state{pool_id="p",state="ready"}       | 1     |

  Scenario: They can be had when nothing else can
    Given pool "p" is registered
    And another process holds the registry lock
    When I send GET "/pools"
    Then the answer is the error 500 "REGISTRY_LOCK"
    And the metrics have
      | sample                     | value |
      | active_leases{pool_id="p"} | 0     |

  Scenario: Requests are counted by route, and the process says how it is
    When I send GET "/pools/p/status"
    And I send GET "/v2/pools/q/status"
    And I send GET "/no/such/path"
    And I send GET "/health"
    Then the metrics have
      | sample                                                                                            | value    |
      | http_requests_total{method="GET",route="/pools/{id}/status",status="404"}                         | 2        |
      | http_requests_total{method="none",route="none",status="404"}                                      | 1        |
      | http_requests_total{method="GET",route="/health",status="200"}                                    | 1        |
      | http_request_duration_seconds_count{method="GET",route="/pools/{id}/status",status="404"}         | 2        |
      | http_request_duration_seconds_bucket{method="GET",route="/health",status="200",le="300"}          | 1        |
      | process_resident_memory_bytes                                                                     | a number |
      | process_open_fds                                                                                  | a number |
      | process_max_fds                                                                                   | a number |
      | process_cpu_seconds_total                                                                         | a number |
      | process_start_time_seconds                                                                        | a number |

  Scenario: Names and types are as agreed
    Given pool "p" is ready
    Then the metrics have the types
      | name                          | type      |
      | preload_success_total         | counter   |
      | preload_failure_total         | counter   |
      | restart_total                 | counter   |
      | restart_scheduled_total       | counter   |
      | engine_crash_total            | counter   |
      | circuit_breaker_open_total    | counter   |
      | restart_storm_total           | counter   |
      | pool_drain_total              | counter   |
      | pool_drain_force_stop_total   | counter   |
      | pool_reload_success_total     | counter   |
      | pool_reload_failure_total     | counter   |
      | slots_total                   | gauge     |
      | slots_free                    | gauge     |
      | active_leases                 | gauge     |
      | circuit_breaker_state         | gauge     |
      | restart_rate                  | gauge     |
      | pool_state                    | gauge     |
      | backoff_delay_ms              | histogram |
      | pool_drain_duration_ms        | histogram |
      | pool_reload_duration_ms       | histogram |
      | engine_start_duration_ms      | histogram |
      | pool_managerd_build_info      | gauge     |
      | http_requests_total           | counter   |
      | http_request_duration_seconds | histogram |
    And each histogram adds up
    And each metric is explained in docs/monitoring
