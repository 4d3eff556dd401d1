# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Whoever is not root must be allowed by polkit what changes something

  Background:
    Given the daemon runs

  Scenario: Each verb is an action
    Then polkit knows the actions of the documentation, and no others of the daemon

  Scenario: Root needs no polkit
    Given polkit is not there
    When I call "Register" over the bus with ["p"]
    Then the bus replied [true]

  Scenario: Rules can tell verbs and pools apart
    Given polkit's rules allow somebody else the verb "register" for pool "mine"
    When somebody else tries "Register" over the bus with ["mine"]
    Then the call succeeded
    When somebody else tries "Register" over the bus with ["yours"]
    Then the call failed with "Forbidden"
    And the error over the bus contains "org.llamaorch.PoolManager1.register on pool "yours""
    When somebody else tries "Deregister" over the bus with ["mine", false]
    Then the call failed with "Forbidden"
    And the error over the bus contains "deregister"
    And the pools on the bus are
      | id   | state |
      | mine | off   |

  Scenario: Somebody who is allowed to, runs an engine
    Given polkit's rules allow somebody else the verb "preload" for pool "p"
    When somebody else calls "PreloadAndWait" for pool "p"
    Then the call succeeded
    And pool "p" becomes "ready"
    When somebody else calls "StopAndWait" for pool "p"
    Then the call failed with "Forbidden"
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |

  Scenario Outline: Without a rule nobody else may <method>
    Given pool "p" is ready
    When somebody else tries "<method>" over the bus with <arguments>
    Then the call failed with "Forbidden"
    And the error over the bus contains "run it as root"

    Examples:
      | method                | arguments                            |
      | Preload               | ["p", "{}"]                          |
      | Stop                  | ["p"]                                |
      | Restart               | ["p"]                                |
      | Register              | ["q"]                                |
      | Deregister            | ["p", true]                          |
      | Update                | ["p", "{}"]                          |
      | RegisterHandoff       | ["q", "{}"]                          |
      | Heartbeat             | ["p", 1]                             |
      | AcquireLease          | ["p", "", 1000, false]               |
      | ReleaseLease          | ["p", "1.1"]                         |
      | ReleaseAnonymousLease | ["p"]                                |
      | ResetBreaker          | ["p"]                                |
      | AllowRestart          | ["p"]                                |
      | OpenLogs              | ["p", 10, 0, false, false]           |

  Scenario Outline: Everybody may read: <method>
    Given pool "p" is ready
    When somebody else tries "<method>" over the bus with <arguments>
    Then the call succeeded

    Examples:
      | method       | arguments |
      | GetHealth    | ["p"]     |
      | DescribePool | ["p"]     |
      | GetPool      | ["p"]     |
      | ListPools    | []        |
      | Describe     | []        |
      | GetOperation | [1]       |
      | ListEvents   | [0]       |

  Scenario Outline: Who may read the journal may read what the engines say
    Given pool "p" is ready
    And somebody else is in the group "<group>"
    When somebody else tries "OpenLogs" over the bus with ["p", 10, 0, false, false]
    Then the call succeeded
    When somebody else tries "Stop" over the bus with ["p"]
    Then the call failed with "Forbidden"

    Examples:
      | group           |
      | systemd-journal |
      | adm             |

  Scenario: One's own lease can be given back without asking
    Given pool "p" is ready
    And polkit's rules allow somebody else the verb "lease" for pool "p"
    Then somebody else takes a lease of pool "p" and gives it back on the same connection
    And 1 leases of pool "p" are out
    When somebody else tries "ReleaseLease" over the bus with ["p", "1.2"]
    Then the call failed with "Forbidden"
    And pool "p" has 1 active lease

  Scenario: Without polkit only root may
    Given polkit is not there
    When somebody else tries "Register" over the bus with ["p"]
    Then the call failed with "Forbidden"
    And the error over the bus contains "polkit cannot be asked"
    And the error over the bus contains "only root may"
    And there are no pools

  Scenario: A polkit that dies while it is being asked
    Given polkit hangs
    And polkit is being asked whether somebody else may do "Register" for pool "p"
    When I call "Register" over the bus with ["q"]
    And polkit dies
    Then the caller gets the error "Forbidden", which contains "only root may"
    And the pools on the bus are
      | id | state |
      | q  | off   |

  Scenario: A caller that leaves while polkit is being asked
    Given polkit hangs
    And polkit is being asked whether somebody else may do "Register" for pool "p"
    When the caller is killed
    Then the question to polkit is cancelled
    And there are no pools
