# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: No client can hold up another one
  The daemon has one thread. What one client does slowly, or not at all, must not show anywhere else.

  Background:
    Given the daemon runs

  Scenario: Clients that never finish their request are cut off
    Given the daemon runs with
      """
      [HTTP]
      RequestTimeoutSec=2s
      IdleTimeoutSec=1s
      """
    When a client sends "GET /hea" and waits
    And a client sends "POST /pools/p/preload HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{" and waits
    And a client connects and says nothing
    And a client sends one byte after the other of a request without end
    Then the connections of all of them end within 10 seconds
    And the daemon still answers

  Scenario: A request that comes byte by byte is answered
    When a client sends GET "/health" byte by byte
    Then the answer is 200

  Scenario: Two requests on one connection are answered in order
    When a client sends GET "/health" and GET "/pools" on one connection at once
    Then it gets both answers in order

  Scenario: A preload that waits delays nobody
    Given a preload of pool "slow" waits for its engine, which answers 503
    When I send GET "/pools" 200 times
    Then each answer is 200 and came within 500 ms
    And the preload of pool "slow" still waits

  Scenario: Twenty preloads that wait delay nobody
    Given preloads of 20 pools wait for their engines, which answer 503
    When I send GET "/pools" 50 times
    Then each answer is 200 and came within 1000 ms
    When the engines of the 20 pools become healthy
    Then the preloads of the 20 pools are answered with 200

  Scenario: 500 idle connections delay nobody
    Given 500 clients are connected and say nothing
    When I send GET "/health" 50 times
    Then each answer is 200 and came within 500 ms
