# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: An engine may run in a container

  @podman @B-SEC-010 @B-SEC-011 @B-SEC-012
  Scenario: Rootless, filtered, and kept from other hosts
    Given containers can be made in this machine
    And there is a folder "/srv/own" with a system of its own and the engine in it
    And the address 192.0.2.1 is that of another host
    And the daemon runs
    When I preload pool "p" with
      | field     | value                                   |
      | container | {"rootfs": "/srv/own"}                  |
      | env       | {"GREETING": "hello"}                   |
      | flags     | --print hello                           |
    Then the answer is 200
    And the program of the pool's unit is podman, and the engine runs in its cgroup
    And the engine in the container of pool "p" has a user without rights on the host, and a user namespace
    And the engine in the container of pool "p" has no capabilities, and its system calls are filtered by the profile
    And a packet of the engine of pool "p" to 127.0.0.1 is sent
    And a packet of the engine of pool "p" to 192.0.2.1 is refused
    And the engine of pool "p" can read "/var/lib/pool-managerd-tests/model.gguf"
    And the engine of pool "p" cannot write to "/var/lib/pool-managerd-tests/model.gguf"
    And the engine of pool "p" cannot read "/etc/passwd /usr/bin/podman"
    And the engine of pool "p" cannot make "/etc/x /srv/x"
    And the environment of the engine of pool "p" has
      | name     | value |
      | GREETING | hello |
    And the journal has a line "hello" of the engine of pool "p"
    When I stop pool "p"
    Then the answer is 200
    And nothing is left in pools.slice
    And no container is left

  Scenario Outline: A container that cannot be is refused
    Given the daemon runs
    When I preload pool "p" with "container" set to <value>
    Then the answer is the error 400 "INVALID_FIELD" for "<field>"
    And nothing has happened

    Examples:
      | value                               | field            |
      | {"image": "localhost/engine:1"}     | container.image  |
      | {"rootfs": "b"}                     | container.rootfs |
