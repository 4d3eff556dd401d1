# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The last error of a pool stays until it is overtaken

  Background:
    Given the daemon runs

  @B-REG-012
  Scenario: A pool to which nothing has happened has no error
    Given pool "p" is registered
    Then the status of pool "p" has
      | field            | value |
      | last_error       | null  |
      | last_error_class | null  |
    And the health of pool "p" has
      | field      | value |
      | last_error | null  |

  @B-REG-012
  Scenario: A start that went well leaves no error
    Given pool "p" is ready
    Then the health of pool "p" has
      | field      | value |
      | last_error | null  |

  @B-REG-010 @B-REG-011
  Scenario: What went wrong is recorded and can be read
    When I preload pool "p" and its engine gets "--exit-at-once 3"
    Then the answer is the error 500 "PRELOAD_FAILED"
    And the status of pool "p" has
      | field            | value             |
      | last_error       | contains status 3 |
      | last_error_class | "process_exit"    |
    And the health of pool "p" has
      | field      | value             |
      | last_error | contains status 3 |

  @B-REG-013
  Scenario: Nothing but a new start or a new error takes it away
    When I preload pool "p" and its engine gets "--exit-at-once 3"
    And I send a heartbeat of pool "p"
    And I update pool "p" with
      | field       | value |
      | slots_total | 2     |
    And I register pool "p"
    And the daemon is killed by SIGKILL
    Then the status of pool "p" has
      | field            | value             |
      | slots_total      | 2                 |
      | last_error       | contains status 3 |
      | last_error_class | "process_exit"    |

  @B-REG-013
  Scenario: A new error takes the place of the old one
    When I preload pool "p" and its engine gets "--exit-at-once 3"
    And I preload pool "p" and its engine gets "--abort"
    Then the status of pool "p" has
      | field            | value            |
      | last_error       | contains SIGABRT |
      | last_error_class | "signal"         |

  @B-REG-013
  Scenario: A start that goes well clears it, and not before it has
    Given the preload of pool "p" has failed
    And a preload of pool "p" waits for its engine, which answers 503
    Then the health of pool "p" has
      | field      | value    |
      | last_error | a string |
    When the engine of pool "p" becomes healthy
    And the preload of pool "p" is answered with 200
    Then the status of pool "p" has
      | field            | value |
      | last_error       | null  |
      | last_error_class | null  |
