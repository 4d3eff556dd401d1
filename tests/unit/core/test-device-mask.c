/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/device_mask.h"

#include <errno.h>

#include "../base/alloc-fixture.h"
#include "../base/cmocka-all.h"
#include "base/strv.h"
#include "base/text.h"

#define A   "GPU-80ded6bd-1a89-2628-3d94-902187dbab1d"
#define B   "GPU-6b7fe24c-5f15-4ac5-88d6-c8934135a4ea"
#define MIG "MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f"

/* Two GPUs, the second of which has a part; their minors are not in the order of the bus. */
static const DeviceIds known = {
        .gpus = {{.uuid = A, .gpu = 0, .minor = 1}, {.uuid = B, .gpu = 1, .minor = 0}},
        .count = 2,
        .parts = {{.uuid = MIG, .gpu = 1}},
        .parts_count = 1,
        .parts_known = true,
};
static const DeviceIds none;

/* B-DEVICE-001, B-DEVICE-002, B-DEVICE-005 */
static void test_good(void **state)
{
    static const struct {
        const char *given, *canonical, *visible;
    } rows[] = {
            {"0", "0", "0"},
            {"0,1", "0,1", "0,1"},
            {"1,0", "1,0", "1,0"},
            {" 3 , 12 ", "3,12", "3,12"},
            {"255", "255", "255"},
            {"GPU0,GPU1", "GPU0,GPU1", "0,1"},
            {"gpu7, Gpu0", "GPU7,GPU0", "7,0"},
            {A, A, A},
            {"gpu-80DED6BD-1a89-2628-3D94-902187dbab1d ," B, A "," B, A "," B},
            {"mig-C6d4f1ef-42e4-5de3-91c7-45d71c87eb3f", MIG, MIG},
            {A "," MIG, A "," MIG, A "," MIG},
            {"mig-gpu-80DED6BD-1a89-2628-3d94-902187dbab1d/1/12",
             "MIG-GPU-80ded6bd-1a89-2628-3d94-902187dbab1d/1/12",
             "MIG-GPU-80ded6bd-1a89-2628-3d94-902187dbab1d/1/12"},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        _cleanup_free_ char *text = strdup(rows[i].given), *visible = NULL;
        Error error = {.code = PM_ERROR_NONE};
        DeviceMask mask;

        if (device_mask_canonicalize(&text, "m", &error) != 0)
            fail_msg("%s: %s", rows[i].given, error.text);
        assert_string_equal(text, rows[i].canonical);
        assert_int_equal(device_mask_parse(rows[i].given, "m", &mask, NULL), 0);
        assert_int_equal(device_mask_visible(&mask, &visible), 0);
        assert_string_equal(visible, rows[i].visible);
        /* What is canonical stays so. */
        assert_int_equal(device_mask_canonicalize(&text, "m", NULL), 0);
        assert_string_equal(text, rows[i].canonical);
    }
}

