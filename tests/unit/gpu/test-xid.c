/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/xid.h"

#include <errno.h>
#include <stdio.h>

#include "../base/cmocka-all.h"
#include "base/macros.h"

static void test_address(void **state)
{
    static const struct {
        const char *text;
        PciAddress address;
    } good[] = {
            {"0000:01:00.0", {0, 1, 0, 0}},
            {"0000:01:00", {0, 1, 0, 0}},
            {"01:00", {0, 1, 0, 0}},
            {"0001:C3:1f.7", {1, 0xc3, 0x1f, 7}},
            {"10000:e1:00.0", {0x10000, 0xe1, 0, 0}},
            {"00000000:0a:00.0", {0, 10, 0, 0}},
    };
    static const char *const bad[] = {
            "",
            ":",
            "::",
            ":.",
            "0000",
            "0000:",
            "0000:01",
            "0000:01:",
            "0000:01:00.",
            "01:00.8",
            "0000:01:20.0",
            "0000:101:00.0",
            "000000000:01:00.0",
            "0000:01:00.0 ",
            " 01:00",
            "0000:g1:00",
            "0000:01:00:00",
            "0000:01:00.00",
            "01.00:0",
            "-1:00",
            "0x1:00",
    };

    for (size_t i = 0; i < ELEMENTSOF(good); i++) {
        PciAddress a;

        assert_int_equal(pci_address_parse(good[i].text, &a), 0);
        assert_int_equal(a.function, good[i].address.function);
        assert_true(pci_address_same_device(&a, &good[i].address));
        a.device ^= 1;
        assert_false(pci_address_same_device(&a, &good[i].address));
    }
    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        PciAddress a;

        assert_int_equal(pci_address_parse(bad[i], &a), -EINVAL);
    }
}

static void test_lines(void **state)
{
    static const struct {
        const char *line;
        PciAddress address;
        uint32_t number;
        uint64_t pid;
        const char *text;
    } rows[] = {
            {"NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off "
             "the "
             "bus.",
             {0, 1, 0, 0},
             79,
             0,
             "pid='<unknown>', name=<unknown>, GPU has fallen off the bus."},
            {"NVRM: Xid (PCI:0000:3b:00.0): 31, pid=2096908, name=llama-server, Ch 00000007",
             {0, 0x3b, 0, 0},
             31,
             2096908,
             "pid=2096908, name=llama-server, Ch 00000007"},
            {"[ 1399.140323] NVRM: Xid (0000:03:00): 14, Channel 00000001",
             {0, 3, 0, 0},
             14,
             0,
             "Channel 00000001"},
            {"NVRM: Xid (PCI:c1:00): 48", {0, 0xc1, 0, 0}, 48, 0, ""},
            {"NVRM: Xid (PCI:0009:01:00): 119, pid=0, Timeout after 6s of waiting for RPC response",
             {9, 1, 0, 0},
             119,
             0,
             "pid=0, Timeout after 6s of waiting for RPC response"},
            {"NVRM: Xid (PCI:0000:01:00): 4294967295, pid=99999999999",
             {0, 1, 0, 0},
             UINT32_MAX,
             0,
             "pid=99999999999"},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        Xid xid;

        assert_int_equal(xid_parse(rows[i].line, &xid), 0);
        assert_true(pci_address_same_device(&xid.address, &rows[i].address));
        assert_int_equal(xid.number, rows[i].number);
        assert_int_equal(xid.pid, rows[i].pid);
        assert_string_equal(xid.text, rows[i].text);
    }
}

