/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bodies.h"

#include "base/text.h"
#include "support.h"

static const struct {
    const char *name, *value;
} required[] = {
        {"pool_id", "\"p1\""},
        {"binary_path", "\"/usr/bin/llama-server\""},
        {"flags", "[\"--model\", \"/models/m.gguf\"]"},
        {"host", "\"127.0.0.1\""},
        {"port", "8080"},
        {"model_path", "\"/models/m.gguf\""},
        {"engine_version", "\"b1234\""},
};

static void add_member(Text *t, const char *name, const char *value)
{
    if (value)
        text_printf(t, "%s\"%s\": %s", t->data[t->length - 1] == '{' ? "" : ", ", name, value);
}

static char *take(Text *t)
{
    char *text = NULL;

    assert_int_equal(text_take(t, &text), 0);
    return text;
}

char *body_with(const char *name, const char *value)
{
    bool there = false;
    Text t = {0};

    text_append(&t, "{\"prepared\": {");
    for (size_t i = 0; i < ELEMENTSOF(required); i++) {
        bool same = streq(required[i].name, name);

        add_member(&t, required[i].name, same ? value : required[i].value);
        there = there || same;
    }
    if (!there)
        add_member(&t, name, value);
    text_append(&t, "}}");
    return take(&t);
}

char *body_and(const char *members)
{
    Text t = {0};

    text_append(&t, "{\"prepared\": {");
    for (size_t i = 0; i < ELEMENTSOF(required); i++)
        add_member(&t, required[i].name, required[i].value);
    text_printf(&t, ", %s}}", members);
    return take(&t);
}

char *body_bare(void)
{
    Text t = {0};

    text_append(&t, "{");
    for (size_t i = 0; i < ELEMENTSOF(required); i++)
        add_member(&t, required[i].name, required[i].value);
    text_append(&t, "}");
    return take(&t);
}
