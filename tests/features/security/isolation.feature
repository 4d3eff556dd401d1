# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: An engine is kept apart from the rest of the host

  @B-SEC-001 @B-SEC-003
  Scenario: An engine has a user of its own, no capabilities, and few system calls
    Given the daemon runs
    And pool "p" is ready
    And pool "q" is ready
    Then the engine of pool "p" does not run as root
    And the process of pool "p" has no capabilities, and its system calls are filtered
    And the engines of pool "p" and pool "q" have different users
    When I restart pool "p"
    Then the engine of pool "p" has the same user as before
    And the unit of pool "p" is rated 2.0 or better by "systemd-analyze security"
    And the unit "pool-managerd.service" is rated 2.7 or better by "systemd-analyze security"
    When systemd reloads its units
    Then the unit of pool "p" is rated 2.0 or better by "systemd-analyze security"
    And the status of pool "p" has
      | field           | value   |
      | state           | "ready" |
      | sandbox_relaxed | null    |

  @B-SEC-002
  Scenario: An engine has a work directory of its own, and writes nowhere else
    Given the daemon runs
    And pool "p" is ready
    And pool "q" is ready
    Then the engine of pool "p" works in "/var/cache/pool-engines/p/r0", which is private
    And the environment of the engine of pool "p" has
      | name | value                        |
      | HOME | /var/cache/pool-engines/p/r0 |
    And the engine of pool "p" can make "/var/cache/pool-engines/p/r0/kept"
    And the engine of pool "q" cannot read "/var/cache/pool-engines/p/r0"
    And the engine of pool "p" cannot make "/var/lib/x /usr/x /etc/x /run/x /var/cache/x /root/x /home/x"
    When I restart pool "p"
    Then the engine of pool "p" can read "/var/cache/pool-engines/p/r0/kept"

  Scenario: An engine talks to this host only, and to whom it may
    Given the address 192.0.2.1 is that of another host
    And the daemon runs
    And pool "p" is ready
    Then a packet of the engine of pool "p" to 127.0.0.1 is sent
    And a packet of the engine of pool "p" to 192.0.2.1 is refused
    When I preload pool "allowed" with
      | field   | value                                  |
      | sandbox | {"ip_address_allow": ["192.0.2.0/24"]} |
    Then the answer is 200
    And the answer's warnings name "sandbox.ip_address_allow is relaxed"
    And a packet of the engine of pool "allowed" to 192.0.2.1 is sent
    When the daemon is reloaded with
      """
      [Sandbox]
      IPAddressAllow=198.51.100.0/24 192.0.2.1
      """
    And I restart pool "p"
    Then a packet of the engine of pool "p" to 192.0.2.1 is sent
    When I preload pool "open" with
      | field | value     |
      | host  | "0.0.0.0" |
    Then the answer is 200
    And the answer has
      | field    | value |
      | warnings | []    |

  Scenario: A model is there wherever it lies, and nothing around it
    Given there are the files
      | file                                                           |
      | /root/models/m-00001-of-00002.gguf                             |
      | /root/models/m-00002-of-00002.gguf                             |
      | /root/models/other                                             |
      | /root/hub/models--a--b/blobs/0                                 |
      | /root/hub/models--a--b/snapshots/1/config.json -> ../../blobs/0 |
    And the daemon runs
    When I preload pool "parts" with
      | field      | value                                |
      | model_path | "/root/models/m-00001-of-00002.gguf" |
    Then the answer is 200
    And the engine of pool "parts" can read "/root/models/m-00001-of-00002.gguf /root/models/m-00002-of-00002.gguf"
    And the engine of pool "parts" cannot read "/root/models/other /root/hub"
    And the engine of pool "parts" cannot write to "/root/models/m-00001-of-00002.gguf"
    When I preload pool "folder" with
      | field      | value                                  |
      | model_path | "/root/hub/models--a--b/snapshots/1"   |
      | engine     | "vllm"                                 |
      | flags      | --print=/root/models/other             |
    Then the answer is 200
    And the answer's warnings name "the engine does not see /root/models/other"
    And the engine of pool "folder" can read "/root/hub/models--a--b/snapshots/1/config.json"
    When I preload pool "more" with
      | field   | value                                 |
      | sandbox | {"read_only_paths": ["/root/models"]} |
    Then the answer is 200
    And the engine of pool "more" can read "/root/models/other"

  @B-SEC-001 @B-SEC-003
  Scenario: What is relaxed is answered, shown and logged
    Given the daemon runs with
      """
      [Sandbox]
      AllowRelax=all
      """
    When I preload pool "p" with
      | field   | value                                                                               |
      | sandbox | {"user": "tester", "capabilities": ["CAP_SYS_NICE"], "protect_proc": false, "system_call_filter": ["@known"], "restrict_namespaces": false, "read_write_paths": ["/var/lib/pool-managerd-tests"]} |
    Then the answer is 200
    And the answer's warnings name "sandbox.user is relaxed: the engine runs as a user of the host"
    And the engine of pool "p" runs as that user
    And the status of pool "p" has
      | field           | value                                                                                  |
      | sandbox_relaxed | "user protect_proc restrict_namespaces capabilities read_write_paths system_call_filter" |
    And the daemon has logged a problem of pool "p" that contains "starts with a relaxed sandbox: user protect_proc"
    And the unit of pool "p" has
      | property              | value        |
      | CapabilityBoundingSet | cap_sys_nice |
      | AmbientCapabilities   | cap_sys_nice |
      | RestrictNamespaces    | no           |
      | SystemCallFilter      | ~            |
    When the daemon is killed by SIGKILL
    Then the status of pool "p" has
      | field           | value                                                                                  |
      | state           | "ready"                                                                                |
      | sandbox_relaxed | "user protect_proc restrict_namespaces capabilities read_write_paths system_call_filter" |
    When I restart pool "p"
    Then the engine of pool "p" runs as that user

  Scenario: The administrator forbids what gives an engine the rights of others, or all of it
    Given the daemon runs
    When I preload pool "p" with
      | field   | value              |
      | sandbox | {"user": "tester"} |
    Then the answer is the error 403 "FORBIDDEN" for "sandbox.user"
    And the error text contains "AllowRelax=all"
    And nothing has happened
    When I preload pool "p" with
      | field   | value                   |
      | sandbox | {"protect_proc": false} |
    Then the answer is 200
    When the daemon is reloaded with
      """
      [Sandbox]
      AllowRelax=no
      """
    And I restart pool "p"
    Then the answer is the error 403 "FORBIDDEN" for "sandbox.protect_proc"

  Scenario Outline: A sandbox that cannot be is refused
    Given the daemon runs
    When I preload pool "p" with "sandbox" set to <value>
    Then the answer is the error 400 "INVALID_FIELD" for "<field>"
    And nothing has happened

    Examples:
      | value                                       | field                              |
      | {"user": "root"}                            | sandbox.user                       |
      | {"private_tmp": "no"}                       | sandbox.private_tmp                |
      | {"private_tmp": false}                      | sandbox.private_tmp                |
      | {"protect_home": "never"}                   | sandbox.protect_home               |
      | {"read_only_paths": ["/a", "b"]}            | sandbox.read_only_paths[1]         |
      | {"ip_address_allow": ["192.0.2.0/33"]}      | sandbox.ip_address_allow[0]        |
      | {"capabilities": ["CAP_EVERYTHING"]}        | sandbox.capabilities[0]            |
      | {"root_directory": "/a", "root_image": "/b"} | sandbox.root_image                |

  @user
  Scenario: A user's own service manager keeps an engine apart as far as it can
    Given the service manager of a user runs
    And the user's daemon runs
    And pool "p" is ready
    Then the process of pool "p" has no capabilities, and its system calls are filtered

  Scenario: An engine runs from a folder with a system of its own
    Given there is a folder "/srv/own" with a system of its own and the engine in it
    And the daemon runs
    When I preload pool "p" with
      | field   | value                           |
      | sandbox | {"root_directory": "/srv/own"}  |
    Then the answer is 200
    And the root folder of the engine of pool "p" is "/srv/own"
    And the engine of pool "p" does not run as root
    And the engine of pool "p" can read "/var/lib/pool-managerd-tests/model.gguf"
    And the engine of pool "p" cannot write to "/var/lib/pool-managerd-tests/model.gguf"
    And the engine of pool "p" can make "/var/cache/pool-engines/p/r0/new"
    And the engine of pool "p" cannot make "/srv/x /etc/x"
