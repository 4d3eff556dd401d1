/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/transfer_error.h"

#include <inttypes.h>

#include "provision/failure.h"
#include "provision/transfer.h"

static bool is_no_connection(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_OPERATION_TIMEDOUT:
        return true;
    default:
        return false;
    }
}

static bool is_broken_connection(CURLcode code)
{
    switch (code) {
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return true;
    default:
        return false;
    }
}

static bool is_untrusted(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_ISSUER_ERROR;
}

void transfer_error_set(CURLcode code, const char *shown, const char *detail, uint64_t bytes,
                        Error *error)
{
    const char *why = detail[0] ? detail : curl_easy_strerror(code);

    if (code == CURLE_TOO_MANY_REDIRECTS)
        error_set(error, FAILURE_FINAL, NULL,
                  "%s redirects more than %d times in a row; check the address", shown,
                  TRANSFER_REDIRECTS_MAX);
    else if (code == CURLE_UNSUPPORTED_PROTOCOL)
        error_set(error, FAILURE_FINAL, NULL,
                  "%s redirects to where a model must not come from: only to http: or https: is "
                  "allowed, and from https: only to https:",
                  shown);
    else if (is_untrusted(code))
        error_set(error, FAILURE_FINAL, NULL,
                  "%s cannot be trusted: %s; install the certificate of its authority (Debian: "
                  "ca-certificates)",
                  shown, why);
    else if (is_no_connection(code))
        error_set(error, FAILURE_TEMPORARY, NULL, "%s cannot be reached: %s", shown, why);
    else if (is_broken_connection(code))
        error_set(error, FAILURE_TEMPORARY, NULL, "%s broke off after %" PRIu64 " bytes: %s", shown,
                  bytes, why);
    else
        error_set(error, code == CURLE_OUT_OF_MEMORY ? FAILURE_TEMPORARY : FAILURE_FINAL, NULL,
                  "%s cannot be fetched: %s", shown, why);
}
