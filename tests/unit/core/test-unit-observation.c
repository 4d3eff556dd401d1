/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/cmocka-all.h"

#include <signal.h>

#include "core/unit_observation.h"

enum { ALL_FIELDS = (UNIT_FIELD_POPULATED << 1) - 1 };

static const UnitObservation older = {
        .load = UNIT_LOAD_LOADED,
        .active = UNIT_ACTIVE_INACTIVE,
        .job = 1,
        .result = UNIT_RESULT_SUCCESS,
        .main_pid = 1,
        .exec_main_pid = 1,
        .exec_main_code = 1,
        .exec_main_status = 1,
        .invocation_id = "11111111111111111111111111111111",
        .active_enter_real_usec = 1,
        .populated = false,
        .left_pid = 1,
};
static const UnitObservation newer = {
        .load = UNIT_LOAD_NOT_FOUND,
        .active = UNIT_ACTIVE_ACTIVE,
        .job = 2,
        .result = UNIT_RESULT_SIGNAL,
        .main_pid = 2,
        .exec_main_pid = 2,
        .exec_main_code = 2,
        .exec_main_status = 2,
        .invocation_id = "22222222222222222222222222222222",
        .active_enter_real_usec = 2,
        .populated = true,
        .left_pid = 2,
};

/* Which members of `u` are those of `newer`; the others must be those of `older`. */
static unsigned newer_members(const UnitObservation *u)
{
    const struct {
        unsigned field;
        bool newer, older;
    } members[] = {
            {UNIT_FIELD_LOAD, u->load == newer.load, u->load == older.load},
            {UNIT_FIELD_ACTIVE, u->active == newer.active, u->active == older.active},
            {UNIT_FIELD_JOB, u->job == newer.job, u->job == older.job},
            {UNIT_FIELD_RESULT, u->result == newer.result, u->result == older.result},
            {UNIT_FIELD_MAIN_PID, u->main_pid == newer.main_pid, u->main_pid == older.main_pid},
            {UNIT_FIELD_EXEC_MAIN_PID, u->exec_main_pid == newer.exec_main_pid,
             u->exec_main_pid == older.exec_main_pid},
            {UNIT_FIELD_EXEC_MAIN_CODE, u->exec_main_code == newer.exec_main_code,
             u->exec_main_code == older.exec_main_code},
            {UNIT_FIELD_EXEC_MAIN_STATUS, u->exec_main_status == newer.exec_main_status,
             u->exec_main_status == older.exec_main_status},
            {UNIT_FIELD_INVOCATION_ID, streq(u->invocation_id, newer.invocation_id),
             streq(u->invocation_id, older.invocation_id)},
            {UNIT_FIELD_ACTIVE_ENTER, u->active_enter_real_usec == newer.active_enter_real_usec,
             u->active_enter_real_usec == older.active_enter_real_usec},
            {UNIT_FIELD_POPULATED, u->populated && u->left_pid == newer.left_pid,
             !u->populated && u->left_pid == older.left_pid},
    };
    unsigned fields = 0;

    for (size_t i = 0; i < ELEMENTSOF(members); i++) {
        assert_true(members[i].newer != members[i].older);
        fields |= members[i].newer ? members[i].field : 0;
    }
    return fields;
}

/* Every combination of fields: what the news carry is taken, the rest is left. */
static void test_merge(void **state)
{
    for (unsigned fields = 0; fields <= ALL_FIELDS; fields++) {
        UnitObservation u = older, news = newer;

        u.fields = ALL_FIELDS;
        news.fields = fields;
        assert_true(unit_observation_merge(&u, &news) == (fields != 0));
        assert_int_equal(newer_members(&u), fields);
        assert_int_equal(u.fields, ALL_FIELDS);
        assert_false(unit_observation_merge(&u, &news)); /* the bus says it twice */
        assert_int_equal(newer_members(&u), fields);
    }
}

static void test_merge_into_nothing(void **state)
{
    for (unsigned field = 1; field <= ALL_FIELDS; field <<= 1) {
        UnitObservation u = {0}, news = newer;

        news.fields = field;
        assert_true(unit_observation_merge(&u, &news));
        assert_int_equal(u.fields, field);
        assert_false(unit_observation_merge(&u, &news));
    }
}

