# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: poolctl, the command line of the host
  Exit statuses: 0 done, 2 wrong request, 3 not permitted, 4 not found, 5 in the way of something else,
  6 the engine failed, 7 the daemon cannot be reached.

  Background:
    Given the daemon runs

  Scenario: No pools
    When I run "poolctl list"
    Then it exits with 0
    And it prints "0 pools."

  Scenario: The list
    Given pool "one" is ready
    And the preload of pool "two" has failed
    When I run "poolctl list"
    Then it exits with 0
    And it prints a line with "one", "ready", "yes", "llamacpp", "fake-1.0"
    And it prints a line with "two", "failed", "no"
    And it prints "2 pools."
    When I run "poolctl list --no-legend"
    Then it exits with 0
    And it prints 2 lines

  Scenario Outline: JSON is what HTTP says, too
    Given pool "p" is ready
    When I run "poolctl list <option>"
    Then it exits with 0
    And it prints JSON with
      | field     | value   |
      | 0.pool_id | "p"     |
      | 0.state   | "ready" |

    Examples:
      | option        |
      | --json        |
      | --json=short  |
      | --json=pretty |

  Scenario: The status of a pool, with the last words of its engine
    When I preload pool "p" and its engine gets "--print last-words"
    And the journal has a line "last-words" of the engine of pool "p"
    And I run "poolctl status p"
    Then it exits with 0
    And it prints "pool@p:r0:g1.service"
    And it prints "ready"
    And it prints "last-words"
    When I run "poolctl --json=short status p"
    Then it exits with 0
    And it prints JSON with
      | field   | value   |
      | pool_id | "p"     |
      | state   | "ready" |

  Scenario: A pool that is not there
    When I run "poolctl status nobody"
    Then it exits with 4
    And it complains of "pool nobody not found"
    When I run "poolctl stop nobody"
    Then it exits with 4
    And it complains of "nobody"

  Scenario: Preload from a file, and stop
    Given the file of a preload of pool "p"
    When I run "poolctl preload {file}"
    Then it exits with 0
    And it prints "p: ready at http://127.0.0.1:"
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |
    When I run "poolctl stop p"
    Then it exits with 0
    And it prints "p: stopped"
    And nothing is left in pools.slice

  Scenario: Preload from standard input, and JSON
    Given the file of a preload of pool "p"
    When I run "poolctl preload --json p -" with the file as input
    Then it exits with 0
    And it prints JSON with
      | field      | value    |
      | pool_id    | "p"      |
      | generation | 1        |
      | pid        | a number |
    When I run "poolctl stop --json p"
    Then it exits with 0
    And it prints JSON with
      | field         | value |
      | pool_id       | "p"   |
      | force_stopped | false |

  Scenario: A preload that fails shows what the engine said
    Given the file of a preload of pool "p" whose engine gets "--print famous-last-words --exit-at-once 3"
    When I run "poolctl preload {file}"
    Then it exits with 6
    And it complains of "exited with status 3"
    And it complains of "famous-last-words"
    And it complains of "journalctl -u 'pool@p:r0:g1.service'"

  Scenario: A preload without waiting
    Given the file of a preload of pool "p"
    When I run "poolctl preload --no-wait {file}"
    Then it exits with 0
    And pool "p" becomes "ready"

  Scenario: Files that are no preload
    When I run "poolctl preload /no/such/file"
    Then it does not exit with 0
    And it complains of "/no/such/file"
    When I run "poolctl preload -" with "{" as input
    Then it exits with 2
    When I run "poolctl preload p -" with "{}" as input
    Then it exits with 2
    And it complains of "pool_id"

  Scenario: Something is in the way
    Given a preload of pool "p" waits for its engine, which answers 503
    And the file of a preload of pool "p"
    When I run "poolctl preload {file}"
    Then it exits with 5

  Scenario: Several pools at once are stopped, and the missing one is named
    Given pool "one" is ready
    And pool "two" is ready
    When I run "poolctl stop one nobody two"
    Then it exits with 4
    And it complains of "nobody"
    And nothing is left in pools.slice

  Scenario: The engine's output
    When I preload pool "p" and its engine gets "--print first-words"
    And the journal has a line "first-words" of the engine of pool "p"
    And I run "poolctl logs p"
    Then it exits with 0
    And it prints "first-words"
    When I run "poolctl logs -n 1 p"
    Then it exits with 0
    And it prints 1 line

  Scenario: The engine's output is followed
    Given pool "p" is ready
    And "poolctl logs -f p" runs and has printed "listening on"
    When I stop pool "p"
    Then it goes on to print "asked to stop"

  Scenario Outline: What is written wrong
    When I run "poolctl <words>"
    Then it exits with 2
    And it complains of "<says>"

    Examples:
      | words             | says              |
      | lst               | did you mean list |
      | sotp p            | did you mean stop |
      | frobnicate        | frobnicate        |
      |                   | poolctl --help    |
      | status --frob     | --frob            |
      | stop              | too few words     |
      | list more         | too many words    |
      | list --json=xml   | xml               |
      | stop bad/id       | bad/id            |

  Scenario Outline: Help and version
    When I run "poolctl <words>"
    Then it exits with 0
    And it prints "<says>"

    Examples:
      | words          | says             |
      | --help         | preload          |
      | help stop      | poolctl stop     |
      | stop --help    | poolctl stop     |
      | --version      | poolctl          |

  Scenario: Somebody who is not root
    Given pool "p" is ready
    When somebody else runs "poolctl list"
    Then it exits with 0
    When somebody else runs "poolctl stop p"
    Then it exits with 3
    And it complains of "root"
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |

  Scenario: The daemon is not there
    Given the daemon is stopped
    When I run "poolctl list"
    Then it exits with 7
    And it complains of "systemctl start pool-managerd"

  Scenario: The daemon goes away in the middle of a preload
    Given the file of a preload of pool "p" whose engine gets "--never-healthy"
    And "poolctl preload {file}" runs
    And the engine of pool "p" has had 1 health check
    When the daemon is stopped
    Then it ends with 7
    And it complains of "pool-managerd"

  Scenario: Interrupting the client does not interrupt the preload
    Given the file of a preload of pool "p" whose engine gets "--never-healthy"
    And "poolctl preload {file}" runs
    And the engine of pool "p" has had 1 health check
    When it is interrupted
    Then it ends with 130
    And it complains of "goes on"
    When the engine of pool "p" becomes healthy
    Then pool "p" becomes "ready"

  Scenario: On a terminal a preload shows how far it is
    Given the file of a preload of pool "p" whose engine gets "--never-healthy"
    And "poolctl preload {file}" runs on a terminal
    Then the terminal shows "warming"
    And the terminal shows "503"
    When the engine of pool "p" becomes healthy
    Then the terminal shows "ready at"
    And it ends with 0

  Scenario: A reader that stops reading is no reason to crash
    Given pool "p" is ready
    When I run "poolctl list --json=pretty" and read only its first line
    Then it was not ended by a signal other than SIGPIPE
