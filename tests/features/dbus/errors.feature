# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Errors over D-Bus have a name and say what to do

  Background:
    Given the daemon runs

  Scenario Outline: A malformed preload
    When I call "PreloadAndWait" for pool "p" with the text <text>
    Then the call failed with "<error>"
    And the error over the bus contains "<says>"
    And there are no pools

    Examples:
      | text                                 | error        | says        |
      | "{"                                  | InvalidJson  | line 1      |
      | "{}"                                 | InvalidField | pool_id     |
      | "[]"                                 | BadRequest   | object      |
      | "{\"prepared\": {\"pool_id\": \"q\"}}" | InvalidField | binary_path |

  Scenario: An id that no pool may have
    When I call "StopAndWait" for pool "a/b" by hand
    Then the call failed with "InvalidId" or "PoolNotFound"

  Scenario: Pools that are not there
    When I call "StopAndWait" for pool "nobody" by hand
    Then the call failed with "PoolNotFound"
    When I call "GetPool" for pool "nobody" by hand
    Then the call failed with "PoolNotFound"

  Scenario: A pool without an engine
    Given the preload of pool "p" has failed
    When I call "StopAndWait" for pool "p" by hand
    Then the call failed with "NoEngine"

  Scenario: A preload that fails
    When I call "PreloadAndWait" for pool "p" with an engine that exits at once
    Then the call failed with "PreloadFailed"
    And the error over the bus contains "status 3"

  Scenario: A preload while another one is under way
    Given a preload of pool "p" waits for its engine, which answers 503
    When I call "PreloadAndWait" for pool "p" with its own PreparedEngine
    Then the call failed with "OperationInProgress"

  Scenario Outline: Somebody who is not root may look but not touch
    Given pool "p" is ready
    When somebody else calls "<method>" for pool "p"
    Then the call failed with "Forbidden"
    And the error over the bus contains "root"
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |

    Examples:
      | method         |
      | Stop           |
      | StopAndWait    |
      | Preload        |
      | PreloadAndWait |

  Scenario: Somebody who is not root may read
    Given pool "p" is ready
    When somebody else calls "ListPools"
    Then the call succeeded
    When somebody else calls "Describe"
    Then the call succeeded
    When somebody else reads the properties of pool "p"
    Then the call succeeded

  Scenario: The name can be owned by root only
    Given the daemon is stopped
    When somebody else asks for the bus name
    Then the bus refuses it

  Scenario: A second daemon says that the name is taken
    When a second daemon is started by hand
    Then it ends with an error that contains "org.llamaorch.PoolManager1"
    And the daemon still answers
