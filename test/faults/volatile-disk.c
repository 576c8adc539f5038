/*
 * Preloaded into one process: a disk whose writes are lost unless they were flushed.
 * Files under VOLATILE_DISK are written as always, so the process sees its own writes; beside that every write, change of
 * length, flush and change of a name is recorded in the journal VOLATILE_DISK_JOURNAL, each before it reaches the file, a
 * flush after it is done. From what stood there before and the journal the tests make what the disk holds after a power cut.
 *
 * VOLATILE_DISK_CONTROL is mapped: counters for the tests to read, and what is to happen (the power fails at an event, writes
 * or flushes fail). sync_file_range, sync and msync flush nothing here, as POSIX and Linux promise nothing for a power cut.
 * SQLite's -shm files are shared memory, not data: they may fail to grow, and are in no journal. What would pass by unseen
 * (a shared mapping for writing, a name outside the folder) is recorded as such, and the tests refuse to go on.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* One int64 each; volatile-disk.ts names them in the same order. */
enum slot {
  EVENTS, WRITES, FLUSHES, CHECKPOINT_WRITES,
  CUT_AT_EVENT, CUT_AT_CHECKPOINT_WRITE, FAIL_WRITES_FROM, WRITE_ERRNO, FAIL_FLUSHES_FROM, FLUSH_ERRNO, FLUSH_MICROS,
  HAS_FAILED, FAIL_CHECKPOINTS,
  SLOTS
};

/* Kinds of records; disk-journal.ts reads them. */
enum kind { MADE = 1, FOUND, WROTE, RESIZED, FLUSHED, LOST, NAMED, UNNAMED, FOLDER_FLUSHED, UNSEEN };

struct record {
  uint32_t kind;
  uint32_t name_bytes; /* of a path relative to the folder */
  uint64_t file;       /* inode */
  uint64_t at;         /* offset of a write; new length; how much of the journal a flush covers */
  uint64_t data_bytes;
};

enum watch { NOT = 0, DATA, SHARED_MEMORY, FOLDER };
struct entry { enum watch watch; int is_main; uint64_t file; char *name; };

#define FDS 65536
static struct entry entries[FDS];
static char root[PATH_MAX];
static size_t root_bytes;
static int journal = -1;
static volatile int64_t *control;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(RESULT, NAME, ...)                       \
  static RESULT (*real)(__VA_ARGS__);                 \
  if (real == NULL) real = dlsym(RTLD_NEXT, #NAME)

__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("VOLATILE_DISK"), *file = getenv("VOLATILE_DISK_JOURNAL"), *map = getenv("VOLATILE_DISK_CONTROL");
  if (folder == NULL || file == NULL || map == NULL || realpath(folder, root) == NULL) return;
  int fd = syscall(SYS_openat, AT_FDCWD, map, O_RDWR | O_CLOEXEC);
  int to = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0 || to < 0) _exit(97);
  void *mapped = mmap(NULL, SLOTS * sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) _exit(98);
  control = mapped;
  root_bytes = strlen(root);
  /* Out of the way of descriptors that programs count on. */
  journal = syscall(SYS_fcntl, to, F_DUPFD_CLOEXEC, 1000);
  syscall(SYS_close, to);
  syscall(SYS_close, fd);
}

static struct entry *watched(int fd) {
  return journal >= 0 && fd >= 0 && fd < FDS && entries[fd].watch != NOT ? &entries[fd] : NULL;
}

