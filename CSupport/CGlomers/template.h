/*
 * Lines that were read, as templates for the next ones: those of a client, a peer, a kind of message are mostly alike but
 * for a few values of the same length. A line that differs from a template in nothing but the insides of plain strings and
 * the digits of numbers has the template's tape; only those values are read. What is accepted is what the parser would
 * accept, with the same tape: everything else is the same bytes, and each value that differs is scanned as the parser does.
 * So may keys differ, but not those of a message and its body, of which others depend.
 */
#ifndef GLOMERS_TEMPLATE_H
#define GLOMERS_TEMPLATE_H

#include "glomers_tape.h"

/* Whether a template fits the line. It is then on the tape. */
bool glomers_templates_read(glomers_tape *tape, const uint8_t *line, size_t length);

/* Makes a template of the line that was parsed, if it is short. */
void glomers_templates_keep(glomers_tape *tape);

/* Bytes held from malloc for templates. */
size_t glomers_templates_reserved(const glomers_tape *tape);

/* Objects of up to this many members are searched key by key. */
#define GLOMERS_FEW_MEMBERS 12

/* Whether no key of an object of few members comes twice. */
bool glomers_few_are_distinct(const uint8_t *text, const glomers_token *tokens, uint32_t object);

/* Finds what every message has. False where the line on the tape is no message. Leaves `place` and `new_names`. */
bool glomers_find_header(const glomers_tape *tape, glomers_header *header);

#endif
