# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: With an API token nobody gets anything without it, but the health check

  Background:
    Given the unit of the daemon has the setting "Environment=LLORCH_API_TOKEN=correct-horse"
    And the daemon runs

  Scenario Outline: Without the token nobody learns what is there and what is not
    When I send <method> "<path>"
    Then the answer is the error 401 "UNAUTHORIZED"
    And the answer has the header "WWW-Authenticate" with "Bearer"
    And the answer has no header "Allow"

    Examples:
      | method | path                  |
      | GET    | /ready                |
      | GET    | /pools                |
      | GET    | /pools/p/status       |
      | POST   | /pools/p/status       |
      | POST   | /pools/p/preload      |
      | DELETE | /pools/p              |
      | POST   | /pools/p/leases       |
      | DELETE | /pools/p/leases/1.1   |
      | GET    | /pools/p/logs         |
      | GET    | /events               |
      | GET    | /operations/1         |
      | GET    | /openapi.json         |
      | GET    | /metrics              |
      | GET    | /v2/pools             |
      | GET    | /nothing              |
      | GET    | /pools?colour=blue    |
      | PUT    | /pools                |

  Scenario Outline: The health check is for everybody
    When I send <method> "<path>"
    Then the answer is 200

    Examples:
      | method | path              |
      | GET    | /health           |
      | HEAD   | /health           |
      | GET    | /v2/health        |
      | GET    | /health?now=12345 |

  Scenario Outline: What is not the token
    When I send GET "/pools" with the header "Authorization: <value>"
    Then the answer is the error 401 "UNAUTHORIZED"

    Examples:
      | value                             |
      | Bearer correct-hors               |
      | Bearer correct-horsecorrect-horse |
      | Bearer Correct-Horse              |
      | Basic correct-horse               |
      | correct-horse                     |
      | Bearer                            |

  Scenario: With the token all is as it was
    When I send GET "/pools" with the token "correct-horse"
    Then the answer is 200
    When I send POST "/pools/p" with the header "Authorization: Bearer correct-horse"
    Then the answer is 201
    When I send GET "/openapi.json" with the token "correct-horse"
    Then the answer is 200
    And the answer has
      | field           | value  |
      | security.0      | {"bearer": []} |
    And the journal does not contain "correct-horse"
