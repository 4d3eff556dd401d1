# SPDX-License-Identifier: LGPL-2.1-or-later
@vm
Feature: An engine runs from a disk image
  For which systemd needs loop devices.

  Scenario Outline: An image with a system of its own
    Given there is a <kind> image "/srv/own.raw" with a system of its own and the engine in it
    And the daemon runs with
      """
      [Sandbox]
      AllowRelax=all
      """
    When I preload pool "p" with
      | field   | value                          |
      | sandbox | {"root_image": "/srv/own.raw"} |
    Then the answer is 200
    And the answer's warnings name "sandbox.root_image is relaxed: the engine runs from a disk image"
    And the root folder of the engine of pool "p" is "/srv/own.raw"
    And the engine of pool "p" does not run as root
    And the engine of pool "p" can read "/var/lib/pool-managerd-tests/model.gguf"
    And the engine of pool "p" cannot write to "/var/lib/pool-managerd-tests/model.gguf"
    And the engine of pool "p" can make "/var/cache/pool-engines/p/r0/<kind>"
    And the engine of pool "p" cannot make "/srv/x /etc/x"
    When the engine of pool "p" is killed, and is back
    Then the root folder of the engine of pool "p" is "/srv/own.raw"
    When I stop pool "p"
    Then no loop device is in use

    Examples:
      | kind     |
      | ext4     |
      | squashfs |

  Scenario: An image that is none
    Given there are the files
      | file               |
      | /srv/none/none.raw |
    And the daemon runs with
      """
      [Sandbox]
      AllowRelax=all
      """
    When I preload pool "p" with
      | field   | value                                |
      | sandbox | {"root_image": "/srv/none/none.raw"} |
    Then the answer is an error from 500 to 503
    And nothing is left in pools.slice
    And no loop device is in use