/* B-DEVICE-004, B-CONFIG-012: each names the field, the item and the fix. */
static void test_bad(void **state)
{
    static const struct {
        const char *given, *item, *says;
    } rows[] = {
            {"", "\"\"", "empty"},
            {"   ", "\"\"", "empty"},
            {"0,", "\"\"", "empty"},
            {",0", "\"\"", "empty"},
            {"0, ,1", "\"\"", "empty"},
            {",", "\"\"", "empty"},
            {"0,1,0", "\"0\"", "twice"},
            {"GPU1,gpu1", "\"gpu1\"", "twice"},
            {A ",gpu-80DED6BD-1A89-2628-3D94-902187DBAB1D",
             "\"gpu-80DED6BD-1A89-2628-3D94-902187DBAB1D\"", "twice"},
            {"0,GPU1", "\"GPU1\"", "is a name such as GPU0, but the first item is a number"},
            {"GPU1,0", "\"0\"", "is a number, but the first item is a name"},
            {"0," A, "\"" A "\"", "is a UUID, but the first item is a number"},
            {"banana", "\"banana\"", "no device"},
            {"0x1", "\"0x1\"", "no device"},
            {"-1", "\"-1\"", "no device"},
            {"+1", "\"+1\"", "no device"},
            {"00", "\"00\"", "no device"},
            {"GPU", "\"GPU\"", "no device"},
            {"GPU01", "\"GPU01\"", "no device"},
            {"GPU 1", "\"GPU 1\"", "no device"},
            {"0 1", "\"0 1\"", "no device"},
            {"0;1", "\"0;1\"", "no device"},
            {"256", "\"256\"", "no device"},
            {"99999999999999999999", "\"99999999999999999999\"", "no device"},
            {"all", "\"all\"", "no device"},
            {"\t0", "\"?0\"", "no device"},
            {"\xc3\xa4", "\"??\"", "no device"},
            {"GPU-", "\"GPU-\"", "no whole UUID"},
            {"GPU-80ded6bd", "\"GPU-80ded6bd\"", "no whole UUID"},
            {A "0", "\"" A "0\"", "no whole UUID"},
            {"GPU-80ded6bd-1a89-2628-3d94-902187dbab1g", "dbab1g\"", "no whole UUID"},
            {"GPU-80ded6bd1-a89-2628-3d94-902187dbab1d", "\"GPU-80ded6bd1", "no whole UUID"},
            {"MIG-GPU-80ded6bd-1a89-2628-3d94-902187dbab1d", "\"MIG-GPU-80", "no whole UUID"},
            {"MIG-GPU-80ded6bd-1a89-2628-3d94-902187dbab1d/1", "/1\"", "no whole UUID"},
            {"MIG-GPU-80ded6bd-1a89-2628-3d94-902187dbab1d/1/", "/1/\"", "no whole UUID"},
            {"MIG-GPU-80ded6bd-1a89-2628-3d94-902187dbab1d/1/x", "/1/x\"", "no whole UUID"},
            {"MIG-GPU-80ded6bd-1a89-2628-3d94-902187dbab1d/1/2/3", "/1/2/3\"", "no whole UUID"},
            {"GPU-80ded6bd-1a89-2628-3d94-902187dbab1d-80ded6bd-1a89-2628-3d94-902187dbab1d",
             "...\"", "no device"},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        _cleanup_free_ char *text = strdup(rows[i].given);
        Error error = {.code = PM_ERROR_NONE};

        assert_int_equal(device_mask_canonicalize(&text, "a.mask", &error), -EINVAL);
        assert_string_equal(text, rows[i].given);
        assert_int_equal(error.code, PM_ERROR_INVALID_FIELD);
        assert_string_equal(error.field, "a.mask");
        if (strncmp(error.text, "a.mask: ", 8) != 0 || !strstr(error.text, rows[i].item) ||
            !strstr(error.text, rows[i].says) || !strstr(error.text, "GPU0,GPU1"))
            fail_msg("%s: %s", rows[i].given, error.text);
    }
}

static void test_no_mask(void **state)
{
    char *text = NULL;

    assert_int_equal(device_mask_canonicalize(&text, "m", NULL), 0);
    assert_null(text);
}

/* As many as there can be, and one more. */
static void test_number_of_items(void **state)
{
    for (size_t n = DEVICE_MASK_ITEMS_MAX; n <= DEVICE_MASK_ITEMS_MAX + 1; n++) {
        _cleanup_free_ char *text = NULL;
        Error error = {.code = PM_ERROR_NONE};
        DeviceMask mask;
        Text t = {0};

        for (size_t i = 0; i < n; i++)
            text_printf(&t, "%s%zu", i > 0 ? "," : "", i);
        assert_int_equal(text_take(&t, &text), 0);
        if (n == DEVICE_MASK_ITEMS_MAX) {
            assert_int_equal(device_mask_parse(text, "m", &mask, NULL), 0);
            assert_int_equal(mask.count, n);
            assert_int_equal(mask.items[n - 1].index, n - 1);
        } else {
            assert_int_equal(device_mask_parse(text, "m", &mask, &error), -EINVAL);
            assert_non_null(strstr(error.text, "\"64\""));
        }
    }
}

