# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Completion of poolctl in shells

  Background:
    Given the daemon runs

  Scenario Outline: A tab in a real shell
    Given pool "alpha-one" is ready
    And pool "beta" is registered
    Then in a real <shell> a tab makes of
      | typed                               | line                                       |
      | poolctl sta                         | "poolctl status "                          |
      | poolctl stop al                     | "poolctl stop alpha-one "                  |
      | poolctl status alpha-one b          | "poolctl status alpha-one beta "           |
      | poolctl set beta slots_to           | "poolctl set beta slots_total="            |
      | poolctl list --no-l                 | "poolctl list --no-legend "                |
      | poolctl list --json=pr              | "poolctl list --json=pretty "              |
      | poolctl logs --li                   | "poolctl logs --lines="                    |
      | poolctl preload /etc/hostn          | "poolctl preload /etc/hostname "           |
      | poolctl register x --handoff=/etc/hostn | "poolctl register x --handoff=/etc/hostname " |
      | poolctl lease alpha-one -- hostnamec | "poolctl lease alpha-one -- hostnamectl " |

    Examples:
      | shell |
      | bash  |
      | zsh   |

  Scenario: Pools that stand there already are not offered again
    Given pool "alpha" is registered
    And pool "beta" is registered
    Then bash offers for "poolctl stop alpha "
      | word |
      | beta |
    And bash offers for "poolctl status "
      | word  |
      | alpha |
      | beta  |

  Scenario: Values of options
    Then bash offers for "poolctl list --json="
      | word   |
      | short  |
      | pretty |
    And bash offers for "poolctl logs --li"
      | word     |
      | --lines= |
    And bash offers for "poolctl deregister --f"
      | word    |
      | --force |
    And bash offers for "poolctl list --f"
      | word |
    And bash offers for "poolctl help op"
      | word      |
      | operation |

  Scenario: Without a daemon nothing is offered and nothing is said
    Given the daemon is stopped
    When I run "poolctl --complete stop x"
    Then it exits with 0
    And it prints nothing
    And it complains of nothing
