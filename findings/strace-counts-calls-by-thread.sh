#!/usr/bin/env bash
# strace 6.1 (Debian 12): -f -e inject=fsync:error=EIO:when=2 over a program of three threads, each of which calls fsync twice, one thread after the
# other. Guessed: the second of the six calls fails. Seen: each thread's second call fails, three in all: the count is kept for each thread.
# A node that calls fsync on a pool of threads (libuv's, Go's) so never meets "the fifth fsync fails" where no thread gets to its fifth,
# and where one does, others fail as well.
# Bears on us: `--nemesis disk` fails the writes of a whole process while the fault lasts, and counts no calls.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq strace=6.1-0.1 libunwind8=1.6.2-3 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
command -v cc >/dev/null || { echo "needs a C compiler" >&2; exit 2; }
cat > calls.c <<'C'
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void *calls(void *name) {
  int file = open("file", O_RDWR | O_CREAT, 0600);
  int first = fsync(file), second = fsync(file);
  printf("%s: %d %d\n", (char *)name, first, second);
  close(file);
  return NULL;
}

int main(void) {
  char *names[] = {"first thread", "second thread", "third thread"};
  for (int i = 0; i < 3; i++) {
    pthread_t thread;
    pthread_create(&thread, NULL, calls, names[i]);
    pthread_join(thread, NULL);
  }
}
C
cc -pthread -o calls calls.c
export LD_LIBRARY_PATH=$dir/usr/lib/x86_64-linux-gnu
seen=$(usr/bin/strace -f -o trace -e trace=fsync -e inject=fsync:error=EIO:when=2 ./calls) || { echo "needs ptrace" >&2; exit 2; }
echo "$seen"
[ "$seen" = 'first thread: 0 -1
second thread: 0 -1
third thread: 0 -1' ]
