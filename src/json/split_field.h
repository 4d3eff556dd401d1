/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/spec.h"
#include "json/field_store.h"

/* The member `split`: "auto", or the ratios, of which only the proportions count. */

/* Returns as those of field_store.h. The place is a SpecSplit that says nothing yet. */
int store_split(const Target *t, json_object *value);

/* What store_split() makes an equal one of; one without a split is left out. */
void write_split(Builder *b, const char *name, const SpecSplit *split);
