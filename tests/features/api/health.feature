# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The daemon says how it is
  A load balancer, and whoever is paged at night, ask the daemon itself first.

  Background:
    Given the daemon runs

  @B-API-001 @B-API-003
  Scenario: The health check says ok and names the version
    When I send GET "/health"
    Then the answer is 200
    And the answer has
      | field   | value    |
      | status  | "ok"     |
      | version | a string |
    And the version in the answer is the one that "pool-managerd --version" prints

  @B-API-002
  Scenario: The health check answers while one pool starts and another one has failed
    Given a preload of pool "late" waits for its engine, which answers 503
    And the preload of pool "broken" has failed
    When I send GET "/health"
    Then the answer is 200
    And the answer has
      | field  | value |
      | status | "ok"  |

  Scenario: A daemon that systemd calls started is ready
    When I send GET "/ready"
    Then the answer is 200

  Scenario Outline: Every path is also there under /v2
    Given pool "p" is ready
    When I send GET "/v2<path>"
    Then the answer is 200

    Examples:
      | path            |
      | /health         |
      | /ready          |
      | /pools          |
      | /pools/p/status |

  Scenario: HEAD answers as GET does, without the body
    When I send HEAD "/health"
    Then the answer is 200
    And the answer has no body

  Scenario: The same answers come over the socket in the runtime directory
    Given pool "p" is ready
    When I send GET "/pools/p/status" over the socket "http.sock"
    Then the answer is 200
    And the answer has
      | field | value |
      | ready | true  |
