// Waits in every way that there is, and prints how long each took by the program's own clock: a name, how many
// milliseconds it should be, and how many it was. Reads one line first.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double clock_milliseconds(clockid_t id) {
  struct timespec time;
  clock_gettime(id, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static double begun;
static void begin(void) { begun = clock_milliseconds(CLOCK_MONOTONIC); }
static void end(const char *name, double expected) {
  printf("%s %g %.3f\n", name, expected, clock_milliseconds(CLOCK_MONOTONIC) - begun);
  fflush(stdout);
}

static struct timespec in(clockid_t id, long milliseconds) {
  struct timespec time;
  clock_gettime(id, &time);
  time.tv_sec += milliseconds / 1000;
  time.tv_nsec += milliseconds % 1000 * 1000000;
  if (time.tv_nsec >= 1000000000) time.tv_sec += 1, time.tv_nsec -= 1000000000;
  return time;
}

static volatile sig_atomic_t caught;
static void on_signal(int number) { caught = number; }

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;
static atomic_int stage;
static int channel[2];

static void *wake_main(void *unused) {
  usleep(30000);
  pthread_mutex_lock(&mutex);
  stage = 1;
  pthread_cond_broadcast(&condition);
  pthread_mutex_unlock(&mutex);
  usleep(20000);
  sem_post(&semaphore);
  usleep(20000);
  if (write(channel[1], "x", 1) != 1) abort();
  usleep(10000);
  stage = 2;
  usleep(40000);
  return unused;
}

static void *interrupt_main(void *main_thread) {
  usleep(25000);
  pthread_kill(*(pthread_t *)main_thread, SIGUSR1);
  return NULL;
}

static void sleeps(void) {
  begin(), usleep(100000), end("usleep", 100);
  struct timespec time = {0, 50000000};
  begin(), clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL), end("clock_nanosleep", 50);
  begin(), time = in(CLOCK_REALTIME, 2000);
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &time, NULL), end("until-wall-clock", 2000);
  begin(), time = in(CLOCK_MONOTONIC, 300);
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL), end("until-monotonic", 300);
  begin();
  while (clock_milliseconds(CLOCK_MONOTONIC) - begun < 15) continue;
  end("spin-on-clock", 15);
}

static void descriptors(void) {
  begin(), poll(NULL, 0, 70), end("poll", 70);
  struct timeval interval = {0, 40000};
  begin(), select(0, NULL, NULL, NULL, &interval), end("select", 40);
  struct timespec time = {0, 45000000};
  begin(), pselect(0, NULL, NULL, NULL, &time, NULL), end("pselect", 45);
  begin(), ppoll(NULL, 0, &time, NULL), end("ppoll", 45);
  int set = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event event = {EPOLLIN, {0}};
  begin(), epoll_wait(set, &event, 1, 35), end("epoll", 35);
  struct itimerspec setting = {{0, 10000000}, {0, 25000000}};
  epoll_ctl(set, EPOLL_CTL_ADD, timer, &event);
  begin(), timerfd_settime(timer, 0, &setting, NULL), epoll_wait(set, &event, 1, -1), end("timerfd", 25);
  unsigned long long count = 0;
  if (read(timer, &count, 8) < 0) abort();
  usleep(55000);
  if (read(timer, &count, 8) < 0) abort();
  printf("ticks-of-timerfd 5 %llu\n", count);
  setting = (struct itimerspec){{0, 0}, {0, 0}};
  timerfd_settime(timer, 0, &setting, NULL);
}

static void threads(void) {
  pthread_t thread;
  sem_init(&semaphore, 0, 0);
  if (pipe(channel) != 0) abort();
  pthread_create(&thread, NULL, wake_main, NULL);
  begin();
  pthread_mutex_lock(&mutex);
  while (stage != 1) pthread_cond_wait(&condition, &mutex);
  pthread_mutex_unlock(&mutex);
  end("condition", 30);
  char byte;
  begin(), sem_wait(&semaphore), end("semaphore", 20);
  begin();
  if (read(channel[0], &byte, 1) != 1) abort();
  end("pipe", 20);
  begin();
  while (stage != 2) sched_yield();
  end("yields", 10);
  begin(), pthread_join(thread, NULL), end("join", 40);
  begin();
  struct timespec time = in(CLOCK_REALTIME, 60);
  pthread_mutex_lock(&mutex);
  int result = pthread_cond_timedwait(&condition, &mutex, &time);
  pthread_mutex_unlock(&mutex);
  end(result == ETIMEDOUT ? "timed-condition" : "timed-condition-woke", 60);
  begin(), time = in(CLOCK_REALTIME, 1000), sem_timedwait(&semaphore, &time), end("timed-semaphore", 1000);
}

static void signals(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGALRM, &action, NULL);
  sigaction(SIGUSR1, &action, NULL);
  begin(), alarm(1), pause(), end(caught == SIGALRM ? "alarm" : "no-alarm", 1000);
  struct itimerval interval = {{0, 0}, {0, 80000}};
  begin(), setitimer(ITIMER_REAL, &interval, NULL);
  int result = poll(NULL, 0, 5000);
  end(result < 0 && errno == EINTR ? "interrupted-poll" : "poll-went-on", 80);
  pthread_t self = pthread_self(), thread;
  pthread_create(&thread, NULL, interrupt_main, &self);
  begin();
  struct timespec time = {5, 0}, left;
  result = nanosleep(&time, &left);
  end(result < 0 && errno == EINTR ? "interrupted-sleep" : "sleep-went-on", 25);
  pthread_join(thread, NULL);
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
  struct itimerspec setting = {{0, 0}, {0, 90000000}};
  caught = 0;
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  begin(), timer_settime(timer, 0, &setting, NULL);
  while (caught == 0) usleep(1000000);
  end("posix-timer", 90);
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGALRM), sigprocmask(SIG_BLOCK, &set, NULL);
  interval.it_value.tv_usec = 45000;
  int number;
  begin(), setitimer(ITIMER_REAL, &interval, NULL), sigwait(&set, &number), end("sigwait", 45);
  time = (struct timespec){0, 33000000};
  begin(), result = sigtimedwait(&set, NULL, &time), end(result < 0 ? "sigtimedwait" : "a-signal", 33);
}

static void children(void) {
  int status;
  begin();
  pid_t child = fork();
  if (child == 0) usleep(120000), _exit(3);
  waitpid(child, &status, 0);
  end(WIFEXITED(status) && WEXITSTATUS(status) == 3 ? "child" : "child-lost", 120);
  begin();
  if (system("sleep 0.2; true") != 0) abort();
  end("system", 200);
}

int main(void) {
  char line[256];
  if (fgets(line, sizeof line, stdin) == NULL) return 1;
  sleeps(), descriptors(), threads(), signals(), children();
  unsigned random;
  if (getrandom(&random, sizeof random, 0) != sizeof random) abort();
  printf("random %u %u\n", random, random);
  printf("pid 2 %d\n", (int)getpid());
  puts("end 0 0");
  return 0;
}
