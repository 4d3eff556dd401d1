# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Slots are counted within what there is
  The free ones are never fewer than none nor more than all.

  Background:
    Given the daemon runs

  @B-REG-060 @B-REG-061 @B-REG-062
  Scenario: Slots can be set and read
    Given pool "p" is registered
    Then the status of pool "p" has
      | field       | value |
      | slots_total | null  |
      | slots_free  | null  |
    When I update pool "p" with
      | field       | value |
      | slots_total | 8     |
      | slots_free  | 3     |
    Then the answer is 200
    And the status of pool "p" has
      | field       | value |
      | slots_total | 8     |
      | slots_free  | 3     |

  @B-REG-063 @B-REG-064
  Scenario Outline: Free slots stay within the total
    Given pool "p" has been updated with
      | field       | value |
      | slots_total | 4     |
    When I set "slots_free" of pool "p" to <given>
    Then the answer is 200
    And the status of pool "p" has
      | field       | value  |
      | slots_total | 4      |
      | slots_free  | <kept> |

    Examples:
      | given | kept |
      | 0     | 0    |
      | 4     | 4    |
      | 5     | 4    |
      | 1000  | 4    |
      | -1    | 0    |
      | -1000 | 0    |

  @B-REG-063
  Scenario: Fewer slots take the free ones along
    Given pool "p" has been updated with
      | field       | value |
      | slots_total | 8     |
      | slots_free  | 7     |
    When I set "slots_total" of pool "p" to 2
    Then the answer is 200
    And the status of pool "p" has
      | field       | value |
      | slots_total | 2     |
      | slots_free  | 2     |

  @B-REG-061 @B-REG-062
  Scenario: The slots of a preload are free at first, and leases take them
    When I preload pool "p" with
      | field       | value |
      | slots_total | 3     |
    Then the status of pool "p" has
      | field       | value |
      | slots_total | 3     |
      | slots_free  | 3     |
    Given 2 leases of pool "p" are out
    Then the status of pool "p" has
      | field       | value |
      | slots_total | 3     |
      | slots_free  | 1     |
    When I release lease 1 of pool "p"
    Then the status of pool "p" has
      | field      | value |
      | slots_free | 2     |

  @B-REG-062
  Scenario: What was reported as free is not more than the leases leave
    When I preload pool "p" with
      | field       | value |
      | slots_total | 4     |
    And I set "slots_free" of pool "p" to 3
    Given 2 leases of pool "p" are out
    Then the status of pool "p" has
      | field      | value |
      | slots_free | 2     |
    When I set "slots_free" of pool "p" to 1
    Then the status of pool "p" has
      | field      | value |
      | slots_free | 1     |

  @B-REG-063 @B-REG-064
  Scenario: More leases than slots leave none free
    When I preload pool "p" with
      | field       | value |
      | slots_total | 1     |
    Given 3 leases of pool "p" are out
    Then the status of pool "p" has
      | field         | value |
      | active_leases | 3     |
      | slots_total   | 1     |
      | slots_free    | 0     |

  Scenario: Free slots of how many
    Given pool "p" is registered
    When I set "slots_free" of pool "p" to 3
    Then the answer is the error 400 "INVALID_FIELD" for "slots_free"
    And the status of pool "p" has
      | field       | value |
      | slots_total | null  |
      | slots_free  | null  |

  Scenario: Slots can be unknown again
    Given pool "p" has been updated with
      | field       | value |
      | slots_total | 8     |
      | slots_free  | 3     |
    When I update pool "p" with
      | field       | value |
      | slots_total | null  |
      | slots_free  | null  |
    Then the answer is 200
    And the status of pool "p" has
      | field       | value |
      | slots_total | null  |
      | slots_free  | null  |

  Scenario Outline: A number of slots that is none
    Given pool "p" is registered
    When I set "<field>" of pool "p" to <value>
    Then the answer is the error 400 "INVALID_FIELD" for "<field>"

    Examples:
      | field       | value |
      | slots_total | -1    |
      | slots_total | "4"   |
      | slots_total | 2.5   |
      | slots_free  | "4"   |
      | slots_free  | {}    |
