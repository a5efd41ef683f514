// ICU's data, 34 MB of locales and calendars, in place of which the static workbench has none: it formats nothing for a
// language. A program may bring data of its own under ICU's symbol (ICU User Guide, "ICU Data", on stub data); this is
// the smallest that ICU takes: the header of a table of contents by pointers (`ToCP`), and no entry.
//
// NO_LOCALES_SYMBOL is the symbol's name, which has ICU's version in it: icudt76_dat.
#include <stdint.h>

struct header {
  uint16_t header_size;
  uint8_t magic1, magic2;
  uint16_t info_size, reserved;
  uint8_t is_big_endian, charset_family, sizeof_uchar, reserved_byte;
  uint8_t data_format[4], format_version[4], data_version[4];
  uint8_t padding[8];
  uint32_t count, reserved_count;
  uint64_t no_entry[2];
};

const struct header NO_LOCALES_SYMBOL __attribute__((aligned(16))) = {
    .header_size = 32,
    .magic1 = 0xda,
    .magic2 = 0x27,
    .info_size = 20,
    .sizeof_uchar = 2,
    .data_format = {'T', 'o', 'C', 'P'},
    .format_version = {1, 0, 0, 0},
};
