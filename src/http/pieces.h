/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/stream.h"
#include "manager/api.h"

/*
 * An answer that may be so long that nobody else should have to wait until all of it is written: it
 * is written in pieces, as the client takes them. A piece tells of what is there by then.
 */

typedef struct PieceStream PieceStream;

typedef struct PieceType {
    const char *content_type; /* lives as long as the program */
    size_t size;              /* of the struct that the PieceStream is the first member of */
    bool reads_pools;         /* each piece is written inside of the shared registry lock */
    /* Appends what comes next, until `text` has `size` bytes or a few more, but something. Returns
     * whether that was all. */
    bool (*write)(PieceStream *p, size_t size, Text *text);
} PieceType;

/* The first member of what a PieceType stands for; the others begin as zeroes, and own nothing. */
struct PieceStream {
    HttpStream stream;
    const PieceType *type;
    Text text;            /* a piece of it, */
    size_t sent;          /* of which so much is sent */
    bool all;             /* it is the last */
    AccessWaiter *access; /* NULL: the registry lock is not waited for */
};

/* Answers the request, with a length when it is one piece. Where the type reads pools, it is called
 * inside of the lock. */
void answer_in_pieces(HttpRequest *request, const PieceType *type);