/* B-DEVICE-003, B-DEVICE-004, B-CONFIG-011 */
static void test_against_devices(void **state)
{
    static const DeviceIds without_parts = {.gpus = {{.uuid = A}}, .count = 1};
    static const struct {
        const char *mask;
        const DeviceIds *known;
        const char *missing; /* NULL: all is there */
    } rows[] = {
            {"0,1", &known, NULL},
            {"2", &known, "2"},
            {"GPU0,GPU2", &known, "GPU2"},
            {B "," A, &known, NULL},
            {MIG, &known, NULL},
            {"GPU-00000000-0000-0000-0000-000000000000", &known,
             "GPU-00000000-0000-0000-0000-000000000000"},
            {"MIG-00000000-0000-0000-0000-000000000000", &known,
             "MIG-00000000-0000-0000-0000-000000000000"},
            {MIG, &without_parts, NULL},
            {B, &without_parts, B},
            {"7", &none, NULL},
            {B, &none, NULL},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        Error error = {.code = PM_ERROR_NONE};
        DeviceMask mask;
        int r;

        assert_int_equal(device_mask_parse(rows[i].mask, "m", &mask, NULL), 0);
        r = device_mask_check(&mask, rows[i].known, "m", &error);
        assert_int_equal(r, rows[i].missing ? -EINVAL : 0);
        if (!rows[i].missing)
            continue;
        assert_int_equal(error.code, PM_ERROR_INVALID_FIELD);
        assert_string_equal(error.field, "m");
        assert_non_null(strstr(error.text, rows[i].missing));
    }
}

/* B-DEVICE-010, B-DEVICE-011: exactly the nodes of the mask, and what all share. */
static void test_nodes(void **state)
{
#define SHARED "/dev/nvidiactl /dev/nvidia-uvm /dev/nvidia-uvm-tools "
    static const DeviceIds no_minor = {.gpus = {{.uuid = A, .minor = DEVICE_MINOR_UNKNOWN}},
                                       .count = 1};
    static const struct {
        const char *mask;
        const DeviceIds *known;
        const char *nodes; /* NULL: cannot be told */
    } rows[] = {
            {"0", &known, "/dev/nvidia1 " SHARED},
            {"GPU1", &known, "/dev/nvidia0 " SHARED},
            {"1,0", &known, "/dev/nvidia0 /dev/nvidia1 " SHARED},
            {A, &known, "/dev/nvidia1 " SHARED},
            {MIG, &known, "/dev/nvidia0 char-nvidia-caps " SHARED},
            {B "," MIG, &known, "/dev/nvidia0 char-nvidia-caps " SHARED},
            {"1,3", &none, "/dev/nvidia1 /dev/nvidia3 " SHARED},
            {A, &none, NULL},
            {MIG, &none, NULL},
            {"2", &known, NULL},
            {"0", &no_minor, NULL},
            {A, &no_minor, NULL},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        _cleanup_strv_free_ char **nodes = NULL;
        Error error = {.code = PM_ERROR_NONE};
        _cleanup_free_ char *joined = NULL;
        Text text = {0};
        DeviceMask mask;
        int r;

        assert_int_equal(device_mask_parse(rows[i].mask, "m", &mask, NULL), 0);
        r = device_mask_nodes(&mask, rows[i].known, "m", &nodes, &error);
        assert_int_equal(r, rows[i].nodes ? 0 : -EINVAL);
        STRV_FOREACH (node, nodes)
            text_printf(&text, "%s ", *node);
        assert_int_equal(text_take(&text, &joined), 0);
        if (rows[i].nodes)
            assert_string_equal(joined, rows[i].nodes);
        else
            assert_non_null(strstr(error.text, rows[i].mask));
    }
}

