/*
 * Preloaded into one process of a fault run: its wall clock and the kernel's boot id are what a file says.
 * The file holds the offset from the real wall clock in nanoseconds (int64, mapped, so a step is seen at once); OWN_BOOT_ID
 * names the file that is opened for the kernel's boot id. Monotonic clocks, timers and sleeps stay as they are.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_ns;

__attribute__((constructor)) static void map_offset(void) {
  const char *file = getenv("OWN_CLOCK");
  if (file == NULL) return;
  int fd = syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) _exit(97);
  void *mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED) _exit(98);
  offset_ns = mapped;
}

static int is_wall(clockid_t id) { return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE; }

int clock_gettime(clockid_t id, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (real == NULL) real = dlsym(RTLD_NEXT, "clock_gettime");
  int failed = real(id, now);
  if (failed != 0 || offset_ns == NULL || !is_wall(id)) return failed;
  int64_t ns = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec + *offset_ns;
  if (ns < 0) ns = 0;
  now->tv_sec = ns / 1000000000;
  now->tv_nsec = ns % 1000000000;
  return 0;
}

int gettimeofday(struct timeval *now, void *zone) {
  (void)zone;
  struct timespec exact;
  if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return -1;
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *out) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (out != NULL) *out = exact.tv_sec;
  return exact.tv_sec;
}

static const char *redirected(const char *path) {
  const char *file = getenv("OWN_BOOT_ID");
  return file != NULL && path != NULL && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0 ? file : path;
}

#define OPEN(NAME)                                                                                        \
  int NAME(const char *path, int flags, ...) {                                                            \
    static int (*real)(const char *, int, ...);                                                           \
    if (real == NULL) real = dlsym(RTLD_NEXT, #NAME);                                                     \
    va_list rest;                                                                                         \
    va_start(rest, flags);                                                                                \
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;                        \
    va_end(rest);                                                                                         \
    return real(redirected(path), flags, mode);                                                           \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(NAME)                                                                                      \
  int NAME(int folder, const char *path, int flags, ...) {                                                \
    static int (*real)(int, const char *, int, ...);                                                      \
    if (real == NULL) real = dlsym(RTLD_NEXT, #NAME);                                                     \
    va_list rest;                                                                                         \
    va_start(rest, flags);                                                                                \
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;                        \
    va_end(rest);                                                                                         \
    return real(folder, redirected(path), flags, mode);                                                   \
  }
OPENAT(openat)
OPENAT(openat64)
