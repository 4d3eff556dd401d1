# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Events tell what happens, as it happens
  Who follows them needs to ask for nothing again, also across a connection that broke.

  Background:
    Given the daemon runs

  Scenario: The life of a pool
    Given I follow the events
    When I preload pool "p"
    Then an event tells that pool "p" is "ready"
    And an event tells that the operation "preload" of pool "p" has ended with
      | field      | value |
      | pool_id    | "p"   |
      | generation | 1     |
    When I stop pool "p"
    Then an event tells that pool "p" is "stopping"
    And an event tells that pool "p" is "off"
    And an event tells that the operation "stop" of pool "p" has ended with
      | field         | value |
      | force_stopped | false |
    When I deregister pool "p"
    Then an event tells that pool "p" is gone
    And no event is missing and none came twice

  Scenario: A preload that fails
    Given I follow the events
    When I preload pool "p" and its engine gets "--exit-at-once 3"
    Then an event tells that pool "p" is "failed"
    And an event tells that the operation "preload" of pool "p" has ended with
      | field | value            |
      | code  | "PRELOAD_FAILED" |

  Scenario: A client goes on where it was
    Given I follow the events
    When I preload pool "p"
    And an event tells that pool "p" is "ready"
    And I stop following
    And I stop pool "p"
    And I follow the events from the one behind the last
    Then an event tells that pool "p" is "off"
    And no event is missing and none came twice

  Scenario: The same for a client that cannot set headers
    Given I follow the events
    When I preload pool "p"
    And an event tells that pool "p" is "ready"
    And I stop following
    And I stop pool "p"
    And I follow the events from the one behind the last, named in the query
    Then an event tells that pool "p" is "off"
    And no event is missing and none came twice

  Scenario: Where it stands is known before anything has happened
    Given I follow the events
    When I stop following
    And I preload pool "p"
    And I follow the events from the one behind the last
    Then an event tells that pool "p" is "starting"
    And an event tells that pool "p" is "ready"

  Scenario: Numbers of another run of the daemon say nothing
    Given I follow the events
    When I preload pool "p"
    And an event tells that pool "p" is "ready"
    And the daemon is restarted by systemctl
    And I follow the events from the one behind the last
    Then an event tells that events are missing, because "the daemon was restarted"
    When I stop pool "p"
    Then an event tells that pool "p" is "off"

  Scenario Outline: What is no number of ours
    When I follow the events from the one behind "<last>"
    Then an event tells that events are missing, because "none of ours"
    When I preload pool "p"
    Then an event tells that pool "p" is "ready"

    Examples:
      | last      |
      | 17        |
      | yesterday |
      | 1-2-3     |

  Scenario: The events of one pool
    Given I follow the events of pool "p"
    When I preload pool "other"
    And I preload pool "p"
    Then an event tells that pool "p" is "ready"
    And all events were of pool "p"

  Scenario: Fifty clients are told the same
    Given 50 clients follow the events
    When I preload pool "p"
    Then each of them is told that pool "p" is "ready"

  Scenario: A client to whom there is nothing to say is not cut off
    Given the daemon runs with
      """
      [HTTP]
      IdleTimeoutSec=1s
      """
    And I follow the events of pool "p"
    When a client connects and says nothing
    Then its connection ends within 30 seconds
    When I preload pool "p"
    Then an event tells that pool "p" is "ready"

  @long
  Scenario: A stream on which nothing happens shows that it is alive
    Given I follow the events
    Then the stream says within 20 seconds where it stands
    And the stream says within 20 seconds where it stands

  Scenario: The daemon ends the streams when it ends
    Given I follow the events
    When the daemon is stopped
    Then the stream has ended

  Scenario: As many as are allowed, and no more
    Given the daemon runs with
      """
      [HTTP]
      WaitingMax=2
      """
    And 2 clients follow the events
    When I send GET "/events"
    Then the answer is the error 503 "UNAVAILABLE"
    And the error text contains "follow"

  Scenario: HEAD says what it would be
    When I send HEAD "/events"
    Then the answer is 200
    And the answer has the content type "text/event-stream"
    And the answer has no body