/* Short names for the tables. */
#define LOADED       .load = UNIT_LOAD_LOADED
#define NOT_FOUND    .load = UNIT_LOAD_NOT_FOUND
#define INACTIVE     .active = UNIT_ACTIVE_INACTIVE
#define ACTIVATING   .active = UNIT_ACTIVE_ACTIVATING
#define ACTIVE       .active = UNIT_ACTIVE_ACTIVE
#define DEACTIVATING .active = UNIT_ACTIVE_DEACTIVATING
#define FAILED       .active = UNIT_ACTIVE_FAILED
#define JOB          .job = 17
#define RESULT(r)    .result = UNIT_RESULT_##r
#define EXITED(n)    .exec_main_code = CLD_EXITED, .exec_main_status = (n)
#define KILLED(n)    .exec_main_code = CLD_KILLED, .exec_main_status = (n)

static const struct {
    const char *what;
    UnitObservation unit;
    UnitVerdict verdict;
} recipes[] = {
        {"nothing is known", {0}, UNIT_VERDICT_UNDECIDED},
        {"only that it is loaded", {LOADED}, UNIT_VERDICT_UNDECIDED},
        {"only that there is a job", {JOB}, UNIT_VERDICT_UNDECIDED},
        {"only an exit, which may be an old one",
         {LOADED, EXITED(1), RESULT(EXIT_CODE)},
         UNIT_VERDICT_UNDECIDED},
        {"the first signals of a start say inactive with a job pending",
         {LOADED, INACTIVE, JOB, RESULT(SUCCESS)},
         UNIT_VERDICT_UNDECIDED},
        {"failed before, and a job pending",
         {LOADED, FAILED, JOB, EXITED(1), RESULT(EXIT_CODE)},
         UNIT_VERDICT_UNDECIDED},
        {"inactive, no job, nothing recorded yet",
         {LOADED, INACTIVE, RESULT(SUCCESS)},
         UNIT_VERDICT_UNDECIDED},
        {"inactive, no job, the result not known either",
         {LOADED, INACTIVE},
         UNIT_VERDICT_UNDECIDED},
        {"failed, but why is not known yet", {LOADED, FAILED}, UNIT_VERDICT_UNDECIDED},
        {"activating", {LOADED, ACTIVATING, JOB}, UNIT_VERDICT_STARTING},
        {"activating, although its process has ended already",
         {LOADED, ACTIVATING, JOB, EXITED(203), RESULT(EXIT_CODE)},
         UNIT_VERDICT_STARTING},
        {"active", {LOADED, ACTIVE, RESULT(SUCCESS)}, UNIT_VERDICT_RUNNING},
        {"active, its start job not removed yet", {LOADED, ACTIVE, JOB}, UNIT_VERDICT_RUNNING},
        {"active, a stop job waiting", {ACTIVE, JOB}, UNIT_VERDICT_RUNNING},
        {"stopping", {LOADED, DEACTIVATING, JOB}, UNIT_VERDICT_STOPPING},
        {"its main process has ended, children still hold the cgroup",
         {LOADED, DEACTIVATING, EXITED(0)},
         UNIT_VERDICT_STOPPING},
        {"exit 0", {LOADED, INACTIVE, EXITED(0), RESULT(SUCCESS)}, UNIT_VERDICT_ENDED},
        {"exit 1", {LOADED, FAILED, EXITED(1), RESULT(EXIT_CODE)}, UNIT_VERDICT_ENDED},
        {"systemd could not execute it",
         {LOADED, FAILED, EXITED(203), RESULT(EXIT_CODE)},
         UNIT_VERDICT_ENDED},
        {"a stop that we asked for, without grace left",
         {LOADED, FAILED, KILLED(SIGKILL), RESULT(TIMEOUT)},
         UNIT_VERDICT_ENDED},
        {"killed", {LOADED, FAILED, KILLED(SIGKILL), RESULT(SIGNAL)}, UNIT_VERDICT_ENDED},
        {"out of memory", {LOADED, FAILED, KILLED(SIGKILL), RESULT(OOM_KILL)}, UNIT_VERDICT_ENDED},
        {"given up while its process hangs in the kernel: no exit was recorded",
         {LOADED, FAILED, RESULT(TIMEOUT), .exec_main_pid = 42},
         UNIT_VERDICT_ABANDONED},
        {"given up while a child hangs in the kernel",
         {LOADED, FAILED, KILLED(SIGTERM), RESULT(TIMEOUT), .populated = true},
         UNIT_VERDICT_ABANDONED},
        {"the same, reset, and unloaded",
         {NOT_FOUND, INACTIVE, KILLED(SIGTERM), RESULT(TIMEOUT), .populated = true},
         UNIT_VERDICT_ABANDONED},
        {"the same, and the child has ended",
         {NOT_FOUND, INACTIVE, KILLED(SIGTERM), RESULT(TIMEOUT)},
         UNIT_VERDICT_ENDED},
        {"unknown after our restart, and a process is left",
         {NOT_FOUND, .populated = true},
         UNIT_VERDICT_ABANDONED},
        {"the same, and gone at last",
         {NOT_FOUND, INACTIVE, RESULT(TIMEOUT), .exec_main_pid = 42},
         UNIT_VERDICT_ENDED},
        {"no process could be made at all",
         {LOADED, FAILED, RESULT(RESOURCES)},
         UNIT_VERDICT_ENDED},
        {"failed in a way of its own", {LOADED, FAILED, RESULT(OTHER)}, UNIT_VERDICT_ENDED},
        {"ended, then collected: what was recorded counts",
         {NOT_FOUND, INACTIVE, EXITED(0), RESULT(SUCCESS)},
         UNIT_VERDICT_ENDED},
        {"a unit that is gone answers success and code 0",
         {NOT_FOUND, INACTIVE, RESULT(SUCCESS)},
         UNIT_VERDICT_GONE},
        {"not found, and nothing else is known", {NOT_FOUND}, UNIT_VERDICT_GONE},
        {"not found, inactive", {NOT_FOUND, INACTIVE}, UNIT_VERDICT_GONE},
};

