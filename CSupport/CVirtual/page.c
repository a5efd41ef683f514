// What a new program finds changed: the functions of its vDSO lead to code on a page that it shares with the tracer and
// that holds the virtual clock, so that a look at a clock is no stop; and its random bytes come from the seed.
#if defined(__linux__) && defined(__x86_64__)
#include "internal.h"

#include <elf.h>
#include <sys/mman.h>
#include <sys/time.h>

// Far from everything that Linux maps by itself.
#define PAGE_ADDRESS 0x600000000000UL
enum { page_bytes = 4096, vdso_bytes_max = 1 << 16 };

// --- Code that runs in the guest: it is copied, so it must not call or name anything outside its section ---

#define GUEST __attribute__((section("cvirtual_guest"), noinline, used, no_stack_protector))
extern const uint8_t __start_cvirtual_guest[], __stop_cvirtual_guest[];

#define CALL(number, a, b, c)                                                                                     \
  ({                                                                                                              \
    long result;                                                                                                  \
    __asm__ volatile("syscall"                                                                                    \
                     : "=a"(result)                                                                               \
                     : "0"((long)(number)), "D"((long)(a)), "S"((long)(b)), "d"((long)(c))                        \
                     : "rcx", "r11", "memory");                                                                   \
    result;                                                                                                       \
  })

GUEST static long guest_clock_gettime(unsigned id, struct timespec *time) {
  struct clock_page *page = (struct clock_page *)PAGE_ADDRESS;
  if (id >= clocks || page->base[id] == 0 || --page->budget < 0) return CALL(SYS_clock_gettime, (int)id, time, 0);
  int64_t now = (page->now += creep_nanoseconds) + page->base[id];
  time->tv_sec = now / SECOND;
  time->tv_nsec = now % SECOND;
  return 0;
}

GUEST static long guest_gettimeofday(struct timeval *time, void *zone) {
  struct clock_page *page = (struct clock_page *)PAGE_ADDRESS;
  if (time == NULL || --page->budget < 0) return CALL(SYS_gettimeofday, time, zone, 0);
  int64_t now = (page->now += creep_nanoseconds) + page->base[CLOCK_REALTIME];
  time->tv_sec = now / SECOND;
  time->tv_usec = now % SECOND / 1000;
  return 0;
}

GUEST static long guest_time(long *time) {
  struct clock_page *page = (struct clock_page *)PAGE_ADDRESS;
  if (--page->budget < 0) return CALL(SYS_time, time, 0, 0);
  int64_t now = (page->now += creep_nanoseconds) + page->base[CLOCK_REALTIME];
  if (time != NULL) *time = now / SECOND;
  return now / SECOND;
}

GUEST static long guest_getcpu(unsigned *processor, unsigned *node) {
  if (processor != NULL) *processor = 0;
  if (node != NULL) *node = 0;
  return 0;
}

// Has no state of its own: callers then make the call.
GUEST static long guest_getrandom(void *bytes, size_t count, unsigned flags, void *state, size_t state_bytes) {
  (void)state;
  if (state_bytes == ~0UL) return -ENOSYS;
  return CALL(SYS_getrandom, bytes, count, flags);
}

static const struct {
  const char *name;
  const void *code;
} replacements[] = {
    {"__vdso_clock_gettime", guest_clock_gettime}, {"__vdso_gettimeofday", guest_gettimeofday},
    {"__vdso_time", guest_time},                   {"__vdso_getcpu", guest_getcpu},
    {"__vdso_getrandom", guest_getrandom},
};

// --- Changing a program that has just been loaded ----------------------------------------------------------

// Writes where the guest itself can't.
static bool poke(int memory, uint64_t address, const void *bytes, size_t count) {
  return pwrite(memory, bytes, count, (off_t)address) == (ssize_t)count;
}

