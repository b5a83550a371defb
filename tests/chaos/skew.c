/* A wall clock that the harness can move: preloaded into a node, it adds to the time
 * of day the microseconds that stand in the file named by WINDLASS_CHAOS_CLOCK. The
 * monotonic clocks stay. It calls the kernel itself, allocates nothing and so bears
 * an allocator that asks for the time while it starts. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *skew_us;

__attribute__((constructor)) static void open_clock(void) {
  const char *path = getenv("WINDLASS_CHAOS_CLOCK");
  if (path == NULL) return;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (page != MAP_FAILED) skew_us = page;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  const long status = syscall(SYS_clock_gettime, clock, now);
  if (status == 0 && skew_us != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    const int64_t ns = now->tv_nsec + *skew_us % 1000000 * 1000;
    now->tv_sec += *skew_us / 1000000 + (ns < 0 ? -1 : ns >= 1000000000 ? 1 : 0);
    now->tv_nsec = (ns + 1000000000) % 1000000000;
  }
  return (int)status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec exact;
  const int status = clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return status;
}

time_t time(time_t *out) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (out != NULL) *out = exact.tv_sec;
  return exact.tv_sec;
}
