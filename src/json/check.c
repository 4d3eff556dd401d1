/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json/check.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/address.h"
#include "base/parse.h"
#include "core/sandbox.h"

#define DIGITS  "0123456789"
#define UPPER   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER   "abcdefghijklmnopqrstuvwxyz"
#define LETTERS UPPER LOWER

enum {
    HOST_MAX = 253,       /* RFC 1035: a name written with dots */
    CREDENTIAL_MAX = 255, /* a file name */
    CALL_MAX = 64,        /* longer than the name of any system call */
};

/* Whether each byte is between `first` and `last`. */
static bool all_between(const char *s, unsigned char first, unsigned char last)
{
    for (; *s; s++)
        if ((unsigned char)*s < first || (unsigned char)*s > last)
            return false;
    return true;
}

static bool consists_of(const char *s, const char *accept)
{
    return s[strspn(s, accept)] == '\0';
}

static bool is_printable(const char *s)
{
    for (const unsigned char *p = (const unsigned char *)s; *p; p++) {
        if (*p < 0x20 || *p == 0x7f)
            return false;
        /* U+0080 to U+009F: a terminal may take them for commands */
        if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
            return false;
    }
    return true;
}

const char *check_printable(const char *s)
{
    return is_printable(s) ? NULL : "must not have control characters";
}

const char *check_id(const char *s)
{
    return id_is_valid(s) ? NULL
                          : "must be 1 to 64 of A-Z a-z 0-9 . _ - and start with a letter or digit";
}

const char *check_path(const char *s)
{
    return path_is_absolute_and_plain(s) && is_printable(s)
                   ? NULL
                   : "must be an absolute path without \"..\" and control characters, shorter than "
                     "4096 bytes";
}

const char *check_model(const char *s)
{
    return *s == '/' ? check_path(s) : check_printable(s);
}

const char *check_host(const char *s)
{
    unsigned char address[sizeof(struct in6_addr)];
    bool good;

    if (strchr(s, ':'))
        good = inet_pton(AF_INET6, s, address) == 1;
    else if (consists_of(s, DIGITS "."))
        good = inet_pton(AF_INET, s, address) == 1;
    else
        good = consists_of(s, LETTERS DIGITS "._-") && *s != '-' && *s != '.' && !strstr(s, "..");
    return good && strlen(s) <= HOST_MAX
                   ? NULL
                   : "must be a host name or an IP address without brackets and port, at most 253 "
                     "characters";
}

const char *check_url_path(const char *s)
{
    return *s == '/' && all_between(s, '!', '~') && !strchr(s, '#')
                   ? NULL
                   : "must start with / and have only printable ASCII characters, no spaces and no "
                     "#";
}

const char *check_env_name(const char *s)
{
    return *s && !strchr(DIGITS, *s) && consists_of(s, LETTERS DIGITS "_")
                   ? NULL
                   : "must be a name of A-Z a-z 0-9 _ that does not start with a digit";
}

const char *check_user_name(const char *s)
{
    return *s && !strchr(DIGITS "-.", *s) && consists_of(s, LETTERS DIGITS "_.-") &&
                           strcmp(s, "root") != 0
                   ? NULL
                   : "must be the name of a user or group of the host other than root";
}

const char *check_capability(const char *s)
{
    return capability_number(s) >= 0 ? NULL
                                     : "must be the name of a capability, such as CAP_IPC_LOCK";
}

const char *check_system_call(const char *s)
{
    const char *name = *s == '@' ? s + 1 : s;

    return *name && consists_of(name, LOWER DIGITS "_-") && strlen(s) <= CALL_MAX
                   ? NULL
                   : "must be a system call or a group of them, such as mount or @mount; @known "
                     "stands for all";
}

const char *check_image(const char *s)
{
    return "cannot be run: without subordinate users podman cannot own what is in an image; unpack "
           "it "
           "(podman export) and name the folder in container.rootfs";
}

const char *check_address_family(const char *s)
{
    return strncmp(s, "AF_", 3) == 0 && s[3] && consists_of(s, UPPER DIGITS "_") &&
                           strlen(s) <= CALL_MAX
                   ? NULL
                   : "must be an address family, such as AF_PACKET";
}

const char *check_address_range(const char *s)
{
    AddressRange ranges[ADDRESS_RANGES_MAX];

    return address_ranges_parse(s, ranges) > 0
                   ? NULL
                   : "must be an IP address, a range such as 192.0.2.0/24, or any";
}

const char *check_credential_name(const char *s)
{
    bool good = *s && all_between(s, ' ', '~') && !strpbrk(s, "/:=") && strcmp(s, ".") != 0 &&
                strcmp(s, "..") != 0 && strlen(s) <= CREDENTIAL_MAX;

    return good ? NULL : "must be a name of 1 to 255 printable ASCII characters without / : =";
}
