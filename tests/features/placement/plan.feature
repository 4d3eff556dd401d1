# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: Who is about to preload sees what would come of it, and nothing is changed

  Background:
    Given the host has two NVIDIA GPUs of unequal size
    And the machine has the device nodes "/dev/nvidia0 /dev/nvidia1 /dev/nvidiactl"
    And the daemon runs

  @B-DEVICE-003 @B-HETERO-006
  Scenario: A preload that would go well
    When I plan pool "p" with
      | field       | value      |
      | device_mask | "gpu0"     |
      | vram_bytes  | 1073741824 |
      | surprise    | 1          |
    Then the answer is 200
    And the answer has
      | field                         | value                                                         |
      | pool_id                       | "p"                                                           |
      | would_start                   | true                                                          |
      | error                         | null                                                          |
      | unit                          | "pool@p:r0:g1.service"                                        |
      | properties.DevicePolicy       | "closed"                                                      |
      | properties.Environment        | ["HOME=/var/cache/pool-engines/p/r0","CUDA_DEVICE_ORDER=PCI_BUS_ID","CUDA_VISIBLE_DEVICES=0"] |
      | properties.DeviceAllow.0      | ["/dev/nvidia0","rw"]                                         |
      | properties.DynamicUser        | true                                                          |
      | gpus.0.device                 | "GPU0"                                                        |
      | gpus.0.name                   | "NVIDIA H100 80GB HBM3"                                       |
      | gpus.0.memory_free_bytes      | 83886080000                                                   |
      | gpus.0.usable_bytes           | 79154905088                                                   |
      | gpus.0.share_bytes            | 1073741824                                                    |
      | split.mode                    | "none"                                                        |
      | split.tensor_split            | null                                                          |
      | fit.vram.need_bytes           | 1073741824                                                    |
      | fit.vram.estimated            | false                                                         |
      | fit.vram.verdict              | "fits"                                                        |
      | fit.headroom_bytes            | 536870912                                                     |
      | fit.headroom_percent          | 5                                                             |
      | waits_for                     | null                                                          |
      | warnings.0                    | contains "surprise"                                           |
    And nothing has happened

  @B-DEVICE-004
  Scenario Outline: A preload that would be refused: <field>
    When I plan pool "p" with
      | field   | value   |
      | <field> | <value> |
    Then the answer is 200
    And the answer has
      | field       | value           |
      | would_start | false           |
      | error.code  | "<code>"        |
      | error.error | contains <text> |
    And nothing has happened

    Examples:
      | field       | value          | code          | text              |
      | device_mask | "GPU7"         | INVALID_FIELD | no device GPU7    |
      | vram_bytes  | 99000000000    | DOES_NOT_FIT  | OC-POOL-3002      |
      | ram_bytes   | 99000000000000 | DOES_NOT_FIT  | the host's memory |

  Scenario: A body that is none, and a pool that runs already
    When I plan pool "p" with
      | field | value |
      | port  | 0     |
    Then the answer is the error 400 "INVALID_FIELD" for "port"
    And nothing has happened
    Given pool "p" is ready
    When I plan pool "p"
    Then the answer is 200
    And the answer has
      | field      | value                         |
      | unit       | "pool@p:r0:g2.service"        |
      | warnings.0 | contains the pool has an engine |

  Scenario: The same with poolctl, whose exit status says whether
    Given the file of a preload of pool "p" with
      | field       | value      |
      | device_mask | "0,1"      |
      | split       | "auto"     |
      | vram_bytes  | 1073741824 |
    When I run "poolctl plan {file}"
    Then it exits with 0
    And it prints "NVIDIA RTX 4090"
    And it prints "GPU memory: needs 1.0 GiB, 74.2 GiB can be used"
    And it prints "Split: --tensor-split 0.99"
    And it prints "CUDA_VISIBLE_DEVICES=0,1"
    And it prints "pool@p:r0:g1.service would be started."
    When I run "poolctl plan p {file} --json=short"
    Then it exits with 0
    And it prints ""would_start":true"
    Given the file of a preload of pool "p" with
      | field       | value      |
      | device_mask | "1"        |
      | vram_bytes  | 1073741824 |
    When I run "poolctl plan {file}"
    Then it exits with 6
    And it complains of "p would not start: vram_bytes: the engine needs 1024 MiB of GPU memory"
    And there are no pools
    When somebody else runs "poolctl plan {file}"
    Then it exits with 3
