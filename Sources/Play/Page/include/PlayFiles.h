#ifndef PLAY_FILES_H
#define PLAY_FILES_H

#include "ReportFiles.h"

/// play.css.
struct page_file play_style(void);

/// play.html: what is in the page's body.
struct page_file play_body(void);

/// stage.js, then play.js.
struct page_file play_script(void);

#endif