static void test_verdict(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(recipes); i++)
        if (unit_observation_verdict(&recipes[i].unit) != recipes[i].verdict)
            fail_msg("%s", recipes[i].what);
}

/* Messages in the order of the bus, each with the verdict that holds after it. */
typedef struct Message {
    UnitObservation news;
    UnitVerdict verdict;
} Message;

#define SERVICE (UNIT_FIELD_RESULT | UNIT_FIELD_EXEC_MAIN_CODE | UNIT_FIELD_EXEC_MAIN_STATUS)
#define UNIT    (UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB)

static void deliver(const Message *messages, size_t n)
{
    UnitObservation u = {0};

    for (size_t i = 0; i < n; i++) {
        unit_observation_merge(&u, &messages[i].news);
        if (unit_observation_verdict(&u) != messages[i].verdict)
            fail_msg("message %zu", i);
    }
}

static void test_start_then_crash(void **state)
{
    static const Message messages[] = {
            {{.fields = SERVICE, RESULT(SUCCESS)}, UNIT_VERDICT_UNDECIDED},
            {{.fields = UNIT, INACTIVE, JOB}, UNIT_VERDICT_UNDECIDED},
            {{.fields = SERVICE, RESULT(SUCCESS)}, UNIT_VERDICT_UNDECIDED},
            {{.fields = UNIT, ACTIVATING, JOB}, UNIT_VERDICT_STARTING},
            {{.fields = UNIT, ACTIVE}, UNIT_VERDICT_RUNNING},
            {{.fields = SERVICE, KILLED(SIGSEGV), RESULT(SIGNAL)}, UNIT_VERDICT_RUNNING},
            {{.fields = UNIT, FAILED}, UNIT_VERDICT_ENDED},
            /* our ResetFailed lets it go: the query after UnitRemoved does not undo the end */
            {{.fields = UNIT | UNIT_FIELD_LOAD, NOT_FOUND, INACTIVE}, UNIT_VERDICT_ENDED},
    };

    deliver(messages, ELEMENTSOF(messages));
}

static void test_exit_at_once(void **state)
{
    static const Message messages[] = {
            {{.fields = UNIT, INACTIVE, JOB}, UNIT_VERDICT_UNDECIDED},
            {{.fields = SERVICE, EXITED(203), RESULT(EXIT_CODE)}, UNIT_VERDICT_UNDECIDED},
            {{.fields = UNIT, FAILED, JOB}, UNIT_VERDICT_UNDECIDED},
            {{.fields = UNIT_FIELD_JOB}, UNIT_VERDICT_ENDED},
    };

    deliver(messages, ELEMENTSOF(messages));
}

