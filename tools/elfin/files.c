/* SPDX-License-Identifier: MIT */
#include "tools/elfin/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain(const char *what, const char *path, int error)
{
    fprintf(stderr, "elfin: cannot %s %s: %s\n", what, path, strerror(error));
    return false;
}

/* The size is a guess at first: pipes have none, files can grow. Returns an errno value. */
static int read_all(int fd, struct file *file)
{
    struct stat status;
    size_t capacity = 4096;

    if (fstat(fd, &status) != 0)
        return errno;
    /* Two more: the NUL, and a byte of room in which read() can say that the end is reached. */
    if (S_ISREG(status.st_mode) && status.st_size > 0)
        capacity = (size_t)status.st_size + 2;
    file->size = 0;
    file->data = malloc(capacity);
    while (file->data) {
        ssize_t got = read(fd, file->data + file->size, capacity - file->size - 1);
        char *larger;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        file->size += (size_t)got;
        file->data[file->size] = '\0';
        if (got == 0)
            return 0;
        if (file->size + 1 < capacity)
            continue;
        larger = capacity > SIZE_MAX / 2 ? NULL : realloc(file->data, capacity * 2);
        if (!larger)
            break;
        file->data = larger;
        capacity *= 2;
    }
    return ENOMEM;
}

bool file_read(const char *path, struct file *out)
{
    struct file file = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error;

    if (fd < 0)
        return complain("read", path, errno);
    error = read_all(fd, &file);
    close(fd);
    if (error) {
        file_free(&file);
        return complain("read", path, error);
    }
    *out = file;
    return true;
}

void file_free(struct file *file)
{
    free(file->data);
    file->data = NULL;
    file->size = 0;
}

/* Devices and pipes (as /dev/stdout) are not ours to remove. */
static void remove_regular(const char *path)
{
    struct stat status;

    if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
        unlink(path);
}

bool file_write(const char *path, void (*write)(const void *what, FILE *out), const void *what)
{
    bool is_file = strcmp(path, "-") != 0; /* which mostly means the standard output: not here */
    FILE *out = is_file ? fopen(path, "wb") : NULL;
    bool failed;
    int error;

    if (!is_file)
        errno = EINVAL;
    if (!out)
        return complain("write", path, errno);
    errno = 0;
    write(what, out);
    failed = fflush(out) != 0 || ferror(out);
    error = errno;
    if (fclose(out) != 0 && !failed) {
        failed = true;
        error = errno;
    }
    if (!failed)
        return true;
    remove_regular(path);
    return complain("write", path, error ? error : EIO);
}
