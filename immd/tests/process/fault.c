/* Makes one write of the store fail. Loaded before the C library; FAULT_AT counts the writes and syncs of data.mdb from 1,
   FAULT_MODE says what happens to that one:
     eio     it fails with EIO, the later ones succeed
     enospc  it and all later ones fail with ENOSPC
     short   a part of it is written
     die     a part of it is written and the process is killed
     after   it is made and the process is killed before it goes on
   A part is whole sectors; of less than a sector nothing is written. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SECTOR = 512 };
static long count;

static int is_store(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, "data.mdb") != NULL;
}

static const char *mode(int fd) {
    const char *at = getenv("FAULT_AT"), *wanted = getenv("FAULT_MODE");
    if (!at || !wanted || !is_store(fd)) return NULL;
    long number = atol(at), now = ++count;
    return now == number || (now > number && !strcmp(wanted, "enospc")) ? wanted : NULL;
}

static void die(void) { kill(getpid(), SIGKILL); pause(); }

/* Kills the process after what it has done well. */
static ssize_t done(const char *wanted, ssize_t result) {
    if (wanted && !strcmp(wanted, "after") && result >= 0) die();
    return result;
}

static int refused(const char *wanted) {
    if (!strcmp(wanted, "eio")) { errno = EIO; return 1; }
    if (!strcmp(wanted, "enospc")) { errno = ENOSPC; return 1; }
    return 0;
}

static ssize_t part(const char *wanted, int fd, const void *bytes, size_t size, off_t at) {
    ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite64");
    size_t half = size / 2 / SECTOR * SECTOR;
    ssize_t written = half ? real(fd, bytes, half, at) : 0;
    if (!strcmp(wanted, "die")) die();
    return written;
}

static ssize_t write_at(int fd, const void *bytes, size_t size, off_t at) {
    ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite64");
    const char *wanted = mode(fd);
    if (!wanted || !strcmp(wanted, "after")) return done(wanted, real(fd, bytes, size, at));
    return refused(wanted) ? -1 : part(wanted, fd, bytes, size, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return write_at(fd, bytes, size, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) { return write_at(fd, bytes, size, at); }

static ssize_t writev_at(int fd, const struct iovec *list, int length, off_t at) {
    ssize_t (*real)(int, const struct iovec *, int, off_t) = dlsym(RTLD_NEXT, "pwritev64");
    const char *wanted = mode(fd);
    if (!wanted || !strcmp(wanted, "after")) return done(wanted, real(fd, list, length, at));
    return refused(wanted) ? -1 : part(wanted, fd, list[0].iov_base, list[0].iov_len, at);
}

ssize_t pwritev(int fd, const struct iovec *list, int length, off_t at) { return writev_at(fd, list, length, at); }
ssize_t pwritev64(int fd, const struct iovec *list, int length, off_t at) { return writev_at(fd, list, length, at); }

ssize_t writev(int fd, const struct iovec *list, int length) {
    ssize_t (*real)(int, const struct iovec *, int) = dlsym(RTLD_NEXT, "writev");
    const char *wanted = mode(fd);
    if (!wanted || !strcmp(wanted, "after")) return done(wanted, real(fd, list, length));
    return refused(wanted) ? -1 : part(wanted, fd, list[0].iov_base, list[0].iov_len, lseek(fd, 0, SEEK_CUR));
}

int fdatasync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    const char *wanted = mode(fd);
    if (!wanted || !strcmp(wanted, "after")) return (int)done(wanted, real(fd));
    if (!strcmp(wanted, "die")) die();
    errno = strcmp(wanted, "enospc") ? EIO : ENOSPC;
    return -1;
}
