# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Every error says what was wrong, in JSON
  A client never has to guess: status, code, text, and whether trying again makes sense.

  Background:
    Given the daemon runs

  Scenario Outline: A path that is none
    When I send GET "<path>"
    Then the answer is the error 404 "NOT_FOUND"

    Examples:
      | path                    |
      | /                       |
      | /nothing                |
      | /pools/p/               |
      | /pools/p/status/more    |
      | /v2                     |
      | /v2/v2/health           |
      | /health/                |
      | /../health              |

  @B-API-021
  Scenario: A pool that is not known
    When I send GET "/pools/nobody/status"
    Then the answer is the error 404 "POOL_NOT_FOUND"
    And the answer has
      | field     | value                   |
      | error     | "pool nobody not found" |
      | pool_id   | "nobody"                |
      | retriable | false                   |

  Scenario Outline: An id that no pool may have
    When I send GET "/pools/<id>/status"
    Then the answer is the error 400 "INVALID_ID"

    Examples:
      | id        |
      |           |
      | -p        |
      | .hidden   |
      | a%20b     |
      | a%2Fb     |
      | %2e%2e    |
      | p%C3%BC   |
      | a:b       |
      | a@b       |

  Scenario: An id that is too long
    When I send GET "/pools/{65 letters}/status"
    Then the answer is the error 400 "INVALID_ID"

  Scenario Outline: Escapes in a path that are none
    When I send GET "/pools/<id>/status"
    Then the answer is an error from 400 to 404

    Examples:
      | id    |
      | a%0   |
      | a%zz  |
      | a%00b |
      | a%    |

  Scenario Outline: A method that the path does not know
    When I send <method> "<path>"
    Then the answer is the error 405 "METHOD_NOT_ALLOWED"
    And the answer allows "<allowed>"

    Examples:
      | method | path             | allowed         |
      | POST   | /health          | GET, HEAD       |
      | DELETE | /health          | GET, HEAD       |
      | PUT    | /pools           | GET, HEAD       |
      | GET    | /pools/p/preload | POST            |
      | DELETE | /pools/p/status  | GET, HEAD, POST |
      | GET    | /pools/p/stop    | POST            |
      | PATCH  | /v2/pools/p/stop | POST            |
      | GET    | /pools/p         | POST, PATCH, DELETE |
      | PUT    | /v2/pools/p      | POST, PATCH, DELETE |
      | GET    | /pools/p/leases  | POST            |
      | DELETE | /pools/p/leases/release | POST     |
      | GET    | /pools/p/leases/1.1     | DELETE   |
      | POST   | /events          | GET, HEAD       |
      | POST   | /pools/p/logs    | GET, HEAD       |
      | DELETE | /operations/1    | GET, HEAD       |

  Scenario Outline: A query where none is understood
    Given pool "p" is ready
    When I send <method> "<path>?colour=blue"
    Then the answer is the error 400 "BAD_REQUEST" for "colour"
    And the error text contains "colour"

    Examples:
      | method | path              |
      | GET    | /pools            |
      | GET    | /pools/p/status   |
      | POST   | /pools/p/stop     |
      | DELETE | /pools/p          |
      | GET    | /openapi.json     |
      | GET    | /events           |

  Scenario Outline: Web pages cannot send commands to the host that they are seen on
    When I send <method> "<path>" with the header "Origin: https://pages.example"
    Then the answer is the error 403 "FORBIDDEN"
    And nothing has happened

    Examples:
      | method | path             |
      | POST   | /pools/p         |
      | PATCH  | /pools/p         |
      | DELETE | /pools/p         |
      | POST   | /pools/p/preload |
      | POST   | /pools/p/leases  |

  Scenario Outline: A body of another kind
    When I send a valid preload of pool "p" as "<type>"
    Then the answer is the error 415 "UNSUPPORTED_MEDIA_TYPE"
    And the error text contains "application/json"
    And there are no pools

    Examples:
      | type                              |
      | text/plain                        |
      | application/x-www-form-urlencoded |
      | application/jsonp                 |
      |                                   |

  Scenario: A content type with parameters is the same type
    When I send a valid preload of pool "p" as "application/json; charset=utf-8"
    Then the answer is 200

  Scenario Outline: A body over 1 MiB is refused, however it comes
    When I send a body of 1048577 bytes to "/pools/p/preload" <how>
    Then the answer is the error 413 "BODY_TOO_LARGE"
    And there are no pools

    Examples:
      | how             |
      | at once         |
      | in chunks       |
      | after asking    |

  Scenario: A body of 1 MiB is not too large
    When I send a valid preload of pool "p" padded to 1048576 bytes
    Then the answer is 200

  Scenario: The correlation id comes back
    When I send GET "/pools/nobody/status" with the correlation id "night-shift-7"
    Then the answer is the error 404 "POOL_NOT_FOUND"
    And the answer's correlation id is "night-shift-7"

  Scenario: An answer without one gets a correlation id of its own each time
    When I send GET "/health" twice
    Then the two answers have different correlation ids

  Scenario: A correlation id that could break a log is refused
    When I send GET "/health" with a correlation id of 129 characters
    Then the answer is the error 400 "BAD_REQUEST"

  Scenario: The correlation id stands in the log lines of what the request caused
    When I preload pool "p" with the correlation id "night-shift-8"
    Then the answer is 200
    And the daemon has logged for pool "p" with the correlation id "night-shift-8"

  Scenario Outline: What is no HTTP at all is cut off
    When a client sends <bytes> and waits
    Then its connection ends within 60 seconds
    And the daemon still answers

    Examples:
      | bytes                        |
      | "\x00\x01\x02\x03\r\n\r\n"   |
      | "GET\r\n\r\n"                |
      | "GET /health HTTP/9.9\r\n\r\n" |
