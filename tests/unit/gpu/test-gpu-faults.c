/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "gpu/gpu_faults.h"

static GpuFaults faults;
static GpuInventory inventory;
static Instant now;

static int setup(void **state)
{
    faults = (GpuFaults){.count = 0};
    inventory = (GpuInventory){.count = 2};
    now = (Instant){USEC_PER_MINUTE, 1700000000 * USEC_PER_SEC};
    for (size_t i = 0; i < 2; i++)
        (void)snprintf(inventory.gpus[i].pci_id, sizeof(inventory.gpus[i].pci_id), "0000:%d1:00.0",
                       (int)i + 1);
    return 0;
}

static Xid xid_of(const char *address, uint32_t number)
{
    Xid xid = {.number = number, .text = ""};

    assert_int_equal(pci_address_parse(address, &xid.address), 0);
    return xid;
}

static bool add(const char *address, uint32_t number)
{
    Xid xid = xid_of(address, number);

    return gpu_faults_add(&faults, &xid, "0", "the bus", now);
}

static void pass(usec_t span)
{
    now.mono += span;
    now.real += span;
}

/* @B-METRICS-005: a fault counts once, whatever the driver makes of it. */
static void test_counts_once(void **state)
{
    assert_true(add("0000:11:00", 79));
    assert_false(add("0000:11:00", 79));
    assert_false(add("0000:11:00", 154)); /* follows at once */
    pass(USEC_PER_MINUTE);
    assert_false(add("0000:11:00", 79)); /* the same, again */
    assert_true(add("0000:21:00", 79));  /* another GPU */
    pass(USEC_PER_MINUTE);
    assert_true(add("0000:11:00", 48)); /* another fault */
    assert_int_equal(gpu_faults_find(&faults, &inventory.gpus[0])->count, 2);
    assert_int_equal(gpu_faults_find(&faults, &inventory.gpus[1])->count, 1);
}

static void test_mark(void **state)
{
    uint64_t began = now.real;

    add("0000:11:00", 79);
    pass(USEC_PER_SEC);
    add("0000:11:00", 79);
    gpu_faults_mark(&faults, &inventory);
    assert_int_equal(inventory.gpus[0].fault_xid, 79);
    assert_int_equal(inventory.gpus[0].fault_real_usec, began);
    assert_string_equal(inventory.gpus[0].fault_text, "the bus");
    assert_int_equal(inventory.gpus[1].fault_xid, 0);
}

static void test_clear(void **state)
{
    Xid xid = xid_of("0000:11:00", 79);

    assert_null(gpu_faults_clear(&faults, &xid.address));
    add("0000:11:00", 79);
    assert_int_equal(gpu_faults_clear(&faults, &xid.address)->xid, 79);
    assert_null(gpu_faults_clear(&faults, &xid.address));
    gpu_faults_mark(&faults, &inventory);
    assert_int_equal(inventory.gpus[0].fault_xid, 0);
    /* The next one is a new one, at once. */
    assert_true(add("0000:11:00", 79));
    assert_int_equal(gpu_faults_find(&faults, &inventory.gpus[0])->count, 2);
}

/* One that was away, or of no use, and is there again has been reset. */
static void test_comes_back(void **state)
{
    add("0000:11:00", 79);
    assert_null(gpu_faults_see(&faults, &inventory));
    (void)snprintf(inventory.gpus[0].problem, sizeof(inventory.gpus[0].problem), "GPU is lost");
    assert_null(gpu_faults_see(&faults, &inventory));
    inventory.gpus[0].problem[0] = '\0';
    assert_non_null(gpu_faults_see(&faults, &inventory));
    assert_null(gpu_faults_see(&faults, &inventory));
    add("0000:11:00", 79);
    inventory.count = 0;
    assert_null(gpu_faults_see(&faults, &inventory));
    inventory.count = 2;
    assert_non_null(gpu_faults_see(&faults, &inventory));
}

static void test_room(void **state)
{
    char address[16];

    for (unsigned i = 0; i < GPUS_MAX + 5; i++) {
        (void)snprintf(address, sizeof(address), "0000:%02x:00", i);
        assert_int_equal(add(address, 79), i < GPUS_MAX);
    }
    assert_int_equal(faults.count, GPUS_MAX);
}

static void test_recovery(void **state)
{
    static const struct {
        const char *line;
        bool recovery;
    } lines[] = {
            {"NVRM: Xid (PCI:0000:19:00): 154, GPU recovery action changed from 0x1 (GPU Reset "
             "Required) to 0x0 (None)",
             true},
            {"NVRM: Xid (PCI:0000:19:00): 154, GPU recovery action changed from 0x0 (None) to 0x1 "
             "(GPU Reset Required)",
             false},
            {"NVRM: Xid (PCI:0000:19:00): 79, changed to None", false},
            {"NVRM: Xid (PCI:0000:19:00): 154", false},
    };
    Xid xid;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(xid_parse(lines[i].line, &xid), 0);
        assert_int_equal(xid_is_recovery(&xid), lines[i].recovery);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(test_counts_once, setup),
            cmocka_unit_test_setup(test_mark, setup),
            cmocka_unit_test_setup(test_clear, setup),
            cmocka_unit_test_setup(test_comes_back, setup),
            cmocka_unit_test_setup(test_room, setup),
            cmocka_unit_test_setup(test_recovery, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