static void power_fails(void) {
  control[HAS_FAILED] = 1;
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* Every step between which the power may fail. */
static void event(void) {
  int64_t now = __sync_add_and_fetch(&control[EVENTS], 1);
  if (control[CUT_AT_EVENT] != 0 && now >= control[CUT_AT_EVENT]) power_fails();
}

/* Called with the lock held. A journal that cannot be written makes every result worthless. */
static void put(enum kind kind, uint64_t file, const char *name, uint64_t at, const void *data, size_t bytes) {
  struct record head = {kind, name == NULL ? 0 : strlen(name), file, at, bytes};
  struct iovec parts[3] = {{&head, sizeof head}, {(void *)name, head.name_bytes}, {(void *)data, bytes}};
  ssize_t whole = sizeof head + head.name_bytes + bytes;
  if (syscall(SYS_writev, journal, parts, 3) != whole) _exit(96);
}

static uint64_t journal_bytes(void) { return syscall(SYS_lseek, journal, 0, SEEK_END); }

/* The path within the folder; NULL outside of it. "" is the folder itself. */
static const char *within(const char *path) {
  if (strncmp(path, root, root_bytes) != 0 || (path[root_bytes] != '/' && path[root_bytes] != 0)) return NULL;
  return path[root_bytes] == 0 ? path + root_bytes : path + root_bytes + 1;
}

static int ends_with(const char *name, const char *end) {
  size_t all = strlen(name), tail = strlen(end);
  return all >= tail && strcmp(name + all - tail, end) == 0;
}

static void forget(int fd) {
  struct entry *of = watched(fd);
  if (of == NULL) return;
  pthread_mutex_lock(&lock);
  free(of->name);
  *of = (struct entry){0};
  pthread_mutex_unlock(&lock);
}

static void note_open(int fd, int flags, int was_there) {
  if (journal < 0 || fd < 0 || fd >= FDS) return;
  forget(fd);
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0 || path[0] != '/') return;
  path[length] = 0;
  const char *name = within(path);
  struct stat now;
  if (name == NULL || fstat(fd, &now) != 0) return;
  pthread_mutex_lock(&lock);
  enum watch watch = S_ISDIR(now.st_mode) ? FOLDER : ends_with(name, "-shm") ? SHARED_MEMORY : DATA;
  /* What is neither a log of SQLite's nor its lock is written by checkpoints only, once there is a write-ahead log. */
  int is_main = !ends_with(name, "-wal") && !ends_with(name, "-journal") && !ends_with(name, ".lock");
  entries[fd] = (struct entry){watch, is_main, now.st_ino, strdup(name)};
  if (watch == DATA) put(was_there ? FOUND : MADE, now.st_ino, name, 0, NULL, 0);
  if (watch == DATA && was_there && (flags & O_TRUNC)) put(RESIZED, now.st_ino, NULL, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
}

#define OPENED(NAME, PARAMETERS, ARGUMENTS, FOLDER_FD, ...)                                       \
  int NAME PARAMETERS {                                                                           \
    REAL(int, NAME, __VA_ARGS__);                                                                 \
    va_list rest;                                                                                 \
    va_start(rest, flags);                                                                        \
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;                \
    va_end(rest);                                                                                 \
    int was_there = (flags & O_CREAT) == 0 || faccessat(FOLDER_FD, path, F_OK, 0) == 0;           \
    int fd = real ARGUMENTS;                                                                      \
    int before = errno;                                                                           \
    note_open(fd, flags, was_there);                                                              \
    errno = before;                                                                               \
    return fd;                                                                                    \
  }
OPENED(open, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD, const char *, int, ...)
OPENED(open64, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD, const char *, int, ...)
OPENED(openat, (int dir, const char *path, int flags, ...), (dir, path, flags, mode), dir, int, const char *, int, ...)
OPENED(openat64, (int dir, const char *path, int flags, ...), (dir, path, flags, mode), dir, int, const char *, int, ...)

int creat(const char *path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
  REAL(int, close, int);
  forget(fd);
  return real(fd);
}

static int fails(enum slot from, enum slot now) { return control[from] != 0 && control[now] >= control[from]; }

/* A disk that fills up takes the first half of the write that no longer fits, and then nothing. -1: refused. */
static ssize_t bytes_taken(size_t bytes) {
  __sync_add_and_fetch(&control[WRITES], 1);
  if (!fails(FAIL_WRITES_FROM, WRITES)) return bytes;
  if (control[WRITE_ERRNO] == ENOSPC && control[WRITES] == control[FAIL_WRITES_FROM] && bytes > 1) return bytes / 2;
  errno = control[WRITE_ERRNO];
  return -1;
}

static ssize_t store(int fd, const char *data, size_t bytes, off_t at) {
  struct entry *of = &entries[fd];
  event();
  pthread_mutex_lock(&lock);
  ssize_t taken = bytes_taken(bytes);
  if (taken > 0 && of->watch == DATA) {
    put(WROTE, of->file, NULL, at, data, taken);
    if (of->is_main) {
      int64_t now = __sync_add_and_fetch(&control[CHECKPOINT_WRITES], 1);
      if (control[CUT_AT_CHECKPOINT_WRITE] != 0 && now >= control[CUT_AT_CHECKPOINT_WRITE]) power_fails();
    }
  }
  if (taken > 0) taken = syscall(SYS_pwrite64, fd, data, taken, at);
  pthread_mutex_unlock(&lock);
  return taken;
}

/* The parts as one write. */
static ssize_t store_all(int fd, const struct iovec *parts, int count, off_t at) {
  size_t bytes = 0;
  for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
  char *whole = malloc(bytes + 1), *end = whole;
  for (int i = 0; i < count; i++) end = mempcpy(end, parts[i].iov_base, parts[i].iov_len);
  ssize_t stored = store(fd, whole, bytes, at);
  free(whole);
  return stored;
}

static off_t position(int fd) {
  int is_appending = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
  return syscall(SYS_lseek, fd, 0, is_appending ? SEEK_END : SEEK_CUR);
}

static ssize_t advanced(int fd, off_t at, ssize_t stored) {
  if (stored > 0) syscall(SYS_lseek, fd, at + stored, SEEK_SET);
  return stored;
}

ssize_t write(int fd, const void *data, size_t bytes) {
  if (watched(fd) == NULL) return syscall(SYS_write, fd, data, bytes);
  off_t at = position(fd);
  return advanced(fd, at, store(fd, data, bytes, at));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (watched(fd) == NULL) return syscall(SYS_writev, fd, parts, count);
  off_t at = position(fd);
  return advanced(fd, at, store_all(fd, parts, count, at));
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t at) {
  return watched(fd) == NULL ? syscall(SYS_pwrite64, fd, data, bytes, at) : store(fd, data, bytes, at);
}
ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at) { return pwrite64(fd, data, bytes, at); }

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  if (watched(fd) != NULL) return store_all(fd, parts, count, at);
  REAL(ssize_t, pwritev64, int, const struct iovec *, int, off64_t);
  return real(fd, parts, count, at);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev64(fd, parts, count, at); }

