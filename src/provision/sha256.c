/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/sha256.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/evp.h>

struct Sha256 {
    EVP_MD_CTX *context;
};

int sha256_new(Sha256 **ret)
{
    _cleanup_(sha256_freep) Sha256 *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->context = EVP_MD_CTX_new();
    if (!s->context || sha256_reset(s) < 0)
        return -ENOMEM;
    *ret = TAKE_PTR(s);
    return 0;
}

Sha256 *sha256_free(Sha256 *s)
{
    if (!s)
        return NULL;
    EVP_MD_CTX_free(s->context);
    free(s);
    return NULL;
}

int sha256_reset(Sha256 *s)
{
    return EVP_DigestInit_ex(s->context, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}

int sha256_add(Sha256 *s, const void *data, size_t n)
{
    return EVP_DigestUpdate(s->context, data, n) == 1 ? 0 : -EIO;
}

int sha256_hex(const Sha256 *s, char ret[SHA256_HEX + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    bool good = copy && EVP_MD_CTX_copy_ex(copy, s->context) == 1 &&
                EVP_DigestFinal_ex(copy, digest, NULL) == 1;

    EVP_MD_CTX_free(copy);
    if (!good)
        return -EIO;
    for (size_t i = 0; i < SHA256_HEX / 2; i++) {
        ret[2 * i] = digits[digest[i] >> 4];
        ret[2 * i + 1] = digits[digest[i] & 0xf];
    }
    ret[SHA256_HEX] = '\0';
    return 0;
}

int sha256_of(const void *data, size_t n, char ret[SHA256_HEX + 1])
{
    _cleanup_(sha256_freep) Sha256 *s = NULL;
    int r = sha256_new(&s);

    if (r >= 0)
        r = sha256_add(s, data, n);
    if (r >= 0)
        r = sha256_hex(s, ret);
    return r;
}

int sha256_parse(const char *s, char ret[SHA256_HEX + 1])
{
    if (strlen(s) != SHA256_HEX)
        return -EINVAL;
    for (size_t i = 0; i < SHA256_HEX; i++)
        if (!isascii((unsigned char)s[i]) || !isxdigit((unsigned char)s[i]))
            return -EINVAL;
    for (size_t i = 0; i <= SHA256_HEX; i++)
        ret[i] = (char)tolower((unsigned char)s[i]);
    return 0;
}
