/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poolmgr/messages.h>
#include <stdio.h>
#include <syslog.h>

#include "base/macros.h"
#include "daemon/token.h"
#include "systemd/journal.h"

enum { TOKEN_MAX = 4096 };

/* Returns 0 with *ret NULL when there is no such credential, systemd.exec(5). */
static int read_credential(char **ret)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    _cleanup_free_ char *path = NULL, *text = NULL;
    _cleanup_close_ int fd = -1;
    ssize_t n;

    *ret = NULL;
    if (!directory)
        return 0;
    if (asprintf(&path, "%s/api-token", directory) < 0)
        return -ENOMEM;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    text = calloc(1, TOKEN_MAX + 2);
    if (!text)
        return -ENOMEM;
    n = read(fd, text, TOKEN_MAX + 1);
    if (n < 0)
        return -errno;
    text[strcspn(text, "\r\n")] = '\0';
    *ret = TAKE_PTR(text);
    return 0;
}

static int check_token(const char *token)
{
    size_t n = strlen(token);

    for (const char *p = token; *p; p++)
        if (*p <= ' ' || *p > '~')
            n = 0;
    if (n >= 1 && n <= TOKEN_MAX)
        return 0;
    journal_say(LOG_ERR, PM_MESSAGE_CONFIGURATION_BAD,
                "The API token is unusable: it must be 1 to %d printable ASCII characters "
                "without a space",
                (int)TOKEN_MAX);
    return -EINVAL;
}

int token_load(char **ret)
{
    _cleanup_free_ char *token = NULL;
    const char *environment = getenv("LLORCH_API_TOKEN");
    int r = read_credential(&token);

    if (r >= 0 && !token && environment) {
        token = strdup(environment);
        r = token ? 0 : -ENOMEM;
    }
    (void)unsetenv("LLORCH_API_TOKEN");
    if (r >= 0 && token)
        r = check_token(token);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(token);
    return 0;
}
