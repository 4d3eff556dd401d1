# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: A handoff file that a provisioner drops registers its engine
  The folder is watched: what is put there is known at once, and what is taken away is gone.

  Background:
    Given the daemon runs
    And somebody else runs an engine for pool "ext"

  @B-REG-100 @B-REG-101 @B-REG-102 @B-REG-103 @B-REG-104 @B-REG-106
  Scenario: A file makes its pool ready
    When the handoff file "ext-r0.json" of pool "ext" is dropped with
      | field          | value   |
      | engine_version | "0.9.1" |
      | device_mask    | "0"     |
      | slots_total    | 8       |
      | slots_free     | 5       |
    Then the status of pool "ext" comes to have "ready" true
    And the status of pool "ext" has
      | field          | value      |
      | state          | "external" |
      | live           | true       |
      | engine_version | "0.9.1"    |
      | device_mask    | "0"        |
      | slots_total    | 8          |
      | slots_free     | 5          |
      | managed        | false      |
    And the last heartbeat of pool "ext" was when I sent it
    And the url of pool "ext" is that of the external engine of pool "ext"

  Scenario: A file is seen within 100 ms
    Then 9 pools whose files are dropped one after the other are ready, all but one within 100 ms

  @B-REG-107
  Scenario: A file with nothing but a url is the default pool
    When the handoff file "anything.json" is there that has only the url of the engine of pool "ext"
    Then pool "default" comes to be known
    And the status of pool "default" has
      | field       | value |
      | replica_id  | "r0"  |
      | ready       | true  |
      | slots_total | null  |
      | slots_free  | null  |

  @B-REG-105
  Scenario: A file clears the last error of its pool
    Given the preload of pool "ext" has failed
    When the handoff file "ext-r0.json" of pool "ext" is dropped
    Then the status of pool "ext" comes to have "ready" true
    And the status of pool "ext" has
      | field      | value |
      | last_error | null  |

  Scenario: A file that changes registers its pool anew
    Given the handoff file "ext-r0.json" of pool "ext" is dropped with
      | field          | value |
      | engine_version | "v1"  |
      | slots_total    | 4     |
    And the status of pool "ext" comes to have "engine_version" "v1"
    When the handoff file "ext-r0.json" of pool "ext" is dropped with
      | field          | value |
      | engine_version | "v2"  |
      | slots_total    | 6     |
    Then the status of pool "ext" comes to have "engine_version" "v2"
    And the status of pool "ext" has
      | field       | value |
      | slots_total | 6     |
      | ready       | true  |

  Scenario: A file that is written in place is read once it is closed
    When the file "engines/ext-r0.json" is written with {"url": "http://127.0.0.1:1", "pool_id": "ext", "engine_version": "v1"}
    Then the status of pool "ext" comes to have "engine_version" "v1"

  Scenario: When the file goes the pool goes, and the engine stays
    Given the handoff file "ext-r0.json" of pool "ext" is dropped
    And pool "ext" comes to be known
    When the handoff file "ext-r0.json" is removed
    Then pool "ext" comes to be unknown
    And the external engine of pool "ext" still runs

  Scenario: A pool that was registered before stays in the registry without its file
    Given pool "ext" has been updated with
      | field   | value |
      | version | "3"   |
    And the handoff file "ext-r0.json" of pool "ext" is dropped
    And the status of pool "ext" comes to have "ready" true
    When the handoff file "ext-r0.json" is removed
    Then the status of pool "ext" comes to have "state" "off"
    And the status of pool "ext" has
      | field   | value |
      | ready   | false |
      | live    | false |
      | version | "3"   |

  Scenario: Files that were dropped, changed and removed while the daemon was away
    Given the handoff file "gone-r0.json" of pool "ext" is dropped with
      | field   | value  |
      | pool_id | "gone" |
    And the handoff file "ext-r0.json" of pool "ext" is dropped with
      | field          | value |
      | engine_version | "v1"  |
    And pool "gone" comes to be known
    And pool "ext" comes to be known
    When the daemon is stopped
    And the handoff file "gone-r0.json" is removed
    And the handoff file "ext-r0.json" of pool "ext" is dropped with
      | field          | value |
      | engine_version | "v2"  |
    And the handoff file "new-r0.json" of pool "ext" is dropped with
      | field   | value |
      | pool_id | "new" |
    And the daemon is started
    Then the status of pool "ext" comes to have "engine_version" "v2"
    And the status of pool "new" comes to have "ready" true
    And pool "gone" comes to be unknown

  Scenario Outline: A file that is no handoff is reported once, with the reason
    When the handoff file "bad.json" is dropped with the text <text>
    Then the daemon has complained once of "bad.json"
    And the complaint of "bad.json" says "<reason>"
    When the handoff file "ext-r0.json" of pool "ext" is dropped
    Then pool "ext" comes to be known
    And the daemon has complained once of "bad.json"
    When I send GET "/pools"
    Then the answer lists the pools "ext"

    Examples:
      | text                                                | reason      |
      | {"half                                              | JSON        |
      | []                                                  | object      |
      | {}                                                  | url         |
      | {"url": 5}                                          | url         |
      | {"url": "http://127.0.0.1:1", "pool_id": "../x"}    | pool_id     |
      | {"url": "http://127.0.0.1:1", "slots_total": "all"} | slots_total |

  Scenario Outline: What is no ordinary file is reported once and holds up nobody
    When there is <what> named "odd.json" in the folder of handoffs
    Then the daemon has complained once of "odd.json"
    When the handoff file "ext-r0.json" of pool "ext" is dropped
    Then pool "ext" comes to be known
    And the daemon has complained once of "odd.json"
    When I send GET "/pools"
    Then the answer lists the pools "ext"

    Examples:
      | what                              |
      | a pipe that nobody writes to      |
      | a folder                          |
      | a link to a good handoff          |
      | a good handoff of more than 1 MiB |

  Scenario: Two files for one pool: the first one stands as long as it is there, the second one is reported
    Given the handoff file "first.json" of pool "ext" is dropped with
      | field          | value |
      | engine_version | "v1"  |
    And the status of pool "ext" comes to have "engine_version" "v1"
    When the handoff file "second.json" of pool "ext" is dropped with
      | field          | value |
      | engine_version | "v2"  |
    Then the daemon has complained once of "second.json"
    And the complaint of "second.json" says "first.json"
    And the status of pool "ext" has
      | field          | value |
      | engine_version | "v1"  |
    When the handoff file "first.json" is removed
    Then the status of pool "ext" comes to have "engine_version" "v2"

  Scenario: A bad file that is corrected is taken, and one that is bad again is reported again
    Given the handoff file "ext-r0.json" is dropped with the text {"url": 5}
    And the daemon has complained once of "ext-r0.json"
    When the handoff file "ext-r0.json" of pool "ext" is dropped
    Then the status of pool "ext" comes to have "ready" true
    When the handoff file "ext-r0.json" is dropped with the text {"url": 55}
    Then the daemon has complained 2 times of "ext-r0.json"

  Scenario: A file for a pool that runs an engine of its own is refused
    Given pool "p" is ready
    And I remember the status of pool "p"
    When the handoff file "intruder.json" of pool "ext" is dropped with
      | field   | value |
      | pool_id | "p"   |
    Then the daemon has complained once of "intruder.json"
    And the status of pool "p" still has the same
      | field      |
      | pid        |
      | state      |
      | url        |
      | generation |
      | managed    |
    When I stop pool "p"
    Then the status of pool "p" comes to have "state" "external"

  Scenario: Its own handoffs are nothing that the daemon reports or takes for those of others
    Given pool "p" is ready
    When the handoff file "ext-r0.json" of pool "ext" is dropped
    Then pool "ext" comes to be known
    And the status of pool "p" has
      | field   | value   |
      | state   | "ready" |
      | managed | true    |
    And the daemon has complained of nothing

  Scenario: Names that are not those of handoffs are left alone
    When the handoff file ".hidden.json" of pool "ext" is dropped with
      | field   | value    |
      | pool_id | "hidden" |
    And the handoff file "notes.txt" is dropped with the text "nothing"
    And the handoff file "ext-r0.json" of pool "ext" is dropped
    Then pool "ext" comes to be known
    When I send GET "/pools"
    Then the answer lists the pools "ext"
    And the daemon has complained of nothing
