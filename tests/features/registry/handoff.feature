# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: An engine that somebody else started is registered as ready by its handoff

  Background:
    Given the daemon runs
    And somebody else runs an engine for pool "ext"

  @B-REG-100 @B-REG-101 @B-REG-102 @B-REG-103 @B-REG-104
  Scenario: A whole handoff is taken as it is
    When I hand over pool "ext" with
      | field             | value                                   |
      | replica_id        | "r3"                                    |
      | engine            | "vllm"                                  |
      | engine_version    | "0.9.1"                                 |
      | provisioning_mode | "external"                              |
      | model             | {"path": "/srv/m.gguf", "id": "m-7b"}   |
      | flags             | ["--max-num-seqs", "8"]                 |
      | device_mask       | "0,1"                                   |
      | slots_total       | 8                                       |
      | slots_free        | 5                                       |
    Then the answer is 201
    And the status of pool "ext" has
      | field          | value         |
      | pool_id        | "ext"         |
      | replica_id     | "r3"          |
      | state          | "external"    |
      | live           | true          |
      | ready          | true          |
      | draining       | false         |
      | engine         | "vllm"        |
      | engine_version | "0.9.1"       |
      | model_path     | "/srv/m.gguf" |
      | model_id       | "m-7b"        |
      | device_mask    | "0,1"         |
      | slots_total    | 8             |
      | slots_free     | 5             |
      | managed        | false         |
      | unit           | null          |
    And the url of pool "ext" is that of the external engine of pool "ext"

  @B-REG-107
  Scenario: A url is enough
    When I hand over pool "ext"
    Then the answer is 201
    And the status of pool "ext" has
      | field          | value |
      | replica_id     | "r0"  |
      | live           | true  |
      | ready          | true  |
      | engine_version | null  |
      | device_mask    | null  |
      | slots_total    | null  |
      | slots_free     | null  |
      | model_path     | null  |

  @B-REG-107
  Scenario Outline: Each of the other fields may be missing
    When I hand over pool "ext" with
      | field          | value    |
      | engine_version | "v"      |
      | device_mask    | "0"      |
      | slots_total    | 4        |
      | slots_free     | 2        |
      | <field>        | null     |
    Then the answer is 201
    And the status of pool "ext" has
      | field   | value  |
      | <field> | <kept> |
      | ready   | true   |

    Examples:
      | field          | kept |
      | engine_version | null |
      | device_mask    | null |
      | slots_free     | 4    |

  @B-REG-105 @B-REG-100
  Scenario: The last error of a pool is cleared
    Given the preload of pool "ext" has failed
    Then the health of pool "ext" has
      | field      | value    |
      | last_error | a string |
    When I hand over pool "ext"
    Then the answer is 200
    And the status of pool "ext" has
      | field            | value |
      | last_error       | null  |
      | last_error_class | null  |
      | ready            | true  |

  @B-REG-106
  Scenario: The pool was heard of now, whatever its health checks will say
    Given pool "ext" is registered
    And I send a heartbeat of pool "ext" with the timestamp 1700000000123
    When I hand over pool "ext" with
      | field | value                |
      | url   | "http://127.0.0.1:1" |
    Then the answer is 200
    And the last heartbeat of pool "ext" was when I sent it

  Scenario: A second handoff takes the place of the first
    Given pool "ext" has been handed over with
      | field          | value |
      | engine_version | "v1"  |
      | slots_total    | 4     |
    When I hand over pool "ext" with
      | field          | value |
      | engine_version | "v2"  |
      | device_mask    | "1"   |
    Then the answer is 200
    And the status of pool "ext" has
      | field          | value |
      | engine_version | "v2"  |
      | device_mask    | "1"   |
      | slots_total    | null  |
      | ready          | true  |

  @B-REG-104
  Scenario Outline: Free slots stay within the total
    When I hand over pool "ext" with
      | field       | value   |
      | slots_total | 4       |
      | slots_free  | <given> |
    Then the answer is 201
    And the status of pool "ext" has
      | field      | value  |
      | slots_free | <kept> |

    Examples:
      | given | kept |
      | 9     | 4    |
      | -2    | 0    |

  Scenario: It grants leases as any ready pool does
    Given pool "ext" has been handed over with
      | field       | value |
      | slots_total | 2     |
    When I take a lease of pool "ext"
    Then the answer is 201
    And the status of pool "ext" has
      | field         | value |
      | active_leases | 1     |
      | slots_free    | 1     |

  Scenario Outline: A handoff that is none
    When I hand over pool "ext" with "<field>" set to <value>
    Then the answer is the error 400 "INVALID_FIELD" for "<field>"
    And there are no pools

    Examples:
      | field       | value                    |
      | url         | 5                        |
      | url         | ""                       |
      | url         | "nowhere"                |
      | url         | "ftp://127.0.0.1:1"      |
      | url         | "http://127.0.0.1:99999" |
      | pool_id     | "other"                  |
      | replica_id  | "a:b"                    |
      | slots_total | 0                        |
      | slots_total | "4"                      |
      | flags       | "--all"                  |

  Scenario: A handoff has to say where the engine is
    When I hand over pool "ext" without a url
    Then the answer is the error 400 "INVALID_FIELD" for "url"
    And there are no pools

  Scenario: A pool that runs an engine of its own cannot be handed over
    Given somebody else runs an engine for pool "p-external"
    And pool "p" is ready
    And I remember the status of pool "p"
    When I send the handoff of pool "p-external" for pool "p"
    Then the answer is the error 409 "ALREADY_RUNNING"
    And the status of pool "p" still has the same
      | field      |
      | pid        |
      | state      |
      | url        |
      | generation |

  Scenario: The pool of an external engine cannot be stopped
    Given pool "ext" has been handed over
    When I stop pool "ext"
    Then the answer is an error from 404 to 409
    And the external engine of pool "ext" still runs
    And the health of pool "ext" has
      | field | value |
      | ready | true  |
