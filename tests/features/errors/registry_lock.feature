# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: While another process holds the registry, requests fail cleanly
  They wait a moment, say so, and change nothing; the daemon itself goes on with its work.

  Background:
    Given the daemon runs
    And pool "p" is ready
    And 1 leases of pool "p" are out
    And pool "q" has been updated with
      | field   | value |
      | version | "1"   |

  @B-ERROR-001 @B-ERROR-002 @B-API-022
  Scenario Outline: Reads fail while it is locked, and work again afterwards
    Given another process holds the registry lock
    When I send GET "<path>"
    Then the answer is the error 500 "REGISTRY_LOCK"
    And the error text contains "registry lock failed: "
    And the answer has
      | field     | value |
      | retriable | true  |
    And the answer took at least 50 ms
    And the answer came within 1000 ms
    When the registry lock is given up
    And I send GET "<path>"
    Then the answer is 200

    Examples:
      | path            |
      | /pools          |
      | /pools/p/status |
      | /pools/p/health |

  @B-ERROR-001 @B-ERROR-002
  Scenario Outline: Writes fail while it is locked, and change nothing
    Given I remember the registry entry of pool "p"
    And I remember the registry entry of pool "q"
    And another process holds the registry lock
    When I send <method> "<path>" with the JSON <body>
    Then the answer is the error 500 "REGISTRY_LOCK"
    And the error text contains "registry lock failed: "
    And the answer came within 1000 ms
    When the registry lock is given up
    Then the registry entry of pool "p" is as remembered
    And the registry entry of pool "q" is as remembered
    When I send GET "/pools"
    Then the answer lists the pools "p, q"

    Examples:
      | method | path                     | body                        |
      | POST   | /pools/new               | {}                          |
      | PATCH  | /pools/q                 | {"version": "2"}            |
      | PATCH  | /pools/new               | {"version": "2"}            |
      | DELETE | /pools/q                 | null                        |
      | POST   | /pools/q/heartbeat       | {}                          |
      | POST   | /pools/new/handoff       | {"url": "http://[::1]:1"}   |
      | POST   | /pools/p/leases          | {}                          |
      | DELETE | /pools/p/leases/1.1      | null                        |
      | POST   | /pools/p/leases/release  | {}                          |
      | POST   | /pools/p/stop            | {}                          |
      | POST   | /pools/p/restart         | {}                          |

  @B-ERROR-001 @B-ERROR-002 @B-API-013
  Scenario: A preload starts nothing while it is locked
    Given another process holds the registry lock
    When I preload pool "new"
    Then the answer is the error 500 "REGISTRY_LOCK"
    And the error text contains "registry lock failed: "
    When the registry lock is given up
    Then pool "new" is not known
    And there is no file "new.pid"
    When I preload pool "new"
    Then the answer is 200

  @B-ERROR-003
  Scenario: It is logged
    Given another process holds the registry lock
    When I send GET "/pools/p/status"
    Then the answer is the error 500 "REGISTRY_LOCK"
    And the daemon has logged a complaint that contains "registry lock failed"

  Scenario: What has nothing to do with the registry is answered
    Given another process holds the registry lock
    When I send GET "/health"
    Then the answer is 200
    When I send GET "/ready"
    Then the answer is 200

  Scenario: Who only reads lets others read, but not write
    Given another process holds the registry lock to read
    When I send GET "/pools/p/status"
    Then the answer is 200
    When I send GET "/pools"
    Then the answer is 200
    When I set "version" of pool "q" to "2"
    Then the answer is the error 500 "REGISTRY_LOCK"
    When the registry lock is given up
    And I set "version" of pool "q" to "3"
    Then the answer is 200
    And the status of pool "q" has
      | field   | value |
      | version | "3"   |

  Scenario Outline: Who holds it for a moment only delays the others
    Given another process holds the registry lock
    When <method> "<path>" is under way
    Then it is not answered within 20 ms
    When the registry lock is given up
    Then it is answered with <status>

    Examples:
      | method | path            | status |
      | GET    | /pools/p/status | 200    |
      | POST   | /pools/p/leases | 201    |
      | POST   | /pools/new      | 201    |

  Scenario: Other clients are answered while a request waits for the lock
    Given another process holds the registry lock
    When GET "/pools" is under way
    And I send GET "/health" 20 times
    Then each answer is 200 and came within 500 ms
    And it is answered with 500

  Scenario: An engine that dies meanwhile is noticed all the same
    Given the daemon runs with
      """
      [Backoff]
      InitialSec=1h
      MaxSec=1h
      """
    And another process holds the registry lock
    When the engine of pool "p" is killed
    Then the daemon has logged a problem of pool "p" that contains "SIGKILL"
    And there is no file "p.pid"
    When the registry lock is given up
    Then the status of pool "p" has
      | field      | value            |
      | state      | "backoff"        |
      | last_error | contains SIGKILL |

  Scenario: A preload that waits for its engine does not hold the lock
    Given a preload of pool "late" waits for its engine, which answers 503
    When another process holds the registry lock
    And the engine of pool "late" becomes healthy
    Then the preload of pool "late" is answered with 200

  Scenario: The file of the lock may go
    When the file "registry.lock" is removed
    And I send GET "/pools/p/status"
    Then the answer is 200
    When I set "version" of pool "q" to "2"
    Then the answer is 200
