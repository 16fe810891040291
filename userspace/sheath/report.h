/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was negotiated, for people and for programs. */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>
#include <json-c/json.h>

#include "libsheath.h"

void report_text(FILE *out, const struct sheath_hs *hs);
void report_json(struct json_object *obj, const struct sheath_hs *hs);
const char *report_line(struct json_object *obj);
void report_print(FILE *out, struct json_object *obj);
void report_add_string(struct json_object *obj, const char *name, const char *value);
void report_add_number(struct json_object *obj, const char *name, uint64_t value);

#endif /* REPORT_H */
