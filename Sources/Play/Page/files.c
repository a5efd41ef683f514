// The files of the playground's page become part of the program here, as the report's do.

#include "PlayFiles.h"

// #embed is C23's; clang 19 and later have it in every C.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char style[] = {
#embed "play.css"
};

static const unsigned char body[] = {
#embed "play.html"
};

static const unsigned char script[] = {
#embed "stage.js"
    ,
#embed "play.js"
};

struct page_file play_style(void) {
  return (struct page_file){style, sizeof style};
}

struct page_file play_body(void) {
  return (struct page_file){body, sizeof body};
}

struct page_file play_script(void) {
  return (struct page_file){script, sizeof script};
}