// Runs one call in the guest. `at` is code of the guest that is changed for that moment.
static long inject(pid_t id, int memory, uint64_t at, long number, long a, long b, long c, long d, long e, long f) {
  struct user_regs_struct before, registers;
  uint8_t saved[2];
  const uint8_t syscall_instruction[2] = {0x0f, 0x05};
  if (ptrace(PTRACE_GETREGS, id, 0, &before) != 0 || pread(memory, saved, 2, (off_t)at) != 2) return -EIO;
  if (!poke(memory, at, syscall_instruction, 2)) return -EIO;
  registers = before;
  registers.rip = at;
  registers.rax = number;
  registers.orig_rax = -1;
  registers.rdi = a, registers.rsi = b, registers.rdx = c, registers.r10 = d, registers.r8 = e, registers.r9 = f;
  int status;
  ptrace(PTRACE_SETREGS, id, 0, &registers);
  ptrace(PTRACE_SINGLESTEP, id, 0, 0);
  if (virtual_wait(id, &status) != id || !WIFSTOPPED(status)) return -EIO;
  ptrace(PTRACE_GETREGS, id, 0, &registers);
  poke(memory, at, saved, 2);
  ptrace(PTRACE_SETREGS, id, 0, &before);
  return registers.rip == at + 2 ? (long)registers.rax : -EIO;
}

static void set_bases(struct page *page, struct node *node) {
  for (int id = 0; id < clocks; id++) page->map->base[id] = virtual_clock_base(node, id);
}

