# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: An engine uses the GPUs of its pool's mask and no others

  @B-DEVICE-001 @B-DEVICE-002 @B-DEVICE-005 @B-DEVICE-012 @B-DEVICE-013 @B-CONFIG-010 @B-REG-051
  Scenario Outline: The mask <mask> is told to the engine, and shown
    Given the daemon runs
    When I preload pool "p" with
      | field       | value    |
      | device_mask | "<mask>" |
    Then the answer is 200
    And the answer has
      | field    | value |
      | warnings | []    |
    And the environment of the engine of pool "p" has
      | name                 | value      |
      | CUDA_VISIBLE_DEVICES | <visible>  |
      | CUDA_DEVICE_ORDER    | PCI_BUS_ID |
    And the status of pool "p" has
      | field       | value   |
      | device_mask | <shown> |

    Examples:
      | mask        | visible | shown       |
      | 0           | 0       | "0"         |
      | 1,0         | 1,0     | "1,0"       |
      | GPU0,GPU1   | 0,1     | "GPU0,GPU1" |
      | gpu3 , GPU1 | 3,1     | "GPU3,GPU1" |

  @B-DEVICE-010 @B-DEVICE-011
  Scenario: The kernel keeps each engine off the GPUs of the others
    Given the machine has the device nodes "/dev/nvidia0 /dev/nvidia1 /dev/nvidia2 /dev/nvidiactl /dev/nvidia-uvm"
    And the daemon runs
    When I preload pool "one" with
      | field       | value |
      | device_mask | "1"   |
    Then the answer is 200
    When I preload pool "two" with
      | field       | value       |
      | device_mask | "GPU2,GPU0" |
    Then the answer is 200
    And the kernel lets the engine of pool "one" open "/dev/nvidia1 /dev/nvidiactl /dev/nvidia-uvm"
    And the kernel keeps the engine of pool "one" off "/dev/nvidia0 /dev/nvidia2"
    And the kernel lets the engine of pool "two" open "/dev/nvidia0 /dev/nvidia2 /dev/nvidiactl"
    And the kernel keeps the engine of pool "two" off "/dev/nvidia1"
    And the unit of pool "one" has
      | property     | value  |
      | DevicePolicy | closed |

  @B-REG-052
  Scenario: Without a mask there is no restriction
    Given the machine has the device nodes "/dev/nvidia0 /dev/nvidia1"
    And the daemon runs
    And pool "p" is ready
    Then the kernel lets the engine of pool "p" open "/dev/nvidia0 /dev/nvidia1"
    And the environment of the engine of pool "p" has no name that begins with "CUDA_"

  @B-DEVICE-004 @B-CONFIG-012
  Scenario Outline: A preload with the mask <mask> is refused, and says why
    Given the daemon runs
    When I preload pool "p" with
      | field       | value    |
      | device_mask | "<mask>" |
    Then the answer is the error 400 "INVALID_FIELD" for "device_mask"
    And the error text contains "<item>"
    And the error text contains "<why>"
    And the error text contains "GPU0,GPU1"
    And nothing has happened

    Examples:
      | mask     | item   | why                          |
      | 0,,1     | ""     | empty item                   |
      | 1,0,1    | "1"    | twice                        |
      | GPU1,0   | "0"    | the first item is a name     |
      | all      | "all"  | no device                    |
      | GPU-12ab | "GPU-12ab" | no whole UUID            |

  @B-DEVICE-004 @B-CONFIG-012
  Scenario: An update and a handoff with a bad mask are refused
    Given the daemon runs
    And pool "p" has been updated with
      | field       | value |
      | device_mask | "1"   |
    When I update pool "p" with the body {"device_mask": "1,1", "version": "9"}
    Then the answer is the error 400 "INVALID_FIELD" for "device_mask"
    And the status of pool "p" has
      | field       | value |
      | device_mask | "1"   |
      | version     | null  |
    Given somebody else runs an engine for pool "x"
    When I hand over pool "x" with "device_mask" set to "0, 1,"
    Then the answer is the error 400 "INVALID_FIELD" for "device_mask"
    When I preload pool "p" with
      | field | value                          |
      | env   | {"CUDA_VISIBLE_DEVICES": "0"}  |
    Then the answer is the error 400 "INVALID_FIELD" for "device_mask"
    And the error text contains "CUDA_VISIBLE_DEVICES"

  @B-DEVICE-003 @B-DEVICE-004 @B-DEVICE-010 @B-CONFIG-011
  Scenario: A mask names GPUs that are there, in the order of the bus, by whatever node they have
    Given the machine has the device nodes "/dev/nvidia0 /dev/nvidia1 /dev/nvidiactl"
    And the driver tells of the GPUs
      | address      | uuid                                     | minor |
      | 0000:01:00.0 | GPU-80ded6bd-1a89-2628-3d94-902187dbab1d | 1     |
      | 0000:c1:00.0 | GPU-6b7fe24c-5f15-4ac5-88d6-c8934135a4ea | 0     |
    And the daemon runs
    When I preload pool "p" with
      | field       | value |
      | device_mask | "0,2" |
    Then the answer is the error 400 "INVALID_FIELD" for "device_mask"
    And the error text contains "no device 2"
    And nothing has happened
    When I update pool "p" with
      | field       | value                                      |
      | device_mask | "GPU-00000000-5f15-4ac5-88d6-c8934135a4ea" |
    Then the answer is the error 400 "INVALID_FIELD" for "device_mask"
    And there are no pools
    When I preload pool "first" with
      | field       | value |
      | device_mask | "0"   |
    Then the answer is 200
    And the kernel lets the engine of pool "first" open "/dev/nvidia1 /dev/nvidiactl"
    And the kernel keeps the engine of pool "first" off "/dev/nvidia0"
    When I preload pool "second" with
      | field       | value                                      |
      | device_mask | "gpu-6B7FE24C-5f15-4ac5-88d6-c8934135a4ea" |
    Then the answer is 200
    And the kernel lets the engine of pool "second" open "/dev/nvidia0 /dev/nvidiactl"
    And the kernel keeps the engine of pool "second" off "/dev/nvidia1"
    And the environment of the engine of pool "second" has
      | name                 | value                                    |
      | CUDA_VISIBLE_DEVICES | GPU-6b7fe24c-5f15-4ac5-88d6-c8934135a4ea |
    And the status of pool "second" has
      | field       | value                                      |
      | device_mask | "GPU-6b7fe24c-5f15-4ac5-88d6-c8934135a4ea" |

  @B-DEVICE-004
  Scenario: Where no GPU is known, nobody can tell which one a UUID is
    Given the daemon runs
    When I preload pool "p" with
      | field       | value                                      |
      | device_mask | "GPU-6b7fe24c-5f15-4ac5-88d6-c8934135a4ea" |
    Then the answer is the error 400 "INVALID_FIELD" for "device_mask"
    And nothing is left in pools.slice

  @B-DEVICE-011 @B-DEVICE-013 @B-CONFIG-010
  Scenario: The mask of a running pool is changed for its next start
    Given the machine has the device nodes "/dev/nvidia0 /dev/nvidia1"
    And the daemon runs
    When I preload pool "p" with
      | field       | value |
      | device_mask | "0"   |
    Then the answer is 200
    When I update pool "p" with
      | field       | value |
      | device_mask | "1"   |
    Then the answer is 200
    And the answer's warnings name "takes effect at its next start"
    And the status of pool "p" has
      | field       | value |
      | device_mask | "1"   |
      | generation  | 1     |
    And the kernel lets the engine of pool "p" open "/dev/nvidia0"
    And the kernel keeps the engine of pool "p" off "/dev/nvidia1"
    When the daemon is killed by SIGKILL
    And I restart pool "p"
    Then the answer is 200
    And pool "p" becomes ready with generation 2
    And the kernel lets the engine of pool "p" open "/dev/nvidia1"
    And the kernel keeps the engine of pool "p" off "/dev/nvidia0"
    And the environment of the engine of pool "p" has
      | name                 | value |
      | CUDA_VISIBLE_DEVICES | 1     |
    When I preload pool "p" again in the same way
    Then the answer is the error 409 "ALREADY_RUNNING"

  @B-DEVICE-013
  Scenario: A mask that was set before holds for a preload that says nothing of one
    Given the machine has the device nodes "/dev/nvidia0 /dev/nvidia1"
    And the daemon runs
    And pool "p" has been updated with
      | field       | value    |
      | device_mask | " gpu1 " |
    And pool "p" is ready
    Then the status of pool "p" has
      | field       | value  |
      | device_mask | "GPU1" |
    And the kernel keeps the engine of pool "p" off "/dev/nvidia0"
    When I preload pool "p" again in the same way
    Then the answer is 200
    And the answer has
      | field      | value |
      | generation | 1     |

  @B-RELOAD-009 @B-DEVICE-012
  Scenario: A reload keeps the mask, also one that was changed meanwhile
    Given the daemon runs with a model provisioner
    And there are the models
      | model | kind |
      | a     | good |
      | b     | good |
    And pool "p" is ready with the model "a" and
      | field       | value |
      | device_mask | "0"   |
    When I reload pool "p" to a prepared engine with the model "b"
    Then the answer is 200
    And the unit of pool "p" has
      | property    | value |
      | Environment | HOME=/var/cache/pool-engines/p/r0 CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=0 |
    When I update pool "p" with
      | field       | value |
      | device_mask | "1"   |
    And I reload pool "p" to a prepared engine with the model "a"
    Then the answer is 200
    And the status of pool "p" has
      | field       | value |
      | device_mask | "1"   |
    And the unit of pool "p" has
      | property    | value |
      | Environment | HOME=/var/cache/pool-engines/p/r0 CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=1 |

  @B-DEVICE-004 @B-DEVICE-013
  Scenario: A mask that an earlier version took is loaded, and refused at the next start
    Given the daemon runs
    When I preload pool "p" with
      | field       | value |
      | device_mask | "0"   |
    Then the answer is 200
    When the daemon is stopped
    And the state file of pool "p" has the mask "GPU0;GPU1", as earlier versions took it
    And the daemon is started
    Then the status of pool "p" has
      | field       | value       |
      | state       | "ready"     |
      | device_mask | "GPU0;GPU1" |
      | generation  | 1           |
    When I restart pool "p"
    Then the answer is the error 400 "INVALID_FIELD" for "device_mask"
    When I set "device_mask" of pool "p" to "GPU0,GPU1"
    Then the answer is 200
    When I restart pool "p"
    Then the answer is 200
    And the environment of the engine of pool "p" has
      | name                 | value |
      | CUDA_VISIBLE_DEVICES | 0,1   |

  @B-DEVICE-003 @B-DEVICE-004 @B-CONFIG-011
  Scenario: A mask is held against the inventory
    Given the host has two NVIDIA GPUs of unequal size
    And the machine has the device nodes "/dev/nvidia0 /dev/nvidia1 /dev/nvidiactl"
    And the daemon runs
    And I send GET "/devices"
    And the answer is 200
    When I preload pool "p" with
      | field       | value  |
      | device_mask | "GPU2" |
    Then the answer is the error 400 "INVALID_FIELD" for "device_mask"
    And the error text contains "no device GPU2: this host has 2"
    When I preload pool "p" with
      | field       | value |
      | device_mask | "1"   |
    Then the answer is 200
    And the kernel lets the engine of pool "p" open "/dev/nvidia1 /dev/nvidiactl"
    And the kernel keeps the engine of pool "p" off "/dev/nvidia0"
