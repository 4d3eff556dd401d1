# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: poolctl lease and release
  A lease that poolctl takes lives as long as poolctl does.

  Background:
    Given the daemon runs

  Scenario: A command runs with a lease
    Given pool "p" is ready
    When I run "poolctl lease p -- sh -c 'poolctl list --no-legend; exit 17'"
    Then it exits with 17
    And it prints a line with "p", "ready", "1"
    And pool "p" has 0 active leases

  Scenario Outline: How the command ends is how poolctl ends
    Given pool "p" is ready
    When I run "poolctl lease p -- <command>"
    Then it exits with <status>
    And pool "p" has 0 active leases

    Examples:
      | command              | status |
      | true                 | 0      |
      | sh -c 'kill -KILL $$' | 137    |
      | sh -c 'kill -TERM $$' | 143    |
      | /no/such/program     | 127    |
      | /etc/passwd          | 126    |

  Scenario Outline: Signals go to the command
    Given pool "p" is ready
    And "poolctl lease p -- sh -c 'trap "echo caught; exit 3" <name>; echo armed; while :; do sleep 0.05; done'" runs and has printed "armed"
    When it is sent SIG<name>
    Then it ends with 3
    And it prints "caught"
    And pool "p" has 0 active leases

    Examples:
      | name |
      | TERM |
      | INT  |
      | HUP  |
      | USR1 |

  Scenario: A key of the terminal reaches the command once
    Given pool "p" is ready
    And "poolctl lease p -- sh -c 'trap "echo caught-it; n=1" INT; echo armed; until [ "$n" ]; do sleep 0.05; done; sleep 0.2; exit 5'" runs on a terminal
    Then the terminal shows "armed"
    And pool "p" has 1 active lease
    When the key Ctrl-C is pressed
    Then it ends with 5
    And it prints "caught-it" once
    And pool "p" has 0 active leases

  Scenario Outline: Without a command the lease is held until a signal
    Given pool "p" is ready
    And a lease of pool "p" is held by "poolctl lease p"
    Then pool "p" has 1 active lease
    When it is sent <signal>
    Then it ends with 0
    And pool "p" has 0 active leases

    Examples:
      | signal  |
      | SIGINT  |
      | SIGTERM |

  Scenario: Not even SIGKILL leaks a lease
    Given pool "p" is ready
    And a lease of pool "p" is held by "poolctl lease p"
    When it is sent SIGKILL
    Then pool "p" comes to have 0 active leases

  Scenario: A lease outlives the daemon, not its holder
    Given pool "p" is ready
    And a lease of pool "p" is held by "poolctl lease p"
    When the daemon is stopped and started again
    Then pool "p" has 1 active lease
    When it is sent SIGTERM
    Then it ends with 0
    And it complains of nothing
    And pool "p" has 0 active leases

  Scenario: JSON
    Given pool "p" is ready
    And "poolctl lease p --json=short" runs and has printed "lease_id"
    When it is sent SIGTERM
    Then it ends with 0
    And its line 1 is JSON with
      | field         | value    |
      | lease_id      | a string |
      | active_leases | 1        |
      | generation    | 1        |

  Scenario: A lease that expires is over, and its command goes on
    Given pool "p" is ready
    When I run "poolctl lease p --ttl=50ms"
    Then it exits with 4
    And it complains of "time to live"
    And pool "p" has 0 active leases
    When I run "poolctl lease p --ttl=10ms -- sh -c 'sleep 0.3; echo still here'"
    Then it exits with 0
    And it prints "still here"
    And it complains of "time to live"

  Scenario: A lease ends with its engine
    Given pool "p" is ready
    And a lease of pool "p" is held by "poolctl lease p"
    When I stop pool "p"
    Then it ends with 4
    And it complains of "the engine has ended"

  Scenario: No lease of what is not ready, or not there
    Given the preload of pool "p" has failed
    When I run "poolctl lease p -- echo ran"
    Then it exits with 5
    And it prints nothing
    When I run "poolctl lease nobody -- echo ran"
    Then it exits with 4
    And it complains of "nobody"

  Scenario: Slots are enforced on demand
    When I preload pool "p" with
      | field       | value |
      | slots_total | 1     |
    And I take a lease of pool "p"
    And I run "poolctl lease p --enforce-slots -- true"
    Then it exits with 5
    When I run "poolctl lease p -- true"
    Then it exits with 0

  Scenario: A lease is released by its id, once
    Given pool "p" is ready
    And a lease of pool "p" is held by "poolctl lease p --owner=somebody"
    When I run "poolctl release p {lease}" with that lease
    Then it exits with 0
    And it prints "p: 0 leases left"
    When I run "poolctl release p {lease}" with that lease
    Then it exits with 4
    And pool "p" has 0 active leases

  Scenario: Anonymous leases
    Given pool "p" is ready
    And I take a lease of pool "p"
    And I take a lease of pool "p"
    When I run "poolctl release p"
    Then it exits with 0
    And it prints "p: 1 lease left"
    When I run "poolctl release --json=short p"
    Then it prints JSON with
      | field         | value |
      | active_leases | 0     |
    When I run "poolctl release p"
    Then it exits with 0
    And it prints "p: 0 leases left"
    When I run "poolctl release nobody"
    Then it exits with 4

  Scenario Outline: What is written wrong
    When I run "poolctl <words>"
    Then it exits with 2
    And it complains of "<says>"

    Examples:
      | words                 | says                  |
      | lease                 | too few words         |
      | lease p --ttl=soon    | --ttl soon            |
      | lease p --owner=      | --owner               |
      | lease p --force       | means nothing         |
      | lease bad/id          | bad/id                |
      | release               | too few words         |
      | release p 1.1 x       | too many words        |
