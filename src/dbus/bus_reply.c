/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/bus_reply.h"

#include "base/parse.h"

const char *bus_text(const char *s)
{
    if (!s)
        return "";
    return utf8_is_valid(s, strlen(s)) ? s : "(not valid UTF-8)";
}

int bus_reply_error(sd_bus_message *call, const Error *error)
{
    return sd_bus_reply_method_errorf(call, pm_error_info(error->code)->dbus_name, "%s",
                                      bus_text(error->text));
}

int bus_error_from(sd_bus_error *ret, const Error *error)
{
    return sd_bus_error_set(ret, pm_error_info(error->code)->dbus_name, bus_text(error->text));
}

char *bus_json_chomp(char *text)
{
    size_t length = strlen(text);

    if (length > 0 && text[length - 1] == '\n')
        text[length - 1] = '\0';
    return text;
}

int bus_reply_json(sd_bus_message *call, char *text)
{
    return sd_bus_reply_method_return(call, "s", bus_text(bus_json_chomp(text)));
}
