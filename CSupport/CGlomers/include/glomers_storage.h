// The files of a data directory. All calls block; all return libuv's negative codes for errors.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Makes a directory and all that leads to it, where they are missing; they would survive a loss of power.
int glomers_directory_make(const char *path);
/// Opens a directory. From then on a limit on the size of files is an error of writing, and no signal.
int glomers_directory_open(const char *path);
/// Locks a directory against other processes until this one ends. UV_EAGAIN if another one has it.
int glomers_directory_lock(int directory);
int glomers_directory_sync(int directory);
int glomers_directory_rename(int directory, const char *from, const char *to);
/// A file that is missing is not missed.
int glomers_directory_remove(int directory, const char *name);

/// Opens a file for reading and writing; with `create` an empty one in the place of whatever was there.
int glomers_data_open(int directory, const char *name, bool create);
void glomers_data_close(int file);
/// Whether a path leads to this very file.
bool glomers_data_is_at(const char *path, int file);
int64_t glomers_data_size(int file);
/// Reads exactly so many bytes; UV_EOF if there are fewer.
int glomers_data_read(int file, void *_Nullable bytes, size_t count, int64_t offset);
/// Writes all bytes, or, after an error, an unknown part of them.
int glomers_data_write(int file, const void *_Nullable bytes, size_t count, int64_t offset);
int glomers_data_truncate(int file, int64_t size);
/// Returns when the contents would survive a loss of power.
int glomers_data_sync(int file);

#pragma clang assume_nonnull end