static int resize(int fd, off_t length, int (*real)(int, off64_t)) {
  struct entry *of = watched(fd);
  if (of == NULL || of->watch != DATA) return real(fd, length);
  event();
  pthread_mutex_lock(&lock);
  put(RESIZED, of->file, NULL, length, NULL, 0);
  int failed = real(fd, length);
  pthread_mutex_unlock(&lock);
  return failed;
}

int ftruncate64(int fd, off64_t length) {
  REAL(int, ftruncate64, int, off64_t);
  return resize(fd, length, real);
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int fallocate64(int fd, int mode, off64_t from, off64_t bytes) {
  if (watched(fd) != NULL) return errno = EOPNOTSUPP, -1;
  return syscall(SYS_fallocate, fd, mode, from, bytes);
}
int fallocate(int fd, int mode, off_t from, off_t bytes) { return fallocate64(fd, mode, from, bytes); }
int posix_fallocate64(int fd, off64_t from, off64_t bytes) { return fallocate64(fd, 0, from, bytes) == 0 ? 0 : errno; }
int posix_fallocate(int fd, off_t from, off_t bytes) { return posix_fallocate64(fd, from, bytes); }

/* What was written before the flush began is on the disk when it is done; nothing is written for real, for nothing is cut for real. */
static int flush(int fd) {
  struct entry *of = &entries[fd];
  event();
  uint64_t covered = journal_bytes();
  struct timespec span = {control[FLUSH_MICROS] / 1000000, control[FLUSH_MICROS] % 1000000 * 1000};
  if (control[FLUSH_MICROS] > 0) nanosleep(&span, NULL);
  pthread_mutex_lock(&lock);
  __sync_add_and_fetch(&control[FLUSHES], 1);
  int is_checkpoint = of->watch == DATA && of->is_main;
  int is_failing = fails(FAIL_FLUSHES_FROM, FLUSHES) || (is_checkpoint && control[FAIL_CHECKPOINTS] != 0);
  /* As Linux does it: pages that could not be written count as clean, and no later flush tries them again. */
  if (of->watch == DATA) put(is_failing ? LOST : FLUSHED, of->file, NULL, covered, NULL, 0);
  if (of->watch == FOLDER && !is_failing) put(FOLDER_FLUSHED, 0, of->name, covered, NULL, 0);
  pthread_mutex_unlock(&lock);
  event();
  if (is_failing) errno = control[FLUSH_ERRNO];
  return is_failing ? -1 : 0;
}

int fsync(int fd) { return watched(fd) == NULL ? syscall(SYS_fsync, fd) : flush(fd); }
int fdatasync(int fd) { return watched(fd) == NULL ? syscall(SYS_fdatasync, fd) : flush(fd); }

/* The path of a name within the folder, also of one that is not there; false outside. */
static int name_of(int dir, const char *path, char name[PATH_MAX]) {
  if (journal < 0) return 0;
  char text[PATH_MAX], parent[PATH_MAX], base[PATH_MAX];
  if (path[0] != '/' && dir != AT_FDCWD) snprintf(base, sizeof base, "/proc/self/fd/%d/%s", dir, path);
  else snprintf(base, sizeof base, "%s", path);
  char *slash = strrchr(base, '/');
  const char *last = slash == NULL ? base : slash + 1;
  if (slash != NULL) snprintf(text, sizeof text, "%.*s", (int)(slash == base ? 1 : slash - base), base);
  if (realpath(slash == NULL ? "." : text, parent) == NULL) return 0;
  const char *folder = within(parent);
  if (folder == NULL) return 0;
  if (snprintf(name, PATH_MAX, "%s%s%s", folder, folder[0] == 0 ? "" : "/", last) >= PATH_MAX) return 0;
  return !ends_with(name, "-shm");
}

static int rename_at(int from_dir, const char *from, int to_dir, const char *to) {
  char old[PATH_MAX], new[PATH_MAX];
  int is_old = name_of(from_dir, from, old), is_new = name_of(to_dir, to, new);
  struct stat now;
  if ((!is_old && !is_new) || fstatat(from_dir, from, &now, AT_SYMLINK_NOFOLLOW) != 0) {
    return syscall(SYS_renameat, from_dir, from, to_dir, to);
  }
  event();
  pthread_mutex_lock(&lock);
  if (is_old && is_new && S_ISREG(now.st_mode)) put(NAMED, now.st_ino, new, strlen(old), old, strlen(old));
  else put(UNSEEN, 0, is_new ? new : old, 0, NULL, 0);
  int failed = syscall(SYS_renameat, from_dir, from, to_dir, to);
  pthread_mutex_unlock(&lock);
  return failed;
}
int rename(const char *from, const char *to) { return rename_at(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int from_dir, const char *from, int to_dir, const char *to) { return rename_at(from_dir, from, to_dir, to); }

int unlinkat(int dir, const char *path, int flags) {
  char name[PATH_MAX];
  if ((flags & AT_REMOVEDIR) != 0 || !name_of(dir, path, name)) return syscall(SYS_unlinkat, dir, path, flags);
  event();
  pthread_mutex_lock(&lock);
  if (faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0) put(UNNAMED, 0, name, 0, NULL, 0);
  int failed = syscall(SYS_unlinkat, dir, path, flags);
  pthread_mutex_unlock(&lock);
  return failed;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int remove(const char *path) {
  int failed = unlinkat(AT_FDCWD, path, 0);
  return failed != 0 && (errno == EISDIR || errno == EPERM) ? unlinkat(AT_FDCWD, path, AT_REMOVEDIR) : failed;
}

static void unseen(const char *how) {
  pthread_mutex_lock(&lock);
  put(UNSEEN, 0, how, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
}

int link(const char *from, const char *to) {
  char name[PATH_MAX];
  if (name_of(AT_FDCWD, to, name) || name_of(AT_FDCWD, from, name)) unseen("a second name of a file");
  return syscall(SYS_link, from, to);
}

int truncate64(const char *path, off64_t length) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  int failed = fd < 0 ? -1 : ftruncate64(fd, length);
  if (fd >= 0) close(fd);
  return failed;
}
int truncate(const char *path, off_t length) { return truncate64(path, length); }

void *mmap64(void *where, size_t bytes, int protection, int flags, int fd, off64_t at) {
  struct entry *of = (flags & MAP_ANONYMOUS) != 0 ? NULL : watched(fd);
  if (of != NULL && of->watch == DATA && (flags & MAP_SHARED) && (protection & PROT_WRITE)) unseen("a mapping");
  return (void *)syscall(SYS_mmap, where, bytes, protection, flags, fd, at);
}
void *mmap(void *where, size_t bytes, int protection, int flags, int fd, off_t at) {
  return mmap64(where, bytes, protection, flags, fd, at);
}

/* Copies within the kernel: refused, so that the program reads and writes by itself. */
ssize_t sendfile64(int to, int from, off64_t *at, size_t bytes) {
  if (watched(to) != NULL) return errno = EINVAL, -1;
  return syscall(SYS_sendfile, to, from, at, bytes);
}
ssize_t sendfile(int to, int from, off_t *at, size_t bytes) { return sendfile64(to, from, at, bytes); }
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t bytes, unsigned flags) {
  return syscall(SYS_copy_file_range, from, from_at, to, to_at, bytes, flags);
}

/* libuv asks the kernel past libc for the first two, and does without them where they are missing; it closes files so, too. */
long syscall(long number, ...) {
  REAL(long, syscall, long, ...);
  va_list rest;
  va_start(rest, number);
  long a[6];
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_close) forget(a[0]);
  if (journal >= 0 && number == SYS_io_uring_setup) return errno = ENOSYS, -1;
  if (number == SYS_copy_file_range && watched(a[2]) != NULL) return errno = EXDEV, -1;
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
