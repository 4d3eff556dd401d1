# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The same API on every socket and under every path

  Scenario: One connection does for many requests
    Given the daemon runs
    Then 200 requests for "/pools" are answered on one connection

  Scenario: Over the Unix socket there is all of it
    Given the daemon runs
    When I send POST "/pools/p" over the socket "http.sock"
    Then the answer is 201
    When I send GET "/v2/pools/p/status" over the socket "http.sock"
    Then the answer is 200
    And the answer has
      | field   | value |
      | pool_id | "p"   |

  Scenario: A socket unit starts the daemon when somebody asks
    Given the socket unit is started
    When I send GET "/pools"
    Then the answer is 200
    And the status line of the daemon becomes "0 pools, 0 ready"
    When I send POST "/v2/pools/p"
    Then the answer is 201

  Scenario Outline: Commands are there under /v2, too
    Given the daemon runs
    And pool "p" is ready
    When I send <method> "/v2<path>"
    Then the answer is <status>

    Examples:
      | method | path                    | status |
      | POST   | /pools/q                | 201    |
      | POST   | /pools/p                | 200    |
      | POST   | /pools/p/status         | 200    |
      | GET    | /pools/p/health         | 200    |
      | POST   | /pools/p/heartbeat      | 200    |
      | POST   | /pools/p/leases         | 201    |
      | POST   | /pools/p/leases/release | 200    |
      | POST   | /pools/p/breaker/reset  | 200    |
      | POST   | /pools/p/restart        | 200    |
      | POST   | /pools/p/stop           | 200    |
      | DELETE | /pools/p?force=true     | 200    |
      | GET    | /pools/p/logs           | 200    |
      | GET    | /openapi.json           | 200    |

  Scenario: The API describes itself
    Given the daemon runs
    When I send GET "/openapi.json"
    Then the answer is 200
    And the answer has
      | field        | value           |
      | openapi      | "3.1.0"         |
      | info.title   | "pool-managerd" |
      | servers.1.url | "/v2"          |
    And the answer describes the operations
      | method | path                          |
      | GET    | /health                       |
      | POST   | /pools/{id}                   |
      | PATCH  | /pools/{id}                   |
      | DELETE | /pools/{id}                   |
      | POST   | /pools/{id}/preload           |
      | POST   | /pools/{id}/status            |
      | DELETE | /pools/{id}/leases/{lease_id} |
      | GET    | /events                       |