static void test_end_that_nobody_saw(void **state)
{
    static const Message messages[] = {
            {{.fields = UNIT | UNIT_FIELD_LOAD, LOADED, ACTIVE}, UNIT_VERDICT_RUNNING},
            {{.fields = UNIT | SERVICE | UNIT_FIELD_LOAD, NOT_FOUND, INACTIVE, RESULT(SUCCESS)},
             UNIT_VERDICT_GONE},
    };

    deliver(messages, ELEMENTSOF(messages));
}

/* A process that not even SIGKILL ends: systemd 252 and 262 say this, SIGTERM to reset. */
static void test_hangs_in_the_kernel(void **state)
{
    static const Message messages[] = {
            {{.fields = UNIT, ACTIVE}, UNIT_VERDICT_RUNNING},
            {{.fields = SERVICE | UNIT_FIELD_EXEC_MAIN_PID, RESULT(SUCCESS), .exec_main_pid = 42},
             UNIT_VERDICT_RUNNING},
            {{.fields = UNIT, DEACTIVATING, JOB}, UNIT_VERDICT_STOPPING},
            {{.fields = SERVICE, RESULT(TIMEOUT)}, UNIT_VERDICT_STOPPING},
            {{.fields = UNIT, DEACTIVATING, JOB}, UNIT_VERDICT_STOPPING},
            {{.fields = SERVICE, RESULT(TIMEOUT)}, UNIT_VERDICT_STOPPING},
            {{.fields = UNIT, FAILED, JOB}, UNIT_VERDICT_UNDECIDED},
            {{.fields = UNIT, FAILED}, UNIT_VERDICT_ABANDONED},
            /* reset: it stays loaded for its process */
            {{.fields = SERVICE, RESULT(SUCCESS)}, UNIT_VERDICT_UNDECIDED},
            {{.fields = UNIT, INACTIVE}, UNIT_VERDICT_UNDECIDED},
            {{.fields = UNIT | UNIT_FIELD_LOAD, NOT_FOUND, INACTIVE}, UNIT_VERDICT_GONE},
    };

    deliver(messages, ELEMENTSOF(messages));
}

/* Its failure was reset before we heard of it, while a child of it hangs in the kernel: only its
 * cgroup tells that from an end. */
static void test_reset_before_it_was_heard_of(void **state)
{
    UnitObservation u = {.fields = UNIT_FIELD_LOAD,
                         .load = UNIT_LOAD_LOADED,
                         INACTIVE,
                         KILLED(11),
                         RESULT(SUCCESS)};

    assert_true(unit_observation_is_doubtful(&u));
    assert_int_equal(unit_observation_verdict(&u), UNIT_VERDICT_ENDED);
    u.populated = true;
    assert_int_equal(unit_observation_verdict(&u), UNIT_VERDICT_ABANDONED);
}

static void test_not_doubtful(void **state)
{
    static const UnitObservation all[] = {
            {.load = UNIT_LOAD_LOADED, INACTIVE, JOB}, /* it is about to start */
            {.load = UNIT_LOAD_LOADED, ACTIVE},
            {.load = UNIT_LOAD_LOADED, DEACTIVATING, RESULT(TIMEOUT)},
            {.load = UNIT_LOAD_LOADED, FAILED, RESULT(SIGNAL), KILLED(11)},
            {.load = UNIT_LOAD_NOT_FOUND, INACTIVE},
    };

    for (size_t i = 0; i < ELEMENTSOF(all); i++)
        assert_false(unit_observation_is_doubtful(&all[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_merge),
            cmocka_unit_test(test_merge_into_nothing),
            cmocka_unit_test(test_verdict),
            cmocka_unit_test(test_start_then_crash),
            cmocka_unit_test(test_exit_at_once),
            cmocka_unit_test(test_end_that_nobody_saw),
            cmocka_unit_test(test_hangs_in_the_kernel),
            cmocka_unit_test(test_reset_before_it_was_heard_of),
            cmocka_unit_test(test_not_doubtful),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
