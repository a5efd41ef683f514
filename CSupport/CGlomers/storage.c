// The files of a data directory.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "glomers_storage.h"

static int failure(void) { return uv_translate_sys_error(errno); }

// A directory's name is in the directory that it is in. One that can't be opened, or has nothing to sync, is left alone.
static int sync_parent(const char *path) {
  char parent[PATH_MAX];
  size_t end = strlen(path);
  while (end > 1 && path[end - 1] == '/') end--;
  while (end > 0 && path[end - 1] != '/') end--;
  memcpy(parent, path, end);
  memcpy(parent + end, ".", 2);
  int directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return 0;
  int error = fsync(directory) == 0 || errno == EINVAL || errno == EROFS ? 0 : failure();
  close(directory);
  return error;
}

int glomers_directory_make(const char *path) {
  char part[PATH_MAX];
  size_t length = strlen(path);
  if (length >= sizeof part) return UV_ENAMETOOLONG;
  for (size_t end = 1; end <= length; end++) {
    if (path[end] != '/' && path[end] != '\0') continue;
    memcpy(part, path, end);
    part[end] = '\0';
    if (mkdir(part, 0777) == 0) {
      int error = sync_parent(part);
      if (error != 0) return error;
      continue;
    }
    if (errno == EEXIST) continue;
    // What can't be made may be there all the same: the root of a read-only file system.
    int error = failure();
    struct stat status;
    if (stat(part, &status) != 0) return error;
  }
  struct stat status;
  if (stat(path, &status) != 0) return failure();
  // An earlier process may have made it and ended before this.
  return S_ISDIR(status.st_mode) ? sync_parent(path) : UV_ENOTDIR;
}

int glomers_directory_open(const char *path) {
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return failure();
  // A limit on the size of files is an error of write(2), like a disk that is full.
  signal(SIGXFSZ, SIG_IGN);
  return directory;
}

int glomers_directory_lock(int directory) {
  int lock = openat(directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock < 0) return failure();
  if (flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  int error = failure();
  close(lock);
  return error;
}

int glomers_directory_sync(int directory) {
  // Some file systems have nothing to sync in a directory.
  return fsync(directory) == 0 || errno == EINVAL ? 0 : failure();
}

int glomers_directory_rename(int directory, const char *from, const char *to) {
  return renameat(directory, from, directory, to) == 0 ? 0 : failure();
}

int glomers_directory_remove(int directory, const char *name) {
  return unlinkat(directory, name, 0) == 0 || errno == ENOENT ? 0 : failure();
}

int glomers_data_open(int directory, const char *name, bool create) {
  int flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_TRUNC : 0);
  int file = openat(directory, name, flags, 0666);
  return file < 0 ? failure() : file;
}

void glomers_data_close(int file) { close(file); }

bool glomers_data_is_at(const char *path, int file) {
  struct stat named, held;
  return stat(path, &named) == 0 && fstat(file, &held) == 0 && named.st_ino == held.st_ino
    && named.st_dev == held.st_dev;
}

int64_t glomers_data_size(int file) {
  struct stat status;
  if (fstat(file, &status) != 0) return failure();
  return S_ISREG(status.st_mode) ? (int64_t)status.st_size : UV_EINVAL;
}

int glomers_data_read(int file, void *bytes, size_t count, int64_t offset) {
  for (size_t done = 0; done < count;) {
    ssize_t taken = pread(file, (char *)bytes + done, count - done, offset + (int64_t)done);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) return failure();
    if (taken == 0) return UV_EOF;
    done += (size_t)taken;
  }
  return 0;
}

int glomers_data_write(int file, const void *bytes, size_t count, int64_t offset) {
  for (size_t done = 0; done < count;) {
    ssize_t taken = pwrite(file, (const char *)bytes + done, count - done, offset + (int64_t)done);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) return failure();
    done += (size_t)taken;
  }
  return 0;
}

int glomers_data_truncate(int file, int64_t size) { return ftruncate(file, size) == 0 ? 0 : failure(); }

int glomers_data_sync(int file) {
#ifdef __APPLE__
  // fsync leaves the drive's own cache alone there.
  if (fcntl(file, F_FULLFSYNC) == 0) return 0;
  return fsync(file) == 0 ? 0 : failure();
#else
  return fdatasync(file) == 0 ? 0 : failure();
#endif
}