static void test_other_lines(void **state)
{
    static const char *const lines[] = {
            "",
            "NVRM",
            "NVRM: GPU at PCI:0000:01:00: GPU-34d7319c-5b19-1e75-186d-c187099e4fe5",
            "NVRM: Xid",
            "NVRM: Xid (",
            "NVRM: Xid ()",
            "NVRM: Xid (): 79",
            "NVRM: Xid (PCI:0000:01:00)",
            "NVRM: Xid (PCI:0000:01:00):",
            "NVRM: Xid (PCI:0000:01:00): ",
            "NVRM: Xid (PCI:0000:01:00): GPU has fallen off the bus",
            "NVRM: Xid (PCI:0000:01:00): 79x",
            "NVRM: Xid (PCI:0000:01:00): -79",
            "NVRM: Xid (PCI:0000:01:00): 4294967296",
            "NVRM: Xid (PCI:0000:01:00: 79",
            "NVRM: Xid (PCI:0000:01:00 and so on without an end): 79",
            "nvidia-nvswitch0: SXid (PCI:0000:00:00.0): 11001, Fatal",
            "oom-kill: task=NVRM: Xid (PCI:0000:01:00): 79",
            "[now] NVRM: Xid (PCI:0000:01:00): 79",
            "[ 1.2 NVRM: Xid (PCI:0000:01:00): 79",
    };

    for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
        Xid xid;

        assert_int_equal(xid_parse(lines[i], &xid), -EINVAL);
    }
}

static bool is_fault(uint32_t number, const char *text)
{
    const Xid xid = {.number = number, .text = text};

    return xid_is_device_fault(&xid);
}

static void test_meanings(void **state)
{
    static const uint32_t faults[] = {46, 48, 62, 64, 74, 79, 95, 109, 119, 120, 140, 143, 158};
    static const uint32_t others[] = {8, 13, 31, 32, 43, 45, 63, 68, 69, 92, 94};

    for (size_t i = 0; i < ELEMENTSOF(faults); i++) {
        assert_true(is_fault(faults[i], ""));
        assert_non_null(xid_meaning(faults[i]));
    }
    for (size_t i = 0; i < ELEMENTSOF(others); i++) {
        assert_false(is_fault(others[i], ""));
        assert_non_null(xid_meaning(others[i]));
    }
    assert_false(is_fault(0, ""));
    assert_false(is_fault(UINT32_MAX, "GPU Reset Required"));
    assert_null(xid_meaning(0));
    assert_null(xid_meaning(UINT32_MAX));
}

static void test_recovery_action(void **state)
{
    assert_true(is_fault(
            154, "GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)"));
    assert_true(is_fault(154, "GPU recovery action changed from 0x0 (None) to 0x2 (Node Reboot "
                              "Required)"));
    assert_true(
            is_fault(154, "GPU recovery action changed from 0x0 (None) to 0x4 (Drain and Reset)"));
    assert_false(is_fault(154, "GPU recovery action changed from 0x0 (None) to 0x3 (Drain P2P)"));
    assert_false(is_fault(
            154, "GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)"));
    assert_false(is_fault(154, ""));
}

/* Lines that are nearly right, and nonsense: read within bounds, whatever comes out. */
static void test_garbage(void **state)
{
    static const char line[] = "[ 12.5] NVRM: Xid (PCI:0000:01:00.0): 79, pid=12, name=x, y to z";
    uint64_t x = 88172645463325252u;

    for (unsigned i = 0; i < 100000; i++) {
        size_t n = sizeof(line);
        _cleanup_free_ char *copy = malloc(n);
        Xid xid;

        assert_non_null(copy);
        memcpy(copy, line, n);
        for (unsigned k = 0; k < 1 + i % 4; k++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            copy[x % (n - 1)] = (char)(x >> 32);
        }
        if (xid_parse(copy, &xid) == 0) {
            (void)xid_is_device_fault(&xid);
            assert_in_range((uintptr_t)xid.text, (uintptr_t)copy, (uintptr_t)(copy + n));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_address),         cmocka_unit_test(test_lines),
            cmocka_unit_test(test_other_lines),     cmocka_unit_test(test_meanings),
            cmocka_unit_test(test_recovery_action), cmocka_unit_test(test_garbage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
