/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/web_address.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>

#include "provision/failure.h"
#include "provision/sha256.h"

static void curl_url_cleanupp(CURLU **u)
{
    curl_url_cleanup(*u);
}

static void curl_freep(char **s)
{
    curl_free(*s);
}

/* The whole address as it stands in `u` now. */
static int whole(CURLU *u, char **ret)
{
    _cleanup_(curl_freep) char *url = NULL;
    char *copy;

    if (curl_url_get(u, CURLUPART_URL, &url, CURLU_NO_DEFAULT_PORT) != CURLUE_OK)
        return -ENOMEM;
    copy = strdup(url);
    if (!copy)
        return -ENOMEM;
    *ret = copy;
    return 0;
}

/* Who asks is no part of what is asked for: a new password must not fetch the model again. */
static int set_key(CURLU *u, WebAddress *a)
{
    _cleanup_free_ char *url = NULL;
    char digest[SHA256_HEX + 1];
    int r;

    (void)curl_url_set(u, CURLUPART_USER, NULL, 0);
    (void)curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
    (void)curl_url_set(u, CURLUPART_OPTIONS, NULL, 0);
    r = whole(u, &url);
    if (r >= 0)
        r = sha256_of(url, strlen(url), digest);
    if (r < 0)
        return r;
    (void)snprintf(a->key, sizeof(a->key), "%.*s", CACHE_KEY_HEX, digest);
    return 0;
}

static int set_shown(CURLU *u, WebAddress *a)
{
    _cleanup_(curl_freep) char *query = NULL;
    _cleanup_free_ char *url = NULL;
    int r;

    (void)curl_url_get(u, CURLUPART_QUERY, &query, 0);
    (void)curl_url_set(u, CURLUPART_QUERY, NULL, 0);
    r = whole(u, &url);
    if (r < 0)
        return r;
    return asprintf(&a->shown, "%s%s", url, query ? "?..." : "") < 0 ? -ENOMEM : 0;
}

/* The end of the path's last component: the end is where the kind of the file stands. */
static int set_tail(CURLU *u, WebAddress *a)
{
    _cleanup_(curl_freep) char *path = NULL;
    const char *name;
    size_t length;

    /* Undecoded: '%' becomes '_', so no byte needs more thought. */
    if (curl_url_get(u, CURLUPART_PATH, &path, 0) != CURLUE_OK)
        return -ENOMEM;
    name = strrchr(path, '/');
    name = name ? name + 1 : path;
    length = strlen(name);
    if (length > CACHE_TAIL_MAX)
        name += length - CACHE_TAIL_MAX;
    (void)snprintf(a->tail, sizeof(a->tail), "%s", name[0] ? name : "model");
    for (char *c = a->tail; *c; c++)
        if (!isascii((unsigned char)*c) || !(isalnum((unsigned char)*c) || strchr("._-", *c)))
            *c = '_';
    if (a->tail[0] == '.')
        a->tail[0] = '_';
    return 0;
}

static int take_apart(CURLU *u, WebAddress *a)
{
    _cleanup_(curl_freep) char *scheme = NULL;
    int r;

    if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return -ENOMEM;
    a->is_https = strcasecmp(scheme, "https") == 0;
    r = whole(u, &a->url);
    if (r >= 0)
        r = set_tail(u, a);
    if (r >= 0)
        r = set_key(u, a);
    if (r >= 0)
        r = set_shown(u, a);
    return r;
}

int web_address_parse(const char *text, WebAddress *ret, Error *error)
{
    _cleanup_(curl_url_cleanupp) CURLU *u = curl_url();
    WebAddress a = {0};
    CURLUcode code;

    if (!u)
        return failure_no_memory(error);
    code = curl_url_set(u, CURLUPART_URL, text, 0);
    if (code == CURLUE_OUT_OF_MEMORY)
        return failure_no_memory(error);
    if (code != CURLUE_OK)
        return error_set(error, FAILURE_USAGE, NULL,
                         "the address of the model is not valid (%s); write it as "
                         "https://host/path/model.gguf",
                         curl_url_strerror(code));
    if (take_apart(u, &a) < 0) {
        web_address_done(&a);
        return failure_no_memory(error);
    }
    *ret = a;
    return 0;
}

void web_address_done(WebAddress *a)
{
    free(a->url);
    free(a->shown);
    *a = (WebAddress){0};
}
