# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A malformed preload is refused before anything happens
  The answer names the field and what was wrong with it.

  Background:
    Given the daemon runs

  Scenario Outline: A field that is missing
    When I preload pool "p" without the field "<field>"
    Then the answer is the error 400 "INVALID_FIELD" for "<field>"
    And nothing has happened

    Examples:
      | field          |
      | binary_path    |
      | flags          |
      | host           |
      | port           |
      | model_path     |
      | engine_version |
      | pool_id        |

  Scenario Outline: A field with a value that it cannot have
    When I preload pool "p" with "<field>" set to <value>
    Then the answer is the error 400 "INVALID_FIELD" for "<named>"
    And nothing has happened

    Examples: strings and paths
      | field          | value            | named          |
      | binary_path    | 5                | binary_path    |
      | binary_path    | null             | binary_path    |
      | binary_path    | ""               | binary_path    |
      | binary_path    | "bin/engine"     | binary_path    |
      | binary_path    | "/{5000 letters}" | binary_path    |
      | model_path     | []               | model_path     |
      | model_path     | ""               | model_path     |
      | engine_version | 3                | engine_version |
      | engine         | {}               | engine         |
      | device_mask    | 0                | device_mask    |
      | engine_digest  | false            | engine_digest  |
      | model_id       | ["a"]            | model_id       |

    Examples: ids
      | field      | value           | named      |
      | pool_id    | "other"         | pool_id    |
      | pool_id    | "../p"          | pool_id    |
      | pool_id    | 1               | pool_id    |
      | replica_id | "a:b"           | replica_id |
      | replica_id | ""              | replica_id |
      | replica_id | "{65 letters}"  | replica_id |

    Examples: argv
      | field | value             | named    |
      | flags | "--verbose"       | flags    |
      | flags | {}                | flags    |
      | flags | null              | flags    |
      | flags | [1]               | flags[0] |
      | flags | ["a", null]       | flags[1] |
      | flags | ["a", ["b"]]      | flags[1] |
      | flags | {1025 items}      | flags    |

    Examples: where it listens
      | field | value     | named |
      | host  | 127       | host  |
      | host  | ""        | host  |
      | port  | 0         | port  |
      | port  | 65536     | port  |
      | port  | -1        | port  |
      | port  | "8080"    | port  |
      | port  | 80.5      | port  |
      | port  | true      | port  |

    Examples: environment and credentials
      | field       | value                | named           |
      | env         | []                   | env             |
      | env         | {"A": 1}             | env.A           |
      | env         | {"1A": "x"}          | env.1A          |
      | env         | {"A=B": "x"}         | env.A=B         |
      | env         | {"": "x"}            | env.            |
      | credentials | {"key": "relative"}  | credentials.key |
      | credentials | {"key": 1}           | credentials.key |
      | credentials | "key"                | credentials     |

    Examples: numbers
      | field         | value                  | named         |
      | slots_total   | 0                      | slots_total   |
      | slots_total   | -1                     | slots_total   |
      | slots_total   | "4"                    | slots_total   |
      | vram_bytes    | -1                     | vram_bytes    |
      | ram_bytes     | 1.5                    | ram_bytes     |
      | stop_grace_ms | -1                     | stop_grace_ms |

    Examples: objects
      | field     | value                    | named                |
      | health    | []                       | health               |
      | health    | {"path": "health"}       | health.path          |
      | health    | {"path": 1}              | health.path          |
      | health    | {"interval_ms": 0}       | health.interval_ms   |
      | health    | {"timeout_ms": "1"}      | health.timeout_ms    |
      | health    | {"failures": 0}          | health.failures      |
      | resources | 1                        | resources            |
      | resources | {"cpu_weight": 0}        | resources.cpu_weight |
      | resources | {"cpu_weight": 10001}    | resources.cpu_weight |
      | resources | {"io_weight": 10001}     | resources.io_weight  |
      | resources | {"memory_max": "lots"}   | resources.memory_max |
      | resources | {"tasks_max": -5}        | resources.tasks_max  |
      | sandbox   | []                       | sandbox              |
      | policy    | "x"                      | policy               |

  Scenario Outline: A number that no machine can hold
    When I preload pool "p" with "<field>" set to <value>
    Then the answer is the error 400 "INVALID_JSON" for "<field>"
    And nothing has happened

    Examples:
      | field         | value                |
      | port          | 1e400                |
      | stop_grace_ms | 99999999999999999999 |

  Scenario Outline: A body that is no JSON
    When I send <body> as the body of a preload of pool "p"
    Then the answer is the error 400 "INVALID_JSON"
    And nothing has happened

    Examples:
      | body                              |
      | "not json"                        |
      | "{"                               |
      | "{'prepared': {}}"                |
      | "{\"prepared\": {}} x"            |
      | "{\"prepared\": {}, \"prepared\": {}}" |
      | "{\"prepared\": {\"a\": 1, \"a\": 2}}" |
      | "{\"prepared\": {},}"             |
      | "{\"prepared\": NaN}"             |
      | "{\"prepared\": {\"a\": \"b\\u0000c\"}}" |
      | "{\"prepared\": {\"a\": \"b\x00c\"}}"    |
      | "{\"prepared\": {\"a\": \"\xc3(\"}}"     |
      | "{\"prepared\": {\"a\": \"\xed\xa0\x80\"}}" |
      | "// x\n{}"                        |
      | {17 nested lists}                 |
      | {100000 nested lists}             |

  Scenario Outline: A body that is no preload
    When I send <body> as the body of a preload of pool "p"
    Then the answer is an error from 400 to 400
    And nothing has happened

    Examples:
      | body                 |
      | ""                   |
      | "   "                |
      | "[]"                 |
      | "\"p\""              |
      | "null"               |
      | "5"                  |
      | "{\"prepared\": 1}"  |
      | "{\"prepared\": null}" |
      | "{\"prepared\": []}" |

  Scenario: A bare PreparedEngine is accepted too
    When I send a valid PreparedEngine of pool "p" that is not wrapped
    Then the answer is 200

  Scenario: A field that nobody knows is a warning
    When I preload pool "p" with "colour" set to "blue"
    Then the answer is 200
    And the answer's warnings name "colour"

  Scenario: The error text says the field, too
    When I preload pool "p" with "port" set to 65536
    Then the answer is the error 400 "INVALID_FIELD" for "port"
    And the error text contains "port"
    And the error text contains "65535"