// Maps a page into the guest and here: a memory file that the guest makes itself.
static struct page *share_page(struct process *process, int memory, uint64_t at, uint64_t stack) {
  const char name[8] = "virtual";
  pid_t id = process->id;
  poke(memory, stack, name, sizeof name);
  long file = inject(id, memory, at, SYS_memfd_create, (long)stack, 1 /* MFD_CLOEXEC */, 0, 0, 0, 0);
  if (file < 0) return NULL;
  struct page *page = NULL;
  int ours = virtual_borrow(process, (int)file);
  void *map = MAP_FAILED;
  if (ours >= 0 && ftruncate(ours, 2 * page_bytes) == 0) {
    map = mmap(NULL, 2 * page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ours, 0);
  }
  if (map != MAP_FAILED) {
    memcpy((uint8_t *)map + page_bytes, __start_cvirtual_guest, __stop_cvirtual_guest - __start_cvirtual_guest);
    long there = inject(id, memory, at, SYS_mmap, PAGE_ADDRESS, 2 * page_bytes, PROT_READ | PROT_WRITE | PROT_EXEC,
                        MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
    if (there == (long)PAGE_ADDRESS && (page = calloc(1, sizeof *page)) != NULL) {
      page->map = map;
      page->users = 1;
    } else {
      munmap(map, 2 * page_bytes);
    }
  }
  if (ours >= 0) close(ours);
  inject(id, memory, at, SYS_close, file, 0, 0, 0, 0, 0);
  return page;
}

void virtual_release_page(struct page *page) {
  if (page == NULL || --page->users > 0) return;
  munmap(page->map, 2 * page_bytes);
  free(page);
}

struct symbols {
  const Elf64_Sym *table;
  const char *names;
  int count;
};

// The dynamic symbols of a vDSO, which is a whole ELF file.
static bool read_symbols(const uint8_t *image, size_t size, struct symbols *found) {
  const Elf64_Ehdr *header = (const void *)image;
  const Elf64_Phdr *programs = (const void *)(image + header->e_phoff);
  const Elf64_Dyn *dynamic = NULL;
  for (int index = 0; index < header->e_phnum; index++) {
    if (programs[index].p_type == PT_DYNAMIC) dynamic = (const void *)(image + programs[index].p_offset);
  }
  const uint32_t *hash = NULL;
  for (; dynamic != NULL && dynamic->d_tag != DT_NULL; dynamic++) {
    if (dynamic->d_un.d_ptr >= size) continue;
    const void *place = image + dynamic->d_un.d_ptr;
    if (dynamic->d_tag == DT_SYMTAB) found->table = place;
    if (dynamic->d_tag == DT_STRTAB) found->names = place;
    if (dynamic->d_tag == DT_HASH) hash = place;
  }
  if (found->table == NULL || found->names == NULL) return false;
  // Linkers that write no such table put the names behind the symbols.
  found->count = hash != NULL ? (int)hash[1] : (int)((const Elf64_Sym *)found->names - found->table);
  return found->count > 0 && found->count < 256;
}

static bool replace_vdso(struct process *process, int memory, uint64_t base, uint64_t stack) {
  static _Thread_local uint8_t image[vdso_bytes_max];
  size_t size = 0;
  while (size < sizeof image && pread(memory, image + size, page_bytes, (off_t)(base + size)) == page_bytes) {
    size += page_bytes;
  }
  struct symbols symbols = {0};
  if (size == 0 || !read_symbols(image, size, &symbols)) return false;
  uint64_t at = 0;
  for (int index = 0; index < symbols.count; index++) {
    const char *name = symbols.names + symbols.table[index].st_name;
    if (strcmp(name, "__vdso_clock_gettime") == 0) at = base + symbols.table[index].st_value;
  }
  if (at == 0 || (process->page = share_page(process, memory, at, stack)) == NULL) return false;
  set_bases(process->page, process->node);
  for (int index = 0; index < symbols.count; index++) {
    const char *name = symbols.names + symbols.table[index].st_name;
    for (size_t place = 0; place < sizeof replacements / sizeof *replacements; place++) {
      if (strcmp(name, replacements[place].name) != 0) continue;
      // movabs rax, code; jmp rax
      uint8_t jump[12] = {0x48, 0xb8, [10] = 0xff, [11] = 0xe0};
      uint64_t code = PAGE_ADDRESS + page_bytes + ((const uint8_t *)replacements[place].code - __start_cvirtual_guest);
      memcpy(jump + 2, &code, sizeof code);
      if (!poke(memory, base + symbols.table[index].st_value, jump, sizeof jump)) return false;
    }
  }
  return true;
}

// A thread has just executed a program: changes what it finds.
void virtual_prepare_program(struct thread *thread) {
  struct process *process = thread->process;
  virtual_run *run = process->node->run;
  virtual_release_page(process->page);
  process->page = NULL;
  int status;
  // At its first stop it is still within execve: what is put into registers there would be lost.
  ptrace(PTRACE_SINGLESTEP, process->id, 0, 0);
  if (virtual_wait(process->id, &status) != process->id || !WIFSTOPPED(status)) return;

  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", process->id);
  int memory = open(path, O_RDWR | O_CLOEXEC);
  struct user_regs_struct registers;
  if (memory < 0 || ptrace(PTRACE_GETREGS, process->id, 0, &registers) != 0) {
    virtual_fail(run, "the memory of n%d can't be reached: %s", process->node->index, strerror(errno));
    if (memory >= 0) close(memory);
    return;
  }
  // The stack: argc, arguments, 0, environment, 0, auxiliary vector.
  uint64_t address = registers.rsp, word = 0;
  virtual_load(process, address, &word, 8);
  address += 8 * (word + 2);
  do {
    if (!virtual_load(process, address, &word, 8)) break;
    address += 8;
  } while (word != 0);
  for (uint64_t entry[2]; virtual_load(process, address, entry, 16) && entry[0] != AT_NULL; address += 16) {
    if (entry[0] == AT_SYSINFO_EHDR) {
      if (run->options.hides_vdso || !replace_vdso(process, memory, entry[1], registers.rsp - 1024)) {
        if (!run->options.hides_vdso) virtual_refuse(run, "the vDSO can't be replaced: every look at a clock is a stop");
        entry[0] = AT_IGNORE;
        virtual_store(process, address, entry, 8);
      }
    } else if (entry[0] == AT_RANDOM) {
      uint64_t seeded[2] = {virtual_draw(&process->random), virtual_draw(&process->random)};
      virtual_store(process, entry[1], seeded, sizeof seeded);
    }
  }
  close(memory);
}
#endif
