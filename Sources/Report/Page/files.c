// The files of the report's page become part of the program here: one static executable has it all. SwiftPM's own
// `.embedInCode` writes an array literal of each, which takes the Swift compiler a minute for 60 kB.

#include "ReportFiles.h"

// #embed is C23's; clang 19 and later have it in every C.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char style[] = {
#embed "page.css"
};

static const unsigned char script[] = {
#embed "model.js"
    ,
#embed "axis.js"
    ,
#embed "charts.js"
    ,
#embed "spacetime.js"
    ,
#embed "details.js"
    ,
#embed "page.js"
};

struct page_file report_style(void) {
  return (struct page_file){style, sizeof style};
}

struct page_file report_script(void) {
  return (struct page_file){script, sizeof script};
}
