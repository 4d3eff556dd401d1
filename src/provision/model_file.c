/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/model_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "provision/failure.h"

enum {
    MAGIC_BYTES = 4,
    READ_BYTES = 1024 * 1024,
};

int model_file_is_gguf(int fd, char ret_start[5])
{
    char start[MAGIC_BYTES] = {0};
    ssize_t n = pread(fd, start, sizeof(start), 0);

    if (n < 0)
        return -errno;
    for (ssize_t i = 0; i < n; i++)
        ret_start[i] = (char)(start[i] >= ' ' && start[i] <= '~' ? start[i] : '.');
    ret_start[n] = '\0';
    return n == MAGIC_BYTES && memcmp(start, "GGUF", MAGIC_BYTES) == 0;
}

int model_file_digest(int fd, uint64_t from, uint64_t size, Sha256 *s, Progress *progress)
{
    _cleanup_free_ char *buffer = malloc(READ_BYTES);

    if (!buffer)
        return -ENOMEM;
    (void)posix_fadvise(fd, (off_t)from, 0, POSIX_FADV_SEQUENTIAL);
    while (from < size) {
        size_t wanted = size - from < READ_BYTES ? (size_t)(size - from) : READ_BYTES;
        ssize_t n = pread(fd, buffer, wanted, (off_t)from);
        int r;

        if (n < 0)
            return -errno;
        if (n == 0)
            return -EIO; /* it got shorter while we read */
        r = sha256_add(s, buffer, (size_t)n);
        if (r < 0)
            return r;
        from += (uint64_t)n;
        progress_report(progress, "digest", from, size);
    }
    return 0;
}

static int cannot(const char *what, const char *path, int r, Error *error)
{
    if (r == -ENOENT || r == -ENOTDIR)
        return error_set(error, FAILURE_FINAL, NULL,
                         "%s does not exist; check the path and that its file system is mounted",
                         path);
    if (r == -EACCES || r == -EPERM)
        return error_set(error, FAILURE_FINAL, NULL,
                         "%s may not be read by user %u; change its mode or owner", path,
                         (unsigned)geteuid());
    return error_set(error, failure_of_errno(r), NULL, "%s cannot be %s: %s", path, what,
                     strerror(-r));
}

static int check_folder(int fd, const char *path, const char *sha256, Error *error)
{
    struct stat st;

    if (fstatat(fd, "config.json", &st, 0) < 0 || !S_ISREG(st.st_mode))
        return error_set(error, FAILURE_FINAL, NULL,
                         "%s is a folder without a config.json; name a GGUF file, or a folder with "
                         "a model as Hugging Face lays it out",
                         path);
    if (faccessat(fd, "config.json", R_OK, AT_EACCESS) < 0)
        return error_set(error, FAILURE_FINAL, NULL,
                         "%s/config.json may not be read by user %u; change its mode or owner",
                         path, (unsigned)geteuid());
    if (sha256[0])
        return error_set(error, FAILURE_USAGE, NULL,
                         "%s is a folder, and only a file has a digest; leave #sha256= out", path);
    return 0;
}

static int check_digest(int fd, const char *path, uint64_t size, const char *sha256,
                        Progress *progress, Error *error)
{
    _cleanup_(sha256_freep) Sha256 *s = NULL;
    char found[SHA256_HEX + 1];
    int r = sha256_new(&s);

    if (r >= 0)
        r = model_file_digest(fd, 0, size, s, progress);
    if (r >= 0)
        r = sha256_hex(s, found);
    if (r < 0)
        return cannot("read", path, r, error);
    if (!streq(found, sha256))
        return error_set(error, FAILURE_FINAL, NULL,
                         "%s has the SHA-256 %s, not %s; it is damaged or another model", path,
                         found, sha256);
    return 0;
}

static int check_file(int fd, const char *path, uint64_t size, const char *sha256,
                      Progress *progress, Error *error)
{
    char start[5];
    int r = model_file_is_gguf(fd, start);

    if (r < 0)
        return cannot("read", path, r, error);
    if (size == 0)
        return error_set(error, FAILURE_FINAL, NULL, "%s is empty; copy the model again", path);
    if (r == 0)
        return error_set(error, FAILURE_FINAL, NULL,
                         "%s is not a GGUF model: it starts with \"%s\" instead of \"GGUF\"", path,
                         start);
    return sha256[0] ? check_digest(fd, path, size, sha256, progress, error) : 0;
}

int model_file_check(const char *path, const char *sha256, Progress *progress, Error *error)
{
    _cleanup_close_ int fd = -1;
    struct stat st;

    /* O_NONBLOCK: opening a pipe without a writer would wait for one. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return cannot("opened", path, -errno, error);
    if (fstat(fd, &st) < 0)
        return cannot("looked at", path, -errno, error);
    if (S_ISDIR(st.st_mode))
        return check_folder(fd, path, sha256, error);
    if (!S_ISREG(st.st_mode))
        return error_set(error, FAILURE_FINAL, NULL,
                         "%s is neither a file nor a folder; name a GGUF file", path);
    return check_file(fd, path, (uint64_t)st.st_size, sha256, progress, error);
}
