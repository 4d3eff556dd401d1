# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: What the registry knows of an engine can be set field by field

  Background:
    Given the daemon runs
    And pool "p" has been updated with
      | field             | value       |
      | engine_version    | "v1"        |
      | engine_digest     | "sha256:aa" |
      | engine_catalog_id | "cat-1"     |
      | device_mask       | "0,1"       |

  @B-REG-040 @B-REG-041 @B-REG-042 @B-REG-044 @B-REG-045 @B-REG-051
  Scenario: What was set can be read
    Then the status of pool "p" has
      | field             | value       |
      | engine_version    | "v1"        |
      | engine_digest     | "sha256:aa" |
      | engine_catalog_id | "cat-1"     |
      | device_mask       | "0,1"       |

  @B-REG-043 @B-REG-040 @B-REG-041 @B-REG-042
  Scenario Outline: Setting one leaves the others
    When I set "<field>" of pool "p" to "new"
    Then the answer is 200
    And the status of pool "p" has
      | field             | value     |
      | engine_version    | <version> |
      | engine_digest     | <digest>  |
      | engine_catalog_id | <catalog> |
      | device_mask       | "0,1"     |

    Examples:
      | field             | version | digest      | catalog |
      | engine_version    | "new"   | "sha256:aa" | "cat-1" |
      | engine_digest     | "v1"    | "new"       | "cat-1" |
      | engine_catalog_id | "v1"    | "sha256:aa" | "new"   |

  @B-REG-050 @B-REG-051
  Scenario: The device mask is recorded in its form, without the blanks
    When I set "device_mask" of pool "p" to "GPU2, GPU0"
    Then the answer is 200
    And the status of pool "p" has
      | field       | value       |
      | device_mask | "GPU2,GPU0" |

  @B-REG-052
  Scenario: No device mask is no restriction
    When I set "device_mask" of pool "p" to null
    Then the answer is 200
    And the status of pool "p" has
      | field             | value       |
      | device_mask       | null        |
      | engine_version    | "v1"        |
      | engine_digest     | "sha256:aa" |

  @B-REG-052
  Scenario: An engine without a device mask starts
    Given pool "free" is ready
    Then the status of pool "free" has
      | field       | value |
      | device_mask | null  |
      | ready       | true  |

  Scenario: The hints on performance are an object of whatever the control plane likes
    When I set "perf_hints" of pool "p" to {"tokens_per_s": 41.5, "batch": [1, 8], "note": "ümläut"}
    Then the answer is 200
    And the status of pool "p" has
      | field      | value                                                          |
      | perf_hints | {"tokens_per_s": 41.5, "batch": [1, 8], "note": "ümläut"} |

  Scenario: A preload replaces what it names
    When I preload pool "p" with
      | field         | value       |
      | engine_digest | "sha256:bb" |
    Then the answer is 200
    And the status of pool "p" has
      | field          | value       |
      | engine_version | "fake-1.0"  |
      | engine_digest  | "sha256:bb" |
