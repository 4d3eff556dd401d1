# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: An update changes what it names and nothing else

  Background:
    Given the daemon runs

  @B-REG-110 @B-REG-111
  Scenario: Fields that are given are merged, the others stay
    Given pool "p" has been updated with
      | field             | value               |
      | engine_version    | "v1"                |
      | engine_digest     | "sha256:aa"         |
      | engine_catalog_id | "cat-1"             |
      | device_mask       | "0"                 |
      | slots_total       | 4                   |
      | slots_free        | 2                   |
      | perf_hints        | {"tokens_per_s": 9} |
      | version           | "1"                 |
    When I update pool "p" with
      | field          | value |
      | engine_version | "v2"  |
      | slots_free     | 1     |
      | version        | "2"   |
    Then the answer is 200
    And the status of pool "p" has
      | field             | value               |
      | engine_version    | "v2"                |
      | engine_digest     | "sha256:aa"         |
      | engine_catalog_id | "cat-1"             |
      | device_mask       | "0"                 |
      | slots_total       | 4                   |
      | slots_free        | 1                   |
      | perf_hints        | {"tokens_per_s": 9} |
      | version           | "2"                 |

  @B-REG-112
  Scenario: A pool that is not there is made
    When I update pool "new" with
      | field       | value |
      | slots_total | 4     |
    Then the answer is 201
    And the status of pool "new" has
      | field       | value |
      | state       | "off" |
      | live        | false |
      | slots_total | 4     |
    When I update pool "new" with
      | field       | value |
      | slots_total | 5     |
    Then the answer is 200

  @B-REG-111
  Scenario: An update of nothing changes nothing
    Given pool "p" has been updated with
      | field          | value |
      | engine_version | "v1"  |
      | slots_total    | 4     |
    And I remember the registry entry of pool "p"
    When I update pool "p" with the body {}
    Then the answer is 200
    And the registry entry of pool "p" is as remembered

  @B-REG-111
  Scenario: An update of a running pool leaves its engine alone
    Given pool "p" is ready
    And I remember the status of pool "p"
    When I update pool "p" with
      | field   | value |
      | version | "9"   |
    Then the answer is 200
    And the status of pool "p" has
      | field   | value   |
      | version | "9"     |
      | state   | "ready" |
    And the status of pool "p" still has the same
      | field          |
      | pid            |
      | generation     |
      | invocation_id  |
      | engine_version |
      | model_path     |
      | url            |

  Scenario: null clears a field
    Given pool "p" has been updated with
      | field         | value       |
      | engine_digest | "sha256:aa" |
      | perf_hints    | {"a": 1}    |
      | version       | "1"         |
    When I update pool "p" with
      | field         | value |
      | engine_digest | null  |
      | perf_hints    | null  |
    Then the answer is 200
    And the status of pool "p" has
      | field         | value |
      | engine_digest | null  |
      | perf_hints    | null  |
      | version       | "1"   |

  Scenario Outline: A value that a field cannot have is refused, and nothing of the update holds
    Given pool "p" has been updated with
      | field          | value |
      | engine_version | "v1"  |
      | version        | "1"   |
    And I remember the registry entry of pool "p"
    When I update pool "p" with the body {"version": "2", "<field>": <value>, "engine_version": "v2"}
    Then the answer is the error 400 "INVALID_FIELD" for "<field>"
    And the registry entry of pool "p" is as remembered

    Examples:
      | field             | value            |
      | engine_digest     | 1                |
      | engine_catalog_id | []               |
      | device_mask       | false            |
      | perf_hints        | "fast"           |
      | perf_hints        | [1]              |
      | slots_total       | -1               |
      | slots_free        | "all"            |

  Scenario: A value that is refused makes no pool
    When I update pool "new" with the body {"slots_total": "many"}
    Then the answer is the error 400 "INVALID_FIELD" for "slots_total"
    And there are no pools

  Scenario Outline: A body that is no update
    Given pool "p" is registered
    When I update pool "p" with the body <body>
    Then the answer is an error from 400 to 400

    Examples:
      | body                            |
      | []                              |
      | "\"p\""                         |
      | null                            |
      | "{\"version\": \"1\""           |
      | "{\"version\": \"1\", \"version\": \"2\"}" |

  Scenario: A field that nobody knows is a warning
    When I update pool "p" with
      | field       | value |
      | slots_totl  | 4     |
    Then the answer is 201
    And the answer's warnings name "slots_totl"
