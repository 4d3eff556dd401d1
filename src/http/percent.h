/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Decodes the percent escapes of a part of a URL (RFC 3986, 2.1) in place; it only gets shorter.
 * Returns NULL, or what is wrong with it as the end of a sentence that begins with "it has".
 */
const char *percent_decode(char *s);
