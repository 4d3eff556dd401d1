# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A client may leave and look later how it ended
  Loading a model takes minutes; no client has to hold a connection for it.

  Background:
    Given the daemon runs

  Scenario: A preload is answered at once and goes on
    When I preload pool "p" with the header "Prefer: respond-async" and its engine gets "--status 503"
    Then the answer is 202
    And the answer has
      | field     | value    |
      | operation | a number |
      | pool_id   | "p"      |
    And the answer has the header "Preference-Applied" with "respond-async"
    And the answer leads to its operation under "/operations/"
    When I look the operation up
    Then the answer is 200
    And the answer has
      | field      | value     |
      | id         | a number  |
      | kind       | "preload" |
      | pool_id    | "p"       |
      | started_ms | a number  |
    When the engine of pool "p" becomes healthy
    Then the operation has ended with
      | field        | value                                  |
      | pool_id      | "p"                                    |
      | generation   | 1                                      |
      | handoff_path | "/run/pool-managerd/engines/p-r0.json" |

  Scenario: What was asked for under /v2 is found under /v2
    When I preload pool "p" at "/v2/pools/p/preload" with the header "Prefer: respond-async"
    Then the answer is 202
    And the answer leads to its operation under "/v2/operations/"
    And the operation has ended with
      | field   | value |
      | pool_id | "p"   |

  Scenario: The result of a preload that failed is what the answer would have been
    When I preload pool "p" with the header "Prefer: respond-async" and its engine gets "--exit-at-once 3"
    Then the answer is 202
    And the answer leads to its operation under "/operations/"
    And the operation has ended with
      | field     | value                    |
      | code      | "PRELOAD_FAILED"         |
      | error     | contains preload failed: |
      | retriable | true                     |

  Scenario Outline: Other commands that take their time
    Given pool "p" is ready
    When I send <method> "<path>" with the header "Prefer: respond-async"
    Then the answer is 202
    And the answer leads to its operation under "/operations/"
    And the operation has ended with
      | field   | value |
      | pool_id | "p"   |

    Examples:
      | method | path                |
      | POST   | /pools/p/stop       |
      | POST   | /pools/p/restart    |
      | DELETE | /pools/p?force=true |

  Scenario: As long as the client wants to wait, and then at once
    When I preload pool "p" with the header "Prefer: wait=1" and its engine gets "--status 503"
    Then the answer is 202
    And the answer took at least 900 ms
    And the answer has the header "Preference-Applied" with "wait=1"
    And the answer leads to its operation under "/operations/"
    When the engine of pool "p" becomes healthy
    Then the operation has ended with
      | field      | value |
      | generation | 1     |

  Scenario: What ends in time is answered as ever
    When I preload pool "p" with the header "Prefer: respond-async, wait=60"
    Then the answer is 200
    And the answer has
      | field      | value |
      | pool_id    | "p"   |
      | generation | 1     |
    And the answer has no header "Preference-Applied"

  Scenario: What cannot begin is refused at once
    When I send POST "/pools/nobody/stop" with the header "Prefer: respond-async"
    Then the answer is the error 404 "POOL_NOT_FOUND"

  Scenario Outline: A wish that nobody understands changes nothing
    When I preload pool "p" with the header "Prefer: <wish>"
    Then the answer is 200

    Examples:
      | wish           |
      | wait=soon      |
      | return=minimal |
      | ,;=            |

  Scenario: A restart and a forced removal, waited for
    Given pool "p" is ready
    When I send POST "/pools/p/restart"
    Then the answer is 200
    And the answer has
      | field      | value |
      | generation | 2     |
    When I send DELETE "/pools/p"
    Then the answer is the error 409 "ALREADY_RUNNING"
    When I send DELETE "/pools/p?force=true"
    Then the answer is 200
    And there are no pools
    And nothing is left in pools.slice

  Scenario Outline: An operation that is none
    When I send GET "/operations/<number>"
    Then the answer is the error <status> "<code>"

    Examples:
      | number               | status | code                |
      | 4711                 | 404    | OPERATION_NOT_FOUND |
      | 0                    | 400    | INVALID_ID          |
      | -1                   | 400    | INVALID_ID          |
      | one                  | 400    | INVALID_ID          |
      | 99999999999999999999 | 400    | INVALID_ID          |
