/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "json/fields.h"
#include "json/reader.h"

enum {
    FORMAT = 1,             /* a reader of another number must not guess */
    RECORD_MAX = 16 * 1024, /* bytes of a record's file */
};

typedef struct CachedFile {
    uint64_t format;
    CachedRecord record;
} CachedFile;

typedef struct PartFile {
    uint64_t format;
    PartRecord record;
} PartFile;

#define TEXT(type, member)                                 \
    FIELD_BUFFER, .offset = offsetof(type, record.member), \
                  .max = sizeof(((type *)NULL)->record.member) - 1, .check = check_printable
#define NUMBER(type, member) FIELD_U64, .offset = offsetof(type, record.member), .max = INT64_MAX
#define FORMAT_FIELD(type)                                                                  \
    "format", FIELD_U64, .required = true, .offset = offsetof(type, format), .min = FORMAT, \
                         .max = FORMAT

static const Field cached_fields[] = {
        {FORMAT_FIELD(CachedFile)},
        {"file", TEXT(CachedFile, file), .required = true},
        {"sha256", TEXT(CachedFile, sha256), .required = true},
        {"size", NUMBER(CachedFile, size), .required = true},
        {"mtime_nsec", NUMBER(CachedFile, mtime_nsec), .required = true},
        {"etag", TEXT(CachedFile, validators.etag)},
        {"last_modified", TEXT(CachedFile, validators.last_modified)},
};
static const FieldTable cached_table = {cached_fields, ELEMENTSOF(cached_fields)};

static const Field part_fields[] = {
        {FORMAT_FIELD(PartFile)},
        {"etag", TEXT(PartFile, validators.etag)},
        {"last_modified", TEXT(PartFile, validators.last_modified)},
        {"total", NUMBER(PartFile, total)},
        {"synced", NUMBER(PartFile, synced), .required = true},
        {"boot_id", TEXT(PartFile, boot_id), .required = true},
};
static const FieldTable part_table = {part_fields, ELEMENTSOF(part_fields)};

static int read_record(int dir_fd, const char *name, const FieldTable *table, void *base)
{
    _cleanup_json_ json_object *object = NULL;
    _cleanup_close_ int fd = -1;
    char text[RECORD_MAX];
    ssize_t n;

    fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    n = read(fd, text, sizeof(text));
    if (n < 0)
        return -errno;
    if (json_read(text, (size_t)n, &object, NULL) < 0 ||
        !json_object_is_type(object, json_type_object) ||
        fields_read(table, object, "", base, NULL, NULL) < 0)
        return -EBADMSG;
    return 0;
}

static int write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, data, n);

        if (written < 0)
            return -errno;
        data += written;
        n -= (size_t)written;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/* The temporary name needs no luck: the lock of the address keeps everybody else away. */
static int replace_file(int dir_fd, const char *name, const char *data, size_t n)
{
    _cleanup_close_ int fd = -1;
    char temporary[NAME_MAX + 1];
    int r;

    if (snprintf(temporary, sizeof(temporary), "%s.new", name) >= (int)sizeof(temporary))
        return -ENAMETOOLONG;
    fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return -errno;
    r = write_all(fd, data, n);
    if (r >= 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
        r = -errno;
    if (r < 0)
        (void)unlinkat(dir_fd, temporary, 0);
    else if (fsync(dir_fd) < 0)
        r = -errno;
    return r;
}

static int write_record(int dir_fd, const char *name, const FieldTable *table, const void *base)
{
    _cleanup_json_ json_object *object = NULL;
    const char *text;
    size_t n;
    Builder b;

    builder_init(&b);
    fields_write(table, base, &b);
    object = builder_take(&b);
    text = object ? json_object_to_json_string_length(object, JSON_TEXT_LINE, &n) : NULL;
    return text ? replace_file(dir_fd, name, text, n) : -ENOMEM;
}

int cached_record_read(int dir_fd, const char *name, CachedRecord *ret)
{
    CachedFile file = {0};
    int r = read_record(dir_fd, name, &cached_table, &file);

    if (r < 0)
        return r;
    /* It is a name in the folder, whoever wrote it. */
    if (strchr(file.record.file, '/') || file.record.file[0] == '.')
        return -EBADMSG;
    *ret = file.record;
    return 0;
}

int cached_record_write(int dir_fd, const char *name, const CachedRecord *record)
{
    const CachedFile file = {.format = FORMAT, .record = *record};

    return write_record(dir_fd, name, &cached_table, &file);
}

int part_record_read(int dir_fd, const char *name, PartRecord *ret)
{
    PartFile file = {.record.total = RECORD_UNKNOWN};
    int r = read_record(dir_fd, name, &part_table, &file);

    if (r >= 0)
        *ret = file.record;
    return r;
}

int part_record_write(int dir_fd, const char *name, const PartRecord *record)
{
    const PartFile file = {.format = FORMAT, .record = *record};

    return write_record(dir_fd, name, &part_table, &file);
}
