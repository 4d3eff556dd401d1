# SPDX-License-Identifier: LGPL-2.1-or-later
Feature: The configuration
  Files with drop-ins, then the environment, then the command line. What cannot be used is refused with
  where it stands; what is used can be asked for, with where it comes from.

  @B-CONFIG-002
  Scenario: Without a configuration there are the defaults
    Given the daemon runs
    Then "poolctl config" says
      | key            | value          | source  | where   |
      | Manager.Listen | 127.0.0.1:9200 | default | default |
      | Breaker.OpenSec | 300s          | default | default |
    And "poolctl config" names no other files than that of the machine

  @B-CONFIG-001
  Scenario: The later one wins: file, drop-ins by their names, environment, command line
    Given the configuration file "pool-managerd.conf"
      """
      [Manager]
      Listen=127.0.0.1:9301
      LogLevel=notice
      [Liveness]
      Failures=7
      [Health]
      TimeoutSec=11s
      TryTimeoutSec=12s
      """
    And the configuration file "pool-managerd.conf.d/70-later.conf"
      """
      [Health]
      TimeoutSec=20s
      """
    And the configuration file "pool-managerd.conf.d/60-sooner.conf"
      """
      # The next one counts more than this.
      [Health]
      TimeoutSec=19s
      """
    And the unit of the daemon runs it with "--set=Liveness.Failures=9 --log-level=debug" and the environment "POOL_MANAGERD_ADDR=127.0.0.1:9302 POOL_MANAGERD_LOG_LEVEL=err"
    When the daemon is started without waiting for port 9200
    Then GET "/health" on port 9302 is answered
    And "poolctl config" says
      | key                  | value          | source       | where                                                        |
      | Manager.Listen       | 127.0.0.1:9302 | environment  | environment variable POOL_MANAGERD_ADDR                      |
      | Manager.LogLevel     | debug          | command_line | command line                                                 |
      | Liveness.Failures    | 9              | command_line | command line                                                 |
      | Health.TimeoutSec    | 20s            | file         | /etc/pool-managerd/pool-managerd.conf.d/70-later.conf:2      |
      | Health.TryTimeoutSec | 12s            | file         | /etc/pool-managerd/pool-managerd.conf:8                      |

  Scenario: A drop-in is masked by one of its name in a stronger place
    Given the configuration file "/usr/lib/pool-managerd/pool-managerd.conf.d/60-vendor.conf"
      """
      [Health]
      TimeoutSec=20s
      """
    And the configuration file "/run/pool-managerd/pool-managerd.conf.d/60-vendor.conf"
      """
      [Liveness]
      Failures=8
      """
    When I run "/usr/sbin/pool-managerd --print-config"
    Then it exits with 0
    And it complains of nothing
    And it prints "# /run/pool-managerd/pool-managerd.conf.d/60-vendor.conf:2"
    And it prints "Failures=8"
    And it prints "TimeoutSec=120s"

  Scenario: What is shown in a table
    Given the daemon runs with
      """
      [Health]
      Path=/ready
      """
    When I run "poolctl config"
    Then it exits with 0
    And it prints a line with "Health.Path", "/ready", "/etc/pool-managerd/pool-managerd.conf.d/50-test.conf:2"
    And it prints a line with "Health.TimeoutSec", "120s", "default"
    And it does not print "AFTER A RESTART"
    When somebody else runs "poolctl config --no-legend"
    Then it exits with 0
    And it does not print "KEY"

  Scenario: What needs a restart is named, and stands beside what is in force until then
    Given the daemon runs with
      """
      [HTTP]
      WaitingMax=100
      """
    And pool "p" is ready
    And I remember the status of pool "p"
    When the daemon is reloaded with
      """
      [HTTP]
      WaitingMax=7
      [Manager]
      Listen=127.0.0.1:9303
      [Health]
      TimeoutSec=9s
      """
    Then the daemon is the same process
    And the daemon has logged a line that contains "only after a restart of the daemon: Manager.Listen, HTTP.WaitingMax"
    And "poolctl config" says
      | key               | value          | source  | pending        |
      | Manager.Listen    | 127.0.0.1:9200 | default | 127.0.0.1:9303 |
      | HTTP.WaitingMax   | 100            | file    | 7              |
      | Health.TimeoutSec | 9s             | file    |                |
    When I run "poolctl config"
    Then it prints "AFTER A RESTART"
    And it prints a line with "HTTP.WaitingMax", "100", "7"
    When the daemon is restarted by systemctl without waiting for port 9200
    Then GET "/health" on port 9303 is answered
    And "poolctl config" says
      | key             | value          | pending |
      | Manager.Listen  | 127.0.0.1:9303 |         |
      | HTTP.WaitingMax | 7              |         |
    And "poolctl status p" still shows the engine that was remembered

  @B-CONFIG-003
  Scenario Outline: What cannot be is refused with file, line, reason and status 78
    When the daemon is started with
      """
      # a comment

      [<section>]
      <key>=<value>
      """
    Then it does not start
    And the exit status of the daemon was 78
    And the daemon has logged a line that contains "/etc/pool-managerd/pool-managerd.conf.d/50-test.conf:4: <key>=<value>: <reason>"

    Examples:
      | section | key             | value            | reason                                           |
      | Manager | Listen          | 127.0.0.1        | "127.0.0.1" has no port                          |
      | Manager | Listen          | [::1]:0          | "[::1]:0" does not have a port from 1 to 65535   |
      | Manager | Listen          | unix:run         | "unix:run" needs an absolute path                |
      | Manager | Listen          | 0.0.0.0:9200     | 0.0.0.0:9200: others than this host              |
      | Manager | LogLevel        | loud             | must be one of err\|warning\|notice\|info\|debug |
      | Backoff | MaxSec          | 1 fortnight      | must be a time span from 1 ms to 1 d             |
      | HTTP    | ConnectionsMax  | 7                | must be a number from 8 to 65536                 |
      | Drain   | InhibitShutdown | perhaps          | must be on or off                                |
      | GPU     | KernelLog       | kmsg             | must be an absolute path, or empty for none      |

  @B-CONFIG-003
  Scenario: The same of the environment
    Given the unit of the daemon has the setting "Environment=POOL_MANAGERD_ADDR=9200"
    When the daemon is started
    Then it does not start
    And the exit status of the daemon was 78
    And the daemon has logged a line that contains "environment variable POOL_MANAGERD_ADDR: Listen=9200: "

  Scenario: A reload with an address that cannot be used changes nothing
    Given the daemon runs
    And pool "p" is ready
    When the daemon is reloaded with
      """
      [Manager]
      Listen=nowhere
      [Liveness]
      Failures=9
      """
    Then the daemon is the same process
    And the daemon has logged a line that contains "50-test.conf:2: Listen=nowhere: "
    And "poolctl config" says
      | key               | value          | source  |
      | Manager.Listen    | 127.0.0.1:9200 | default |
      | Liveness.Failures | 3              | default |
    And the status of pool "p" has
      | field | value   |
      | state | "ready" |

  Scenario Outline: A key that nobody knows is a warning with file, line and what was meant
    Given the daemon runs with
      """
      <section>
      <key>=1s
      """
    Then the daemon has logged a line that contains "50-test.conf:2: <warning>"
    And the daemon has logged a line that contains "did you mean <meant>=?"

    Examples:
      | section   | key         | warning                                                  | meant               |
      | [Health]  | TimeOutSec  | unknown key TimeOutSec in section [Health] was ignored   | [Health] TimeoutSec |
      | [Helth]   | TimeoutSec  | unknown key TimeoutSec in section [Helth] was ignored    | [Health] TimeoutSec |
      | [Manager] | DeadlineSec | unknown key DeadlineSec in section [Manager] was ignored | [Drain] DeadlineSec |
      | #         | DeadlineSec | key DeadlineSec before the first section was ignored     | [Drain] DeadlineSec |

  Scenario: So is a variable of the environment that nobody knows
    Given the unit of the daemon has the setting "Environment=POOL_MANAGERD_ADRR=127.0.0.1:9301"
    When the daemon is started
    Then the daemon has logged a line that contains "environment variable POOL_MANAGERD_ADRR was ignored"
    And the daemon has logged a line that contains "did you mean POOL_MANAGERD_ADDR=?"

  Scenario: It can be checked before a restart
    Given the daemon runs
    And the configuration file "pool-managerd.conf.d/60-new.conf"
      """
      [Drain]
      DeadlineSec=never
      """
    When I run "/usr/sbin/pool-managerd --print-config"
    Then it exits with 78
    And it prints nothing
    And it complains of "60-new.conf:2: DeadlineSec=never: must be a time span"
    When I run "/usr/sbin/pool-managerd --print-config --config=/etc/hostname"
    Then it exits with 78
    And it complains of "/etc/hostname:1: this is neither [Section] nor Key=value"

  Scenario: The file that is named has to be there
    When I run "/usr/sbin/pool-managerd --print-config --config=/etc/pool-managerd/missing.conf"
    Then it exits with 78
    And it complains of "/etc/pool-managerd/missing.conf: cannot be read: No such file"