/* Whom a GPU that fails concerns. */
static void test_match(void **state)
{
    static const struct {
        const char *mask;
        MaskMatch first, second, unknown; /* of device 0, of 1, of one that is not there */
    } rows[] = {
            {NULL, MASK_COVERS, MASK_COVERS, MASK_COVERS},
            {"", MASK_COVERS, MASK_COVERS, MASK_COVERS},
            {"0", MASK_COVERS, MASK_OTHER, MASK_UNKNOWN},
            {"1,2", MASK_OTHER, MASK_COVERS, MASK_UNKNOWN},
            {"2, 0", MASK_COVERS, MASK_OTHER, MASK_UNKNOWN},
            {"10", MASK_OTHER, MASK_OTHER, MASK_UNKNOWN},
            {"GPU0,GPU2", MASK_COVERS, MASK_OTHER, MASK_UNKNOWN},
            {"gpu1", MASK_OTHER, MASK_COVERS, MASK_UNKNOWN},
            {A, MASK_COVERS, MASK_OTHER, MASK_OTHER},
            {B, MASK_OTHER, MASK_COVERS, MASK_OTHER},
            {MIG, MASK_OTHER, MASK_COVERS, MASK_OTHER},
            {"GPU-00000000-0000-0000-0000-000000000000", MASK_UNKNOWN, MASK_UNKNOWN, MASK_UNKNOWN},
            {"MIG-00000000-0000-0000-0000-000000000000," A, MASK_COVERS, MASK_UNKNOWN,
             MASK_UNKNOWN},
            /* What earlier versions have put into state files. */
            {"nonsense", MASK_UNKNOWN, MASK_UNKNOWN, MASK_UNKNOWN},
            {"gpu-80DED6BD", MASK_UNKNOWN, MASK_UNKNOWN, MASK_UNKNOWN},
            {"0,", MASK_UNKNOWN, MASK_UNKNOWN, MASK_UNKNOWN},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        assert_int_equal(device_mask_match(rows[i].mask, &known, 0), rows[i].first);
        assert_int_equal(device_mask_match(rows[i].mask, &known, 1), rows[i].second);
        assert_int_equal(device_mask_match(rows[i].mask, &known, -ENODEV), rows[i].unknown);
        /* With no driver nothing can be told apart. */
        assert_int_not_equal(device_mask_match(rows[i].mask, &none, -1), MASK_OTHER);
    }
}

static void test_contradiction(void **state)
{
    static char one[] = "A=b",
                two[] = "CUDA_VISIBLE_DEVICES=", three[] = "CUDA_DEVICE_ORDER=FASTEST_FIRST",
                four[] = "CUDA_VISIBLE_DEVICES_X=1", five[] = "XCUDA_DEVICE_ORDER=1";
    char *const visible[] = {one, two, NULL}, *const order[] = {three, NULL},
                *const others[] = {four, five, NULL};

    assert_string_equal(device_mask_contradiction(visible), "CUDA_VISIBLE_DEVICES");
    assert_string_equal(device_mask_contradiction(order), "CUDA_DEVICE_ORDER");
    assert_null(device_mask_contradiction(others));
    assert_null(device_mask_contradiction(NULL));
}

static void test_out_of_memory(void **state)
{
    _cleanup_strv_free_ char **nodes = NULL;
    _cleanup_free_ char *text = strdup(" 0,1");
    DeviceMask mask;
    int r;

    FOR_EACH_FAILED_ALLOCATION(r = device_mask_canonicalize(&text, "m", NULL), {
        assert_int_equal(r, -ENOMEM);
        assert_string_equal(text, " 0,1");
    });
    assert_int_equal(r, 0);
    assert_int_equal(device_mask_parse(text, "m", &mask, NULL), 0);
    FOR_EACH_FAILED_ALLOCATION(r = device_mask_nodes(&mask, &known, "m", &nodes, NULL), {
        assert_int_equal(r, -ENOMEM);
        assert_null(nodes);
    });
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_good),
            cmocka_unit_test(test_bad),
            cmocka_unit_test(test_no_mask),
            cmocka_unit_test(test_number_of_items),
            cmocka_unit_test(test_against_devices),
            cmocka_unit_test(test_nodes),
            cmocka_unit_test(test_match),
            cmocka_unit_test(test_contradiction),
            cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
