#ifndef REPORT_FILES_H
#define REPORT_FILES_H

#include <stddef.h>

/// A text that is part of the program.
struct page_file {
  const unsigned char *_Nonnull bytes;
  size_t count;
};

/// page.css.
struct page_file report_style(void);

/// All scripts, in the order in which they need each other.
struct page_file report_script(void);

#endif
