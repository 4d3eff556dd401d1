# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Another model without a moment in which the pool does not serve
  The new engine is started beside the one that serves, on another port, and takes over when it is ready. The old one
  is drained then. Whatever goes wrong before that, nothing has happened to the pool.

  Background:
    Given the daemon runs with a model provisioner
    And there are the models
      | model | kind |
      | a     | good |
      | b     | good |
      | slow  | slow |
      | bad   | bad  |

  @B-RELOAD-004 @B-RELOAD-005 @B-RELOAD-006
  Scenario: The pool serves at each moment, and clients notice nothing
    Given pool "p" is ready with the model "a"
    And a client uses pool "p" again and again
    And a blue-green reload of pool "p" to "slow" is under way
    Then the status of pool "p" has
      | field      | value   |
      | state      | "ready" |
      | ready      | true    |
      | draining   | false   |
      | generation | 1       |
    And the client goes on
    When the model "slow" may go on
    Then the reload of pool "p" is answered with 200
    And pool "p" serves the model "slow" on another port
    And 1 engine of pool "p" runs
    And nothing has failed for the client
    And the client has used the generations "1 2"

  @B-RELOAD-007
  Scenario: A new engine that is no good leaves the old one as it is
    Given pool "p" is ready with the model "a"
    And I remember the status of pool "p"
    And a client uses pool "p" again and again
    When I reload pool "p" to "bad" with
      | field    | value        |
      | strategy | "blue-green" |
    Then the answer is 500
    And the answer has
      | field       | value |
      | success     | false |
      | rolled_back | true  |
    And the remembered engine of pool "p" still runs
    And pool "p" serves the model "a"
    And 1 engine of pool "p" runs
    And nothing has failed for the client

  Scenario: The leases of the old engine are waited for
    Given pool "p" is ready with the model "a"
    And I remember the status of pool "p"
    And 1 leases of pool "p" are out
    When I reload pool "p" to "b" with
      | field    | value        |
      | strategy | "blue-green" |
    Then the answer is 200
    And the answer's warnings name "generation 1"
    And pool "p" serves the model "b" on another port
    And the remembered engine of pool "p" still runs
    And 2 engines of pool "p" run
    When I reload pool "p" to "a"
    Then the answer is the error 409 "OPERATION_IN_PROGRESS"
    When I release lease 1 of pool "p"
    Then the answer is 200
    And 1 engine of pool "p" runs

  Scenario: The daemon is killed while both engines run
    Given pool "p" is ready with the model "a"
    And 1 leases of pool "p" are out
    And a blue-green reload of pool "p" to "slow" is under way
    When the daemon is killed by SIGKILL
    Then pool "p" becomes ready with generation 1
    And 2 engines of pool "p" run
    When the model "slow" may go on
    Then pool "p" becomes ready with generation 2
    And pool "p" serves the model "slow" on another port
    When the daemon is killed by SIGKILL
    Then pool "p" becomes ready with generation 2
    And 2 engines of pool "p" run
    When I release lease 1 of pool "p"
    Then the answer is 200
    And 1 engine of pool "p" runs

  Scenario: A stop ends both
    Given pool "p" is ready with the model "a"
    And a blue-green reload of pool "p" to "slow" is under way
    When I stop pool "p"
    Then the answer is 200
    And 0 engines of pool "p" run
    And the reload of pool "p" is answered with 409

  Scenario: An engine that cannot be told where to listen is replaced the plain way, and the answer says so
    Given pool "p" is ready with the model "a", and cannot be told where to listen
    When I reload pool "p" to "b" with
      | field    | value        |
      | strategy | "blue-green" |
    Then the answer is 200
    And the answer's warnings name "strategy"
    And pool "p" serves the model "b"

  @llama-server
  Scenario: The real llama-server gives way to another, and not to a broken model
    Given the daemon runs with
      """
      """
    And there is a second model for the real llama-server
    When I preload pool "p" with the real llama-server
    Then the answer is 200
    When a client uses pool "p" again and again
    And I reload pool "p" blue-green to a broken model
    Then the answer is 500
    When I reload pool "p" blue-green to the second model
    Then the answer is 200
    And 1 engine of pool "p" runs
    And nothing has failed for the client
    And the client has used the generations "1 3"
