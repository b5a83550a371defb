// A disk that fails, for tests: preloaded into a server, it stands between it and
// write(2), pwrite(2), fsync(2), fdatasync(2) and ftruncate(2) on the files of its data folder.
//
// The test and the server share a file of control (WINDLASS_FAULTS): which call is to
// fail, how many calls from now and how often. It also tells, of each file, up to which
// size it has been fsynced, and what stood where it was written over since, so that the
// test can play a power cut: kill the server, cut its files back to anything between that
// size and their end, and put back any of the sectors that were written over.
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

enum { kFiles = 256, kMostOver = 1 << 20 };
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
  // What was last written over in a file and is not fsynced: bytes as they were.
  struct {
    _Atomic uint64_t inode;
    _Atomic int64_t begin;
    _Atomic int64_t bytes;
    char before[kMostOver];
  } over;
};

static struct Control* control;
static ssize_t (*real_write)(int, const void*, size_t);
static ssize_t (*real_pwrite)(int, const void*, size_t, off_t);
static ssize_t (*real_pread)(int, void*, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);

__attribute__((constructor)) static void Begin(void) {
  real_write = (ssize_t(*)(int, const void*, size_t))dlsym(RTLD_NEXT, "write");
  real_pwrite = (ssize_t(*)(int, const void*, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
  real_pread = (ssize_t(*)(int, void*, size_t, off_t))dlsym(RTLD_NEXT, "pread");
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

static _Atomic int64_t* SyncedSize(ino_t inode) {
  for (int i = 0; i < kFiles; ++i) {
    if (atomic_load(&control->files[i].inode) == inode) return &control->files[i].synced;
  }
  return NULL;
}

// Of the bytes [offset, offset + count) those that are on disk are kept as they are now.
static void KeepWhatStands(int fd, ino_t inode, size_t count, off_t offset) {
  const _Atomic int64_t* synced = SyncedSize(inode);
  const int64_t safe = synced == NULL ? 0 : atomic_load(synced);
  const int64_t end = offset + (int64_t)count < safe ? offset + (int64_t)count : safe;
  if (offset >= end || end - offset > kMostOver) return;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const int reader = open(link, O_RDONLY | O_CLOEXEC);  // the server's is for writing only
  atomic_store(&control->over.bytes, 0);
  const ssize_t n = real_pread(reader, control->over.before, (size_t)(end - offset), offset);
  close(reader);
  atomic_store(&control->over.inode, inode);
  atomic_store(&control->over.begin, offset);
  atomic_store(&control->over.bytes, n > 0 ? n : 0);
}

// The call's place is `offset`, or the file's own with -1.
static ssize_t Put(int fd, const void* bytes, size_t count, off_t offset) {
  return offset < 0 ? real_write(fd, bytes, count) : real_pwrite(fd, bytes, count, offset);
}

static ssize_t Write(int fd, const void* bytes, size_t count, off_t offset) {
  struct stat info;
  if (count > 0 && IsData(fd, &info)) {
    if (offset >= 0) KeepWhatStands(fd, info.st_ino, count, offset);
    int mode = Due(kWriteFails, kTorn);
    if (mode == 0) mode = Due(kNoSpace, kNoSpace);
    if (mode == kTorn) {
      const ssize_t n = Put(fd, bytes, count / 2, offset);
      (void)n;
      kill(getpid(), SIGKILL);
      for (;;) pause();
    }
    if (mode == kNoSpace && count > 1) {
      const ssize_t n = Put(fd, bytes, count / 3, offset);
      if (n > 0) return n;  // the caller comes again for the rest
      errno = ENOSPC;
      return -1;
    }
    if (mode != 0) {
      errno = mode == kNoSpace ? ENOSPC : EIO;
      return -1;
    }
  }
  return Put(fd, bytes, count, offset);
}

ssize_t write(int fd, const void* bytes, size_t count) { return Write(fd, bytes, count, -1); }
ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) { return Write(fd, bytes, count, offset); }
ssize_t pwrite64(int fd, const void* bytes, size_t count, off_t offset) { return Write(fd, bytes, count, offset); }

static int Sync(int fd, int (*real)(int)) {
  struct stat info;
  if (!IsData(fd, &info)) return real(fd);
  if (Due(kSyncFails, kSyncFails) != 0) {
    errno = EIO;
    return -1;
  }
  const int result = real(fd);
  if (result == 0 && atomic_load(&control->over.inode) == info.st_ino) atomic_store(&control->over.bytes, 0);
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
    _Atomic int64_t* synced = SyncedSize(info.st_ino);
    if (synced != NULL && atomic_load(synced) > size) atomic_store(synced, size);
    if (atomic_load(&control->over.inode) == info.st_ino && atomic_load(&control->over.begin) >= size) atomic_store(&control->over.bytes, 0);
  }
  return real_ftruncate(fd, size);
}
