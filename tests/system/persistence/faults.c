// A disk that fails, for tests: preloaded into a server, it stands between it and
// write(2), fsync(2), fdatasync(2) and ftruncate(2) on the files of its data folder.
//
// The test and the server share a file of control (WINDLASS_FAULTS): which call is to
// fail, how many calls from now and how often. It also tells, of each file, up to which
// size it has been fsynced, so that the test can play a power cut: kill the server, and
// cut its files back to anything between that and their end.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kFiles = 256 };
enum { kNone, kWriteFails, kSyncFails, kNoSpace, kTorn };

struct Control {
  _Atomic int32_t mode;
  _Atomic int32_t after;    // calls that still work
  _Atomic int32_t times;    // calls that then fail
  _Atomic int32_t happened; // faults so far
  struct {
    _Atomic uint64_t inode;
    _Atomic int64_t synced;
  } files[kFiles];
};

static struct Control* control;
static ssize_t (*real_write)(int, const void*, size_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);

__attribute__((constructor)) static void Begin(void) {
  real_write = (ssize_t(*)(int, const void*, size_t))dlsym(RTLD_NEXT, "write");
  real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  real_ftruncate = (int (*)(int, off_t))dlsym(RTLD_NEXT, "ftruncate");
  const char* path = getenv("WINDLASS_FAULTS");
  const int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* at = mmap(NULL, sizeof(struct Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at != MAP_FAILED) control = at;
  close(fd);
}

// Whether the descriptor is a file of data; its size and inode then.
static int IsData(int fd, struct stat* info) {
  char link[64], path[PATH_MAX];
  if (control == NULL || fstat(fd, info) != 0 || !S_ISREG(info->st_mode)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(link, path, sizeof path - 1);
  if (n <= 0) return 0;
  path[n] = 0;
  return strstr(path, "appendonlydir/") != NULL || strstr(path, ".rdb") != NULL;
}

static int Due(int mode_a, int mode_b) {
  const int mode = atomic_load(&control->mode);
  if (mode == kNone || (mode != mode_a && mode != mode_b)) return 0;
  if (atomic_fetch_sub(&control->after, 1) > 0) return 0;
  if (atomic_fetch_sub(&control->times, 1) <= 0) return 0;
  atomic_fetch_add(&control->happened, 1);
  return mode;
}

ssize_t write(int fd, const void* bytes, size_t count) {
  struct stat info;
  if (count > 0 && IsData(fd, &info)) {
    int mode = Due(kWriteFails, kTorn);
    if (mode == 0) mode = Due(kNoSpace, kNoSpace);
    if (mode == kTorn) {
      const ssize_t n = real_write(fd, bytes, count / 2);
      (void)n;
      kill(getpid(), SIGKILL);
      for (;;) pause();
    }
    if (mode == kNoSpace && count > 1) {
      const ssize_t n = real_write(fd, bytes, count / 3);
      if (n > 0) return n;  // the caller comes again for the rest
      errno = ENOSPC;
      return -1;
    }
    if (mode != 0) {
      errno = mode == kNoSpace ? ENOSPC : EIO;
      return -1;
    }
  }
  return real_write(fd, bytes, count);
}

static int Sync(int fd, int (*real)(int)) {
  struct stat info;
  if (!IsData(fd, &info)) return real(fd);
  if (Due(kSyncFails, kSyncFails) != 0) {
    errno = EIO;
    return -1;
  }
  const int result = real(fd);
  for (int i = 0; result == 0 && i < kFiles; ++i) {
    uint64_t none = 0;
    if (atomic_load(&control->files[i].inode) == info.st_ino ||
        atomic_compare_exchange_strong(&control->files[i].inode, &none, info.st_ino)) {
      atomic_store(&control->files[i].synced, info.st_size);
      break;
    }
  }
  return result;
}

int fsync(int fd) { return Sync(fd, real_fsync); }
int fdatasync(int fd) { return Sync(fd, real_fdatasync); }

int ftruncate(int fd, off_t size) {
  struct stat info;
  if (IsData(fd, &info)) {
    for (int i = 0; i < kFiles; ++i) {
      if (atomic_load(&control->files[i].inode) == info.st_ino && atomic_load(&control->files[i].synced) > size) {
        atomic_store(&control->files[i].synced, size);
      }
    }
  }
  return real_ftruncate(fd, size);
}
